"""Asks one operation on every face, and finds the same answer or the same error.

For any catalogue: `assert_same_everywhere(faces, operation, asked)` needs a served house and a way to open another one
on the same folder. What differs by nature (ids, times, evidence numbers) is masked before comparing.
"""

from __future__ import annotations

import asyncio
import base64
import json
import re
import tempfile
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from typer.testing import CliRunner

from assay.faces.cli.app import build as build_cli
from assay.faces.fields import fields_of
from assay.faces.mcp.server import make
from assay.faces.tools import tool_name
from assay.kernel.house import House
from assay.kernel.operation import Operation
from assay.kernel.values import Camel
from assay.ports.secret import Secret
from faces.grpc.client import Client as GrpcClient
from faces.grpc.client import Refusal
from faces.spoken import SPOKEN, as_texts, message_of

Question = Mapping[str, Any]
Outcome = tuple[str, Any]
"""("answer", JSON), ("items", [JSON]) or ("error", {code, message, details})."""

_VOLATILE = re.compile(r"_at$|^at$|_ms$|^(trace_id|timestamp|digest|mac|sequence|before|after|session|token)$")
_ID = re.compile(r"\b(?:[a-z]{1,4}_[0-9a-f]{8,}|E-\d+)\b")


@dataclass(frozen=True)
class Faces:
    """How to reach one house on every face."""

    url: str
    open_house: Callable[[Secret], AbstractAsyncContextManager[tuple[House, Secret]]]
    """Opens a house on the same folder, as the command line does."""
    grpc_address: str | None = None
    """Where the gRPC services are, if there are any."""

    def ask(self, operation: Operation, asked: Callable[[], Question], credential: Secret) -> dict[str, Outcome]:
        """Ask on every face that carries the operation, a fresh question each."""
        outcomes = {"rest": self.rest(operation, asked(), credential)}
        if expressible(operation, asked()):
            outcomes["cli"] = self.cli(operation, asked(), credential)
        if operation.rpc is not None and self.grpc_address and (message := message_of(operation.name, asked())):
            outcomes["grpc"] = self.grpc(operation, *message, credential)
        if operation.when is not None:
            outcomes["mcp over http"] = asyncio.run(self._mcp_http(operation, asked(), credential))
            outcomes["mcp in memory"] = asyncio.run(self._mcp_memory(operation, asked(), credential))
        return outcomes

    def rest(self, operation: Operation, asked: Question, credential: Secret) -> Outcome:
        """Ask over a real socket."""
        rest = {name: _plain(value) for name, value in asked.items() if name not in operation.http.fields}
        path = re.sub(r"{(\w+)}", lambda m: quote(str(asked.get(m[1], "none")), safe=""), operation.http.path)
        headers = {"authorization": f"Bearer {credential.reveal()}", "prefer": "wait=60"}
        more: dict[str, Any] = {}
        if operation.http.method in ("PUT", "DELETE") and "version" in rest:
            headers["if-match"] = f'"{rest.pop("version")}"'
        if operation.http.method in ("GET", "DELETE"):
            more["params"] = {name: value for name, value in rest.items() if value is not None}
        else:
            more["json"] = rest
        with httpx.Client(base_url=self.url, timeout=90, verify=False) as client:
            if operation.effect == "stream":
                return _events(client, path, headers, more)
            answer = client.request(operation.http.method, path, headers=headers, **more)
        body = answer.json()
        return ("error", _error(body)) if answer.status_code >= 400 else ("answer", _own_names(operation, body))

    def grpc(
        self, operation: Operation, message: Any, said: tuple[tuple[str, str], ...], credential: Secret
    ) -> Outcome:
        """Ask over a real socket; an answer has the fields that its message has a place for, details are texts."""
        assert operation.rpc is not None
        with GrpcClient(self.grpc_address, credential.reveal()) as client:
            done = client.begin(operation.rpc, message, *said)
            if (fault := done.exception()) is None:
                return "answer", SPOKEN[operation.name][1](done.result())
        refusal = Refusal(fault)
        details = {name: text for name, text in refusal.details.items() if name not in ("trace_id", "suggestions")}
        return "error", {"code": refusal.reason, "message": refusal.message, "details": details}

    def cli(self, operation: Operation, asked: Question, credential: Secret) -> Outcome:
        """Ask as a command, in this process."""
        with tempfile.TemporaryDirectory() as folder:
            arguments = [
                operation.room,
                operation.verb.replace("_", "-"),
                *_arguments(operation, asked, Path(folder)),
                "--json",
            ]
            from_catalogue = build_cli(self._catalogue(), lambda: self.open_house(credential))
            result = CliRunner().invoke(from_catalogue, arguments, catch_exceptions=False)
        if result.exit_code != 0:
            last = result.stderr.strip().splitlines()[-1]
            assert last.startswith("{"), result.stderr
            return "error", _error(json.loads(last))
        lines = [json.loads(line) for line in result.stdout.splitlines()]
        return ("items", lines) if operation.effect == "stream" else ("answer", lines[0])

    def _catalogue(self) -> Any:
        async def look() -> Any:
            async with self.open_house(Secret("")) as (house, _):
                return house.catalogue

        found = _CATALOGUES.get(self.url)
        if found is None:
            found = _CATALOGUES[self.url] = asyncio.run(look())
        return found

    async def _mcp_http(self, operation: Operation, asked: Question, credential: Secret) -> Outcome:
        headers = {"authorization": f"Bearer {credential.reveal()}"}
        async with httpx2.AsyncClient(headers=headers, timeout=60, verify=False) as http:
            transport = streamable_http_client(f"{self.url}/mcp", http_client=http)
            try:
                async with Client(transport) as client:
                    return await _call(client, operation, asked)
            except BaseExceptionGroup as group:  # a refused connection: the status says what call would have said
                refused = await http.post(f"{self.url}/mcp", json={})
                if refused.status_code >= 400 and "error" in refused.json() and "details" in refused.json()["error"]:
                    return "error", _error(refused.json())
                raise group from None
            except Exception:
                refused = await http.post(f"{self.url}/mcp", json={})
                if refused.status_code != 401:
                    raise
                return "error", _error(refused.json())

    async def _mcp_memory(self, operation: Operation, asked: Question, credential: Secret) -> Outcome:
        async with (
            self.open_house(credential) as (house, shown),
            Client(make(house, lambda _: shown), mode="legacy") as client,
        ):
            return await _call(client, operation, asked)


