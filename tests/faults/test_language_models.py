"""A model's server that hangs, trickles, lies or sends us elsewhere costs its deadline, no more, and opens nothing."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

from assay.adapters.language_models import wire
from assay.adapters.language_models.anthropic import AnthropicModel
from assay.adapters.language_models.endpoint import Endpoint, always
from assay.adapters.language_models.openai import DEEPSEEK, OPENAI, OpenAiModel, azure
from assay.ports.deadline import Deadline
from assay.ports.errors import AssayError, Invalid, Limited, TimedOut, Unavailable
from assay.ports.language_model import Instruction, LanguageModel, Message, Prompt, Reply
from assay.ports.secret import Secret
from doubles.model_server import Act, Handler, Server, said
from trial.house import until

SQL = {"type": "object", "properties": {"sql": {"type": "string"}}, "required": ["sql"], "additionalProperties": False}
PROMPT = Prompt(Instruction("Answer."), (Message("user", "how many?"),), schema=SQL)
PLAIN = Prompt(Instruction("Answer."), (Message("user", "how many?"),))
KEY = Secret("sk-a-key-of-nobody-123456")
WITHIN_S, GRACE_S = 0.4, 0.5
"""A deadline, and how much later everything has to be over."""
BOTH = pytest.mark.parametrize("protocol", ["openai", "anthropic"])


def over(protocol: str, url: str, *, private: bool = False) -> LanguageModel:
    if protocol == "openai":
        return OpenAiModel(Endpoint(f"{url}/v1", always(KEY), private=private), "m")
    return AnthropicModel(Endpoint(url, always(KEY), key_header="x-api-key", private=private), "m")


async def last(model: LanguageModel, prompt: Prompt, deadline: Deadline) -> Reply:
    """The reply at the end of a stream."""
    pieces = [piece async for piece in model.stream(prompt, deadline)]
    assert isinstance(pieces[-1], Reply)
    return pieces[-1]


def ask(act: Act, protocol: str, prompt: Prompt = PROMPT, *, stream: bool = False, within: float = 20) -> Any:
    """What comes back from a server that acts like this: a reply, or the error; and what the server saw."""

    async def whole() -> Any:
        with Server(act) as server:
            model = over(protocol, server.url)
            call = last(model, prompt, Deadline.after(within)) if stream else model.complete(
                prompt, Deadline.after(within)
            )  # fmt: skip
            try:
                return await call, server
            except AssayError as error:
                assert KEY.reveal() not in f"{error.message} {error.details}"
                return error, server
            finally:
                await model.close()

    return asyncio.run(whole())


def hang(handler: Handler, body: dict[str, Any]) -> None:
    handler.wait()


def hang_after_the_head(handler: Handler, body: dict[str, Any]) -> None:
    handler.begin("text/event-stream" if body.get("stream") else "application/json")
    handler.wait()


def trickle(handler: Handler, body: dict[str, Any]) -> None:
    handler.begin("text/event-stream" if body.get("stream") else "application/json")
    handler.trickle(b": still there\n\n" if body.get("stream") else b" ")


def trickle_a_head(handler: Handler, body: dict[str, Any]) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    handler.trickle(b"x-more: 1\r\n")


def promise_more_than_comes(handler: Handler, body: dict[str, Any]) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 9000\r\n\r\n{")
    handler.wfile.flush()
    handler.wait()


@BOTH
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("act", [hang, hang_after_the_head, trickle, trickle_a_head, promise_more_than_comes])
def test_a_server_that_does_not_come_to_an_end_costs_its_deadline(act: Act, protocol: str, stream: bool) -> None:
    async def whole() -> None:
        with Server(act) as server:
            model = over(protocol, server.url)
            loop = asyncio.get_running_loop()
            began = loop.time()
            with pytest.raises((TimedOut, Unavailable)):
                deadline = Deadline.after(WITHIN_S)
                await (last(model, PROMPT, deadline) if stream else model.complete(PROMPT, deadline))
            await model.close()
            assert loop.time() - began < WITHIN_S + GRACE_S
            assert len(server.seen) == 1

    asyncio.run(whole())


def giving(body: str, **more: Any) -> Act:
    return lambda handler, _: handler.give(body, **more)


def tool(**input: Any) -> str:
    content = [{"type": "tool_use", "id": "t", "name": "answer", "input": input}]
    return json.dumps({"model": "double", "content": content, "stop_reason": "tool_use"})


HALF = json.dumps({"sql": "SELECT 1 FROM users"})[:-6]
LIES = {
    "prose": (giving(said("Sure! You could run DROP TABLE users.")), "not JSON"),
    "fenced": (giving(said('```json\n{"sql": "SELECT 1"}\n```')), "not JSON"),
    "half an answer": (giving(said(HALF)), "not JSON"),
    "two answers": (giving(said('{"sql": "SELECT 1"}{"sql": "DROP TABLE users"}')), "not JSON"),
    "a list": (giving(said('["SELECT 1"]')), "no JSON object"),
    "the wrong type": (giving(said('{"sql": 7}')), "fit the schema"),
    "too much": (giving(said('{"sql": "SELECT 1", "run": true}')), "fit the schema"),
    "too little": (giving(said("{}")), "fit the schema"),
    "deep": (giving(said("[" * 100_000)), "not JSON"),
    "an unknown tool": (
        giving(json.dumps({"choices": [{"message": {"tool_calls": [{"function": {"name": "rm"}}]}}]})),
        "was not given",
    ),
    "half a response": (giving(said("{}")[:40]), "does not speak the protocol"),
    "no response": (giving(""), "does not speak the protocol"),
    "a page": (giving("<html>", kind="text/html"), "does not speak the protocol"),
    "nothing in it": (giving("{}"), "does not speak the protocol"),
    "nulls": (giving('{"choices": [null], "usage": null}'), "not JSON"),
    "compressed": (giving(b"\x1f\x8b", content_encoding="gzip"), "compressed"),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("case", LIES)
def test_an_answer_that_is_not_what_was_asked_for_is_an_error_that_says_so(case: str) -> None:
    act, says = LIES[case]
    error, _ = ask(act, "openai")
    assert isinstance(error, Invalid | Unavailable) and says in error.message
    assert "DROP" not in f"{error.message} {error.details}"


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (tool(sql=7), "fit the schema"),
        (tool(), "fit the schema"),
        (json.dumps({"content": [{"type": "text", "text": "DROP TABLE users"}]}), "not JSON"),
        (json.dumps({"content": "SELECT 1"}), "does not speak the protocol"),
        (json.dumps({"content": [], "stop_reason": "refusal"}), "refused"),
        (json.dumps({"content": [], "stop_reason": "max_tokens"}), "cut off"),
    ],
)
def test_the_same_over_the_messages_protocol(body: str, says: str) -> None:
    error, _ = ask(giving(body), "anthropic")
    assert isinstance(error, Invalid | Unavailable) and says in error.message


def test_tokens_that_a_server_does_not_count_are_estimated_and_marked() -> None:
    reply, _ = ask(
        giving(said('{"sql": "SELECT 1"}', usage={"prompt_tokens": -4, "completion_tokens": "many"})), "openai"
    )
    assert not reply.usage.counted and reply.usage.prompt > 0 and reply.usage.completion > 0
    reply, _ = ask(giving(tool(sql="SELECT 1")), "anthropic")
    assert reply.value == {"sql": "SELECT 1"} and not reply.usage.counted


@BOTH
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_a_body_without_end_is_read_up_to_its_limit(protocol: str, stream: bool) -> None:
    sent = 0

    def flood(handler: Handler, body: dict[str, Any]) -> None:
        nonlocal sent
        handler.begin("text/event-stream" if stream else "application/json")
        while not handler.server.stopped.is_set():
            handler.wfile.write(b" " * 65_536)
            sent += 65_536

    error, _ = ask(flood, protocol, stream=stream, within=30)
    assert isinstance(error, Unavailable) and "longer than" in error.message
    assert sent < 4 * wire.MOST_BYTES


@BOTH
@pytest.mark.parametrize(
    "events",
    ["data: {\n\n", "data: 7\n\n", 'data: {"error": {"message": "overloaded"}}\n\n', "data: [DONE]\n\n", "", "prose\n"],
)
def test_a_stream_that_breaks_off_or_is_none_is_an_error(protocol: str, events: str) -> None:
    error, _ = ask(giving(events, kind="text/event-stream"), protocol, stream=True)
    assert isinstance(error, Unavailable)
    error, _ = ask(giving(said("{}")), protocol, stream=True)
    assert isinstance(error, Unavailable) and "stream" in error.message


class Busy:
    """Refuses so many times, then answers."""

    def __init__(self, times: int, status: int, **headers: str) -> None:
        self.left, self.status, self.headers = times, status, headers

    def __call__(self, handler: Handler, body: dict[str, Any]) -> None:
        self.left -= 1
        if self.left >= 0:
            words = {"error": {"message": f"slow down, Bearer {KEY.reveal()} and sk-proj-abcdefgh1234"}}
            handler.give(json.dumps(words), self.status, **self.headers)
        else:
            handler.give(said('{"sql": "SELECT 1"}'))


@pytest.mark.parametrize("status", [408, 429, 500, 503, 529])
def test_what_may_help_is_tried_again_when_the_server_says_so(status: int) -> None:
    reply, server = ask(Busy(2, status, retry_after="0.05"), "openai")
    assert reply.value == {"sql": "SELECT 1"} and len(server.seen) == 3


@pytest.mark.parametrize(("status", "kind"), [(400, Invalid), (401, Unavailable), (404, Invalid), (501, Unavailable)])
def test_what_cannot_help_is_not_tried_again_and_the_reason_is_kept_without_keys(
    status: int, kind: type[AssayError]
) -> None:
    error, server = ask(Busy(9, status), "openai")
    assert type(error) is kind and len(server.seen) == 1
    assert "slow down" in error.details["says"] and "abcdefgh1234" not in error.details["says"]


def test_a_wait_that_is_longer_than_the_deadline_is_not_begun() -> None:
    error, server = ask(Busy(9, 429, retry_after="120"), "openai", within=5)
    assert isinstance(error, Limited) and error.retry_after == 120 and len(server.seen) == 1
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    error, server = ask(Busy(9, 429, retry_after=later), "openai", within=5)
    assert isinstance(error, Limited) and 60 < error.retry_after <= 90 and len(server.seen) == 1


def test_a_redirect_is_not_followed_and_the_key_stays_where_it_belongs() -> None:
    with Server(giving(said("{}"))) as elsewhere:
        for status in (301, 302, 307, 308):
            error, _ = ask(giving("", status=status, location=f"{elsewhere.url}/v1/chat/completions"), "openai")
            assert isinstance(error, Unavailable) and "redirects" in error.message
        assert elsewhere.seen == []


def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with Server(giving(said("{}"))) as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.delenv("NO_PROXY", raising=False)
        reply, server = ask(giving(said('{"sql": "SELECT 1"}')), "openai")
        assert reply.value and len(server.seen) == 1 and proxy.seen == []


@pytest.mark.parametrize(
    "url",
    ["https://api.openai.com/v1", "http://10.0.0.7:8000", "http://0.0.0.0:8000", "http://[::]:80", "http://127.0.0.1.nip.io",
     "http://[::ffff:8.8.8.8]/", "http://localhost.example.com", "http://2130706433.example"],
)  # fmt: skip
def test_in_privacy_mode_no_address_off_this_machine_is_taken(url: str) -> None:
    with pytest.raises(Invalid, match="privacy mode"):
        Endpoint(url, private=True)
    Endpoint(url)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1", "http://127.8.9.1", "http://[::1]:8000/v1", "http://localhost:11434"]
)
def test_in_privacy_mode_this_machine_is(url: str) -> None:
    assert Endpoint(url, private=True).on_loopback


@pytest.mark.parametrize(
    "url", ["", "api.openai.com", "file:///etc/passwd", "http://u:p@h/", "http://h/?key=1", "http://h:x"]
)
def test_an_address_that_is_none_is_named_by_its_setting(url: str) -> None:
    with pytest.raises(Invalid, match="AI_ENDPOINT"):
        Endpoint(url)


def test_in_privacy_mode_a_name_that_leads_elsewhere_is_refused_when_it_is_resolved(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real: Callable[..., Any] = socket.getaddrinfo

    def poisoned(host: str, *args: Any, **more: Any) -> Any:
        found = real(host, *args, **more)
        return [*found, (*found[0][:4], ("192.0.2.1", found[0][4][1]))] if host == "localhost" else found

    monkeypatch.setattr(socket, "getaddrinfo", poisoned)

    async def whole() -> None:
        with Server(giving(said("{}"))) as server:
            model = over("openai", server.url.replace("127.0.0.1", "localhost"), private=True)
            with pytest.raises(Unavailable, match="leads off this machine"):
                await model.complete(PROMPT, Deadline.after(5))
            assert server.seen == []
            await model.close()

    asyncio.run(whole())


def test_nobody_at_the_address_is_said_in_one_sentence() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    async def whole() -> None:
        model = over("openai", f"http://127.0.0.1:{port}")
        with pytest.raises(Unavailable, match="does not take the connection"):
            await model.complete(PROMPT, Deadline.after(5))
        await model.close()

    asyncio.run(whole())


def certified(file: Path, name: str) -> None:
    """Write a certificate for a name, and its key."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = x509.CertificateBuilder(subject, subject, key.public_key(), 1, now - timedelta(1), now + timedelta(1))
    made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    made = made.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.write_bytes(made.sign(key, SHA256()).public_bytes(serialization.Encoding.PEM) + key.private_bytes(*form))


