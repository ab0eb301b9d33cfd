"""What a language model's adapter promises, over both protocols, against a real llama.cpp server."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from assay.adapters.language_models.anthropic import AnthropicModel
from assay.adapters.language_models.endpoint import Endpoint, always
from assay.adapters.language_models.local import LocalModel
from assay.adapters.language_models.openai import OllamaModel, OpenAiModel
from assay.adapters.processes.children import Children
from assay.ports.deadline import Deadline
from assay.ports.errors import AssayError, Invalid, TimedOut, Unavailable
from assay.ports.language_model import Delta, Instruction, LanguageModel, Message, Prompt, Reply, Tool
from assay.ports.secret import Secret
from doubles import tiny_gguf
from doubles.model_server import Handler, Server
from trial.house import until

ORDER = {
    "type": "object",
    "properties": {"urgent": {"type": "boolean"}, "size": {"enum": ["small", "large"]}},
    "required": ["urgent", "size"],
    "additionalProperties": False,
}
ORDERING = Instruction("Say which order is meant.")
BOTH = pytest.mark.parametrize("protocol", ["openai", "anthropic"])


def prompt(words: str = "two red lamps", **more: Any) -> Prompt:
    return Prompt(ORDERING, (Message("user", words),), **{"max_tokens": 400, "seed": 3, **more})


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_gguf.write(tmp_path_factory.mktemp("model") / "tiny.gguf")


class Served:
    """The tiny model in a child process, and adapters for both of its protocols."""

    def __init__(self, local: LocalModel, url: str, key: Secret) -> None:
        self.local, self.url, self.key = local, url, key

    def over(self, protocol: str, key: Secret | None = None) -> LanguageModel:
        key = key or self.key
        if protocol == "openai":
            return OpenAiModel(Endpoint(f"{self.url}/v1", always(key)), "tiny.gguf")
        return AnthropicModel(Endpoint(self.url, always(key), key_header="x-api-key"), "tiny.gguf")


@asynccontextmanager
async def serving(tiny: Path) -> AsyncIterator[Served]:
    children = Children()
    local = LocalModel(children, tiny)
    try:
        await local.complete(prompt(max_tokens=1), Deadline.after(60))
        assert local._http is not None
        endpoint = local._http._wire.endpoint
        key = await endpoint.key()
        assert key is not None
        yield Served(local, endpoint.url.removesuffix("/v1"), key)
    finally:
        await local.close()
        await children.close()


def on(tiny: Path, protocol: str, scene: Callable[[LanguageModel, Served], Awaitable[None]]) -> None:
    async def whole() -> None:
        async with serving(tiny) as served:
            model = served.over(protocol)
            try:
                await scene(model, served)
            finally:
                await model.close()

    asyncio.run(whole())


async def failure(awaited: Awaitable[object]) -> AssayError:
    with pytest.raises(AssayError) as caught:
        await awaited
    return caught.value


@BOTH
def test_a_plain_question_gets_a_reply_with_its_tokens_counted(tiny: Path, protocol: str) -> None:
    async def scene(model: LanguageModel, served: Served) -> None:
        reply = await model.complete(prompt(), Deadline.after(60))
        assert reply.stop in ("end", "length") and reply.calls == () and reply.value is None
        assert reply.model == "tiny.gguf" and reply.usage.counted
        assert reply.usage.prompt > 20 and 0 < reply.usage.completion <= 400
        short = await model.complete(prompt(max_tokens=1), Deadline.after(60))
        assert short.usage.completion == 1

    on(tiny, protocol, scene)


@BOTH
def test_a_schema_holds_even_a_model_that_knows_no_words(tiny: Path, protocol: str) -> None:
    async def scene(model: LanguageModel, served: Served) -> None:
        for seed in range(5):
            reply = await model.complete(prompt(schema=ORDER, seed=seed), Deadline.after(60))
            assert reply.value is not None and set(reply.value) == {"urgent", "size"}
            assert reply.value["size"] in ("small", "large") and isinstance(reply.value["urgent"], bool)

    on(tiny, protocol, scene)


@BOTH
def test_an_answer_that_is_cut_off_is_an_error_and_never_half_an_answer(tiny: Path, protocol: str) -> None:
    async def scene(model: LanguageModel, served: Served) -> None:
        error = await failure(model.complete(prompt(schema=ORDER, max_tokens=4), Deadline.after(60)))
        assert isinstance(error, Invalid)

    on(tiny, protocol, scene)


@BOTH
def test_a_stream_brings_the_same_in_pieces(tiny: Path, protocol: str) -> None:
    async def scene(model: LanguageModel, served: Served) -> None:
        pieces = [piece async for piece in model.stream(prompt(seed=5), Deadline.after(60))]
        reply = pieces[-1]
        assert isinstance(reply, Reply) and all(isinstance(piece, Delta) for piece in pieces[:-1])
        assert "".join(piece.text for piece in pieces if isinstance(piece, Delta)) == reply.text
        assert reply.usage.counted and reply.usage.completion > 0 and reply.stop in ("end", "length")
        answers = [piece async for piece in model.stream(prompt(schema=ORDER), Deadline.after(60))]
        assert (
            isinstance(answers[-1], Reply)
            and answers[-1].value is not None
            and set(answers[-1].value) == set(ORDER["required"])
        )

    on(tiny, protocol, scene)


@BOTH
def test_a_tool_is_called_with_arguments_that_fit_and_its_answer_can_be_given_back(tiny: Path, protocol: str) -> None:
    async def scene(model: LanguageModel, served: Served) -> None:
        tools = (Tool("look_up", "Finds an order.", ORDER),)
        asked = prompt(tools=tools, must_call=True)
        reply = await model.complete(asked, Deadline.after(60))
        (call, *_) = reply.calls
        assert call.name == "look_up" and call.arguments["size"] in ("small", "large")
        # a model of random weights may go on after a call, until it may say no more
        assert reply.stop == ("tools" if reply.usage.completion < asked.max_tokens else "length")
        streamed = [piece async for piece in model.stream(asked, Deadline.after(60))][-1]
        assert isinstance(streamed, Reply) and set(streamed.calls[0].arguments) == {"urgent", "size"}
        turns = (*asked.messages, Message("assistant", "", calls=(call,)), Message("tool", "17", answers=call.id))
        after = await model.complete(Prompt(ORDERING, turns, tools=tools, must_call=True), Deadline.after(60))
        assert after.usage.prompt > reply.usage.prompt

    on(tiny, protocol, scene)


@BOTH
def test_the_models_of_a_server_are_listed(tiny: Path, protocol: str) -> None:
    async def scene(model: LanguageModel, served: Served) -> None:
        assert list(await model.models(Deadline.after(20))) == ["tiny.gguf"]

    on(tiny, protocol, scene)


@BOTH
def test_a_wrong_key_is_not_let_in_and_stands_in_no_error(tiny: Path, protocol: str) -> None:
    async def scene(model: LanguageModel, served: Served) -> None:
        stranger = served.over(protocol, Secret("sk-wrong-key-that-nobody-has"))
        error = await failure(stranger.complete(prompt(), Deadline.after(20)))
        assert isinstance(error, Unavailable) and "key" in error.message and error.details["http_status"] == 401
        assert "sk-wrong" not in f"{error.message}{error.details}{error!r}"
        await stranger.close()

    on(tiny, protocol, scene)


@BOTH
def test_a_deadline_ends_an_answer_that_takes_too_long_and_the_server_goes_on(tiny: Path, protocol: str) -> None:
    async def scene(model: LanguageModel, served: Served) -> None:
        endless = prompt(schema={"type": "object", "properties": {"n": {"type": "string", "minLength": 1900}},
                                 "required": ["n"], "additionalProperties": False}, max_tokens=4_000)  # fmt: skip
        loop = asyncio.get_running_loop()
        began = loop.time()
        assert isinstance(await failure(model.complete(endless, Deadline.after(0.2))), TimedOut)
        assert loop.time() - began < 0.2 + 0.5
        assert (await model.complete(prompt(schema=ORDER), Deadline.after(60))).value is not None

    on(tiny, protocol, scene)


@BOTH
def test_who_is_cancelled_stops_the_answer_at_once(tiny: Path, protocol: str) -> None:
    async def scene(model: LanguageModel, served: Served) -> None:
        pieces = model.stream(prompt(max_tokens=4_000), Deadline.after(60))
        task = asyncio.ensure_future(anext(aiter(pieces)))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await model.complete(prompt(schema=ORDER), Deadline.after(60))).value is not None

    on(tiny, protocol, scene)


def test_a_local_model_is_started_when_first_asked_and_again_when_it_was_killed(tiny: Path) -> None:
    async def scene() -> None:
        children = Children()
        local = LocalModel(children, tiny)
        assert not children._children and local.on_loopback
        first = await asyncio.gather(*(local.complete(prompt(schema=ORDER), Deadline.after(60)) for _ in range(3)))
        assert all(reply.value for reply in first) and len(children._children) == 1
        child = local._child
        assert child is not None and child.pid is not None
        before = child.pid
        os.kill(before, signal.SIGKILL)

        async def answers() -> bool:
            try:
                await local.complete(prompt(max_tokens=2), Deadline.after(30))
            except Unavailable:
                return False
            return child.pid != before

        assert await until(answers, within_s=60)
        await local.close()
        assert child.pid is None
        await children.close()

    asyncio.run(scene())


def test_a_local_server_lets_nobody_in_without_the_key_that_only_we_have(tiny: Path) -> None:
    async def scene() -> None:
        async with serving(tiny) as served:
            assert served.local._child is not None
            line = Path(f"/proc/{served.local._child.pid}/cmdline").read_text()  # noqa: ASYNC240 - a file of the kernel
            limits = Path(f"/proc/{served.local._child.pid}/limits").read_text()  # noqa: ASYNC240
            (memory,) = (one.split() for one in limits.splitlines() if one.startswith("Max address space"))
            assert 2**32 < int(memory[3]) < 2**34, "it cannot take all memory"
            assert served.key.reveal() not in line and len(served.key.reveal()) > 30
            stranger = OpenAiModel(Endpoint(f"{served.url}/v1"), "tiny.gguf")
            assert isinstance(await failure(stranger.complete(prompt(), Deadline.after(20))), Unavailable)
            await stranger.close()

    asyncio.run(scene())


def test_a_file_that_is_no_model_is_named_before_anything_is_started(tmp_path: Path) -> None:
    wrong = tmp_path / "prose.gguf"
    wrong.write_text("not a model")
    for file, says in ((wrong, "no GGUF file"), (tmp_path / "missing.gguf", "cannot be read")):
        with pytest.raises(Invalid, match=says):
            LocalModel(Children(), file)


def test_a_file_that_is_only_the_head_of_a_model_is_unavailable_with_the_end_of_its_log(tmp_path: Path) -> None:
    async def scene() -> None:
        broken = tmp_path / "broken.gguf"
        broken.write_bytes(b"GGUF" + b"\0" * 64)
        children = Children()
        local = LocalModel(children, broken)
        error = await failure(local.complete(prompt(), Deadline.after(60)))
        assert isinstance(error, Unavailable) and "broken.gguf" in error.message
        await local.close()
        await children.close()

    asyncio.run(scene())


def test_ollama_lists_its_models_in_a_way_of_its_own() -> None:
    def act(handler: Handler, body: dict[str, Any]) -> None:
        handler.give(json.dumps({"models": [{"name": "qwen:7b"}, {"name": "llama3"}]}))

    async def scene() -> None:
        with Server(act) as server:
            model = OllamaModel(Endpoint(server.url), "qwen:7b")
            assert list(await model.models(Deadline.after(5))) == ["qwen:7b", "llama3"]
            assert server.seen[0].path == "/api/tags"
            await model.close()

    asyncio.run(scene())