_CATALOGUES: dict[str, Any] = {}


async def _call(client: Client, operation: Operation, asked: Question) -> Outcome:
    arguments = {name: _plain(value) for name, value in asked.items()}
    result = await client.call_tool(tool_name(operation), arguments)
    if result.is_error:
        return "error", _error(result.structured_content)
    if operation.effect == "stream":
        assert result.structured_content["ended"]
        return "items", result.structured_content["items"]
    return "answer", result.structured_content


def _events(client: httpx.Client, path: str, headers: dict[str, str], more: dict[str, Any]) -> Outcome:
    items: list[Any] = []
    with client.stream("GET", path, headers=headers, **more) as answer:
        if answer.status_code >= 400:
            return "error", _error(json.loads(answer.read()))
        name = ""
        for line in answer.iter_lines():
            if line.startswith("event: "):
                name = line[7:]
            elif line.startswith("data: "):
                data = json.loads(line[6:])
                if name == "error":
                    return "error", _error(data)
                if name != "end" or data:
                    items.append(data)
    return "items", items


def _own_names(operation: Operation, body: Any) -> Any:
    """What REST said in camelCase, by the names of the other faces; any other spelling of it is an error here."""
    if not (isinstance(operation.answers, type) and issubclass(operation.answers, Camel)):
        return body
    answer = operation.answer.validate_python(body, by_alias=True, by_name=False, strict=False)
    return operation.answer.dump_python(answer, mode="json")


def _plain(value: Any) -> Any:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def _error(body: Any) -> dict[str, Any]:
    assert set(body) == {"error"} and set(body["error"]) == {
        "code",
        "message",
        "details",
        "suggestions",
        "trace_id",
        "timestamp",
    }, body
    return {name: body["error"][name] for name in ("code", "message", "details")}


def expressible(operation: Operation, asked: Question) -> bool:
    """Whether a command line can say it: no unknown field, no null in a list."""
    known = fields_of(operation.asks)
    return all(name in known and not (isinstance(value, list) and None in value) for name, value in asked.items())


def _arguments(operation: Operation, asked: Question, folder: Path) -> list[str]:
    made: list[str] = []
    for name, field in fields_of(operation.asks).items():
        if name not in asked or asked[name] is None:
            continue
        value, option = asked[name], f"--{name.replace('_', '-')}"
        if name in operation.http.fields:
            made = [*(["--"] if str(value).startswith("-") else []), str(value), *made]
        elif field.kind == "flag" and isinstance(value, bool):
            made.append(option if value else f"--no-{name.replace('_', '-')}")
        elif field.kind == "upload":
            file = folder / name
            file.write_bytes(value)
            made += [option, str(file)]
        elif field.kind == "json":
            made += [option, json.dumps(value)]
        elif isinstance(value, list | tuple):
            made += [part for one in value for part in (option, str(one))]
        else:
            made += [option, str(value)]
    return made


def masked(value: Any) -> Any:
    """Take out what differs by nature: times, durations, ids that were just made."""
    if isinstance(value, dict):
        return {name: "…" if _VOLATILE.search(name) else masked(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [masked(inner) for inner in value]
    return _ID.sub("…", value) if isinstance(value, str) else value


def assert_same_everywhere(
    faces: Faces,
    operation: Operation,
    asked: Question | Callable[[], Question],
    credential: Secret,
    *,
    same: Callable[[Any], Any] = masked,
) -> Outcome:
    """Ask on every face; fail unless all find the same answer or the same error. Returns what they found.

    Args:
        asked: a question, or something that makes a fresh one for each face (a change can be asked once only).
        same: takes out of an answer what differs by nature.
    """
    ask = asked if callable(asked) else lambda: asked
    outcomes = faces.ask(operation, ask, credential)
    first = outcomes["rest"]
    for face, outcome in outcomes.items():
        expected = _in_grpc(first, outcome) if face == "grpc" else first
        assert (outcome[0], same(outcome[1])) == (expected[0], same(expected[1])), (
            f"{operation.name}: {face} differs from rest"
        )
    return first


def _in_grpc(first: Outcome, said: Outcome) -> Outcome:
    kind, value = first
    if kind == "error":
        return kind, {**value, "details": as_texts(value["details"])}
    return kind, {name: value[name] for name in said[1]}
