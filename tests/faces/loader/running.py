"""atest-store-ai as a host runs it: an executable in a folder, its socket, and a gRPC client that knows atest only."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import grpc
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from assay.wire import loader_pb2, server_pb2
from wire.written import messages, old

ROOT = Path(__file__).parents[3]
SERVICE = loader_pb2.DESCRIPTOR.services_by_name["Loader"]
ATEST = old()
"""The messages as atest has them, none of our fields in them."""
OURS = {name: GetMessageClass(descriptor) for name, descriptor in messages().items()}
_CHANNEL = [
    ("grpc.default_authority", "localhost"),
    *((f"grpc.{name}_reconnect_backoff_ms", 50) for name in ("initial", "min", "max")),
]


def executable(folder: Path) -> Path:
    """The console script that an installation would make, by what pyproject.toml says."""
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    module, _, function = scripts["atest-store-ai"].partition(":")
    file = folder / "atest-store-ai"
    file.write_text(f"#!{sys.executable}\nimport sys\nfrom {module} import {function}\nsys.exit({function}())\n")
    file.chmod(0o755)
    return file


class Plugin:
    """One process of it, killed at the end if need be."""

    def __init__(self, folder: Path, *flags: str, home: Path | None = None, **environment: str) -> None:
        self.folder = folder
        self.socket = folder / "s.sock"
        taken = {"ASSAY_HOME": str(home or folder / "home"), "PYTHONPATH": os.pathsep.join(sys.path)}
        self.process = subprocess.Popen(
            [str(executable(folder)), *flags], env={**os.environ, **taken, **environment}, text=True,
            stdout=subprocess.PIPE, stderr=(folder / "log").open("w"),
        )  # fmt: skip
        self._channels: list[grpc.Channel] = []

    def __enter__(self) -> Plugin:
        return self

    def __exit__(self, *_: object) -> None:
        for channel in self._channels:
            channel.close()
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()

    @property
    def log(self) -> str:
        """What it wrote to standard error."""
        return (self.folder / "log").read_text()

    def says(self) -> str:
        """The first line that it prints."""
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Tell it to stop, and wait; return its exit status."""
        self.process.send_signal(how)
        return self.process.wait(60)

    def channel(self, address: str | None = None) -> grpc.Channel:
        """A connection, to its socket unless told otherwise."""
        channel = grpc.insecure_channel(address or f"unix://{self.socket}", options=_CHANNEL)
        self._channels.append(channel)
        return channel


class Host:
    """What atest does with a plugin, for one store: every call carries it as metadata."""

    def __init__(self, channel: grpc.Channel, **store: str) -> None:
        self._channel = channel
        self.metadata: list[tuple[str, str | bytes]] = [
            (name.replace("__", "."), value) for name, value in {"name": "ai", **store}.items()
        ]

    def call(self, method: str, *, messages: Mapping[str, type[Message]] = ATEST, **fields: Any) -> Any:
        """Call a method with the messages of atest; wait for the process, and as long as it asks to be left alone."""
        while True:
            try:
                return self.once(method, messages=messages, **fields)
            except grpc.RpcError as error:
                told: Any = error
                if told.code() is not grpc.StatusCode.RESOURCE_EXHAUSTED:
                    raise
                time.sleep(float(dict(told.trailing_metadata())["retry-after"]))

    def once(self, method: str, *, messages: Mapping[str, type[Message]] = ATEST, **fields: Any) -> Any:
        """The same, but being asked to leave it alone is an error."""
        shape = SERVICE.methods_by_name[method]
        asks, answers = messages[shape.input_type.full_name], messages[shape.output_type.full_name]
        ask = self._channel.unary_unary(
            f"/remote.Loader/{method}", request_serializer=asks.SerializeToString,
            response_deserializer=answers.FromString,
        )  # fmt: skip
        return ask(asks(**fields), timeout=60, metadata=self.metadata, wait_for_ready=True)

    def query(self, key: str, body: Mapping[str, Any] | str = "", **fields: Any) -> dict[str, str]:
        """Query by a key, as atest does, and return the pairs; none is there twice."""
        sql = body if isinstance(body, str) else json.dumps(body)
        reply = self.call("Query", key=key, sql=sql, **fields)
        said = {pair.key: pair.value for pair in reply.data}
        assert len(said) == len(reply.data)
        return said

    def ours(self, **fields: Any) -> server_pb2.DataQueryResult:
        """Query with our own fields, and return the whole reply."""
        return self.call("Query", messages=OURS, **fields)


def refusal(run: Any) -> tuple[grpc.StatusCode, str, str]:
    """The status that a call ends with: its code, its words, and our code of the error."""
    try:
        run()
    except grpc.RpcError as error:
        ended: Any = error
        return ended.code(), ended.details(), str(dict(ended.trailing_metadata()).get("error-code", ""))
    raise AssertionError("it was answered")