@pytest.mark.parametrize(("name", "trusted"), [("localhost", True), ("other.test", True), ("localhost", False)])
def test_a_certificate_is_checked_for_the_name_though_an_address_is_connected_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, trusted: bool
) -> None:
    certified(tmp_path / "server.pem", name)
    certified(tmp_path / "another.pem", name)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / ("server.pem" if trusted else "another.pem")))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem")

    async def whole() -> None:
        with Server(giving(said('{"sql": "SELECT 1"}'))) as server:
            server.socket = context.wrap_socket(server.socket, server_side=True)
            model = over("openai", f"https://localhost:{server.server_address[1]}")
            if trusted and name == "localhost":
                assert (await model.complete(PROMPT, Deadline.after(10))).value
            else:
                with pytest.raises(Unavailable, match="certificate"):
                    await model.complete(PROMPT, Deadline.after(10))
                assert server.seen == [], "nothing was said, the key least of all"
            await model.close()

    asyncio.run(whole())


def sent(model: Callable[[str], LanguageModel], prompt: Prompt) -> Any:
    """The one request that a model sends."""

    async def whole() -> Any:
        with Server(giving(said('{"sql": "SELECT 1"}'))) as server:
            it = model(server.url)
            await it.complete(prompt, Deadline.after(10))
            await it.close()
            return server.seen[0]

    return asyncio.run(whole())


