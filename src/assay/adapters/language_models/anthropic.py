"""The messages protocol: Anthropic, and servers that speak it as llama.cpp does."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any

from assay.adapters.language_models.endpoint import Endpoint
from assay.adapters.language_models.openai import listed
from assay.adapters.language_models.reading import ANSWER, Reading, items, mapping
from assay.adapters.language_models.wire import Wire
from assay.ports.deadline import Deadline
from assay.ports.errors import Invalid
from assay.ports.language_model import Delta, Message, Prompt, Reply, Stop

VERSION = "2023-06-01"
_STOPS: dict[object, Stop] = {"max_tokens": "length", "refusal": "refused", "model_context_window_exceeded": "length"}


class AnthropicModel:
    """Implements `ports.language_model.LanguageModel`; a schema becomes a tool that the model has to call.

    Args:
        endpoint: without /v1; its key goes into `x-api-key`.
    """

    def __init__(self, endpoint: Endpoint, model: str) -> None:
        self._wire = Wire(endpoint, headers={"anthropic-version": VERSION})
        self._model = model

    @property
    def model(self) -> str:
        """Its name on the server."""
        return self._model

    @property
    def on_loopback(self) -> bool:
        """Whether nothing that is said to it leaves this machine."""
        return self._wire.endpoint.on_loopback

    async def complete(self, prompt: Prompt, deadline: Deadline) -> Reply:
        """Ask, and wait for the whole reply."""
        answer = await self._wire.ask("POST", "/v1/messages", deadline, self._body(prompt))
        if not isinstance(answer.get("content"), list):
            raise self._wire.lied("its answer has no content")
        reading = Reading(prompt, str(answer.get("model") or self._model)[:200])
        for place, block in enumerate(items(answer["content"])):
            self._take(reading, place, block)
        _end(reading, answer)
        return reading.reply()

    async def stream(self, prompt: Prompt, deadline: Deadline) -> AsyncGenerator[Delta | Reply]:
        """Ask; yield the text as it comes, and the whole reply last."""
        reading, ended = Reading(prompt, self._model), False
        body = {**self._body(prompt), "stream": True}
        async with aclosing(self._wire.events("/v1/messages", deadline, body)) as events:
            async for event in events:
                place, kind = event.get("index"), event.get("type")
                if kind == "message_start":
                    message = mapping(event.get("message"))
                    reading.model = str(message.get("model") or self._model)[:200]
                    _end(reading, message)
                elif kind == "content_block_start" and isinstance(place, int):
                    # its input is empty, and comes in pieces
                    self._take(reading, place, {**mapping(event.get("content_block")), "input": ""})
                elif kind == "content_block_delta" and isinstance(place, int):
                    delta = mapping(event.get("delta"))
                    if delta.get("type") == "input_json_delta":
                        reading.call(place, None, None, delta.get("partial_json"))
                    elif piece := reading.text(delta.get("text")):
                        yield Delta(piece)
                elif kind == "message_delta":
                    _end(reading, {**mapping(event.get("delta")), "usage": event.get("usage")})
                elif kind == "message_stop":
                    ended = True
                    break
        if not ended:
            raise self._wire.lied("its stream ended before the answer did")
        yield reading.reply()

    async def models(self, deadline: Deadline) -> Sequence[str]:
        """Names of the models that the server has."""
        return listed(await self._wire.ask("GET", "/v1/models", deadline))

    async def close(self) -> None:
        """Let go of the connections."""
        await self._wire.close()

    def _body(self, prompt: Prompt) -> dict[str, Any]:
        if prompt.schema is not None and prompt.tools:
            raise Invalid("A prompt has a schema or tools, not both.", field="schema")
        body: dict[str, Any] = {
            "model": self._model, "max_tokens": prompt.max_tokens, "system": prompt.instruction.text,
            "messages": list(map(_message, prompt.messages)),
        }  # fmt: skip
        if prompt.temperature is not None:
            body["temperature"] = min(prompt.temperature, 1.0)
        if prompt.tools:
            body["tools"] = [
                {"name": one.name, "description": one.description, "input_schema": one.parameters}
                for one in prompt.tools
            ]
            kind = "any" if prompt.must_call else "auto"
            body["tool_choice"] = {"type": kind, "disable_parallel_tool_use": True}
        if prompt.schema is not None:
            body["tools"] = [{"name": ANSWER, "description": "Gives the answer.", "input_schema": prompt.schema}]
            body["tool_choice"] = {"type": "tool", "name": ANSWER, "disable_parallel_tool_use": True}
        return body

    @staticmethod
    def _take(reading: Reading, place: int, block: dict[str, Any]) -> None:
        if block.get("type") == "tool_use":
            reading.call(place, block.get("id"), block.get("name"), block.get("input"))
        elif block.get("type") == "text":
            reading.text(block.get("text"))


def _end(reading: Reading, said: dict[str, Any]) -> None:
    """Take why it ended, and the tokens; those that a cache had are tokens of the prompt all the same."""
    stop = said.get("stop_reason")
    if stop is not None:
        reading.stop = _STOPS.get(stop, "tools" if stop == "tool_use" else "end")
    usage = mapping(said.get("usage"))
    parts = [usage.get(name) for name in _PROMPT_TOKENS]
    counts = [one for one in parts if isinstance(one, int)]
    reading.usage(sum(counts) if isinstance(parts[0], int) else None, usage.get("output_tokens"))


_PROMPT_TOKENS = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")


def _message(message: Message) -> dict[str, Any]:
    if message.role == "tool":
        result = {"type": "tool_result", "tool_use_id": message.answers or "", "content": message.content}
        return {"role": "user", "content": [result]}
    blocks: list[dict[str, Any]] = [{"type": "text", "text": message.content}] if message.content else []
    blocks += [{"type": "tool_use", "id": one.id, "name": one.name, "input": one.arguments} for one in message.calls]
    return {"role": message.role, "content": blocks}