def test_each_provider_gets_its_own_words() -> None:
    plain = sent(lambda url: OpenAiModel(Endpoint(f"{url}/v1", always(KEY)), "m"), PROMPT)
    assert plain.body["max_tokens"] == 1_024 and "max_completion_tokens" not in plain.body
    assert plain.body["response_format"]["json_schema"]["schema"] == SQL
    assert plain.headers["authorization"] == f"Bearer {KEY.reveal()}"
    warm = Prompt(PROMPT.instruction, PROMPT.messages, schema=SQL, temperature=0.1)
    newer = sent(lambda url: OpenAiModel(Endpoint(url, always(KEY)), "gpt-5-mini", OPENAI), warm)
    assert newer.body["max_completion_tokens"] == 1_024 and not {"max_tokens", "temperature"} & set(newer.body)
    older = sent(lambda url: OpenAiModel(Endpoint(url, always(KEY)), "gpt-4o", OPENAI), warm)
    assert older.body["temperature"] == 0.1
    seek = sent(lambda url: OpenAiModel(Endpoint(url, always(KEY)), "m", DEEPSEEK), PROMPT)
    assert seek.body["response_format"] == {"type": "json_object"} and "schema" in seek.body["messages"][-1]["content"]
    cloud = sent(
        lambda url: OpenAiModel(
            Endpoint(url, always(KEY), key_header="api-key"), "d", azure("my deployment", "2024-10-21")
        ),
        PROMPT,
    )
    assert cloud.path == "/openai/deployments/my%20deployment/chat/completions?api-version=2024-10-21"
    assert cloud.headers["api-key"] == KEY.reveal() and "authorization" not in cloud.headers


@BOTH
def test_the_system_role_holds_the_instruction_and_nothing_else(protocol: str) -> None:
    _, server = ask(giving(said('{"sql": "SELECT 1"}') if protocol == "openai" else tool(sql="x")), protocol)
    body = server.seen[0].body
    if protocol == "openai":
        assert [one["content"] for one in body["messages"] if one["role"] == "system"] == [PROMPT.instruction.text]
    else:
        assert body["system"] == PROMPT.instruction.text and {one["role"] for one in body["messages"]} == {"user"}


def test_who_waits_and_is_cancelled_leaves_at_once() -> None:
    async def whole() -> None:
        with Server(hang) as server:
            model = over("openai", server.url)
            waiting = asyncio.create_task(model.complete(PLAIN, Deadline.after(60)))

            async def asked() -> bool:
                return bool(server.seen)

            await until(asked)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asyncio.wait_for(waiting, 5)
            await model.close()

    asyncio.run(whole())
