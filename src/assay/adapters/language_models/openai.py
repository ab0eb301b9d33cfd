"""The chat-completions protocol: OpenAI, Azure OpenAI, DeepSeek, Ollama, vLLM, llama.cpp, and who else speaks it."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote

from assay.adapters.language_models.endpoint import Endpoint
from assay.adapters.language_models.reading import ANSWER, Reading, items, mapping
from assay.adapters.language_models.wire import Wire
from assay.ports.deadline import Deadline
from assay.ports.errors import Invalid
from assay.ports.language_model import Delta, Message, Prompt, Reply, Stop

MOST_MODELS = 500
_STOPS: dict[object, Stop] = {"length": "length", "tool_calls": "tools", "content_filter": "refused"}
_REASONING = re.compile(r"(o\d|gpt-5)")
"""Families of OpenAI that refuse a temperature."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """In what the servers of this protocol differ."""

    limit: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    """What the limit of tokens is called."""
    schema: Literal["json_schema", "json_object"] = "json_schema"
    """Whether the server holds the model to a schema, or only to JSON; then the schema is part of the question."""
    chat: str = "/chat/completions"
    models: str = "/models"
    """Under which path it lists its models."""


OPENAI = Dialect(limit="max_completion_tokens")
DEEPSEEK = Dialect(schema="json_object")


def azure(deployment: str, version: str) -> Dialect:
    """Azure OpenAI: the deployment stands in the path, the version of the interface in the query."""
    end = f"api-version={quote(version, safe='')}"
    path = f"/openai/deployments/{quote(deployment, safe='')}/chat/completions?{end}"
    return Dialect(limit="max_completion_tokens", chat=path, models=f"/openai/models?{end}")


class OpenAiModel:
    """Implements `ports.language_model.LanguageModel`.

    Args:
        model: its name there; empty: the first that the server lists.
    """

    def __init__(self, endpoint: Endpoint, model: str, dialect: Dialect | None = None) -> None:
        self._wire = Wire(endpoint)
        self._model = model
        self._dialect = dialect or Dialect()

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
        model = await self._named(deadline)
        answer = await self._wire.ask("POST", self._dialect.chat, deadline, self._body(prompt, model))
        reading = Reading(prompt, str(answer.get("model") or model)[:200])
        choices = items(answer.get("choices"))
        if not choices:
            raise self._wire.lied("its answer has no choices")
        self._take(reading, mapping(choices[0].get("message")), choices[0])
        self._count(reading, answer)
        return reading.reply()

    async def stream(self, prompt: Prompt, deadline: Deadline) -> AsyncGenerator[Delta | Reply]:
        """Ask; yield the text as it comes, and the whole reply last."""
        model = await self._named(deadline)
        body = {**self._body(prompt, model), "stream": True, "stream_options": {"include_usage": True}}
        reading, ended = Reading(prompt, model), False
        async with aclosing(self._wire.events(self._dialect.chat, deadline, body)) as events:
            async for event in events:
                self._count(reading, event)
                for choice in items(event.get("choices"))[:1]:
                    ended = ended or choice.get("finish_reason") is not None
                    if piece := self._take(reading, mapping(choice.get("delta")), choice):
                        yield Delta(piece)
        if not ended:
            raise self._wire.lied("its stream ended before the answer did")
        yield reading.reply()

    async def models(self, deadline: Deadline) -> Sequence[str]:
        """Names of the models that the server has."""
        answer = await self._wire.ask("GET", self._dialect.models, deadline)
        return listed(answer)

    async def close(self) -> None:
        """Let go of the connections."""
        await self._wire.close()

    async def _named(self, deadline: Deadline) -> str:
        if not self._model:
            found = await self.models(deadline)
            if not found:
                raise self._wire.lied("it lists no model")
            self._model = found[0]
        return self._model

    def _body(self, prompt: Prompt, model: str) -> dict[str, Any]:
        if prompt.schema is not None and prompt.tools:
            raise Invalid("A prompt has a schema or tools, not both.", field="schema")
        messages = [{"role": "system", "content": prompt.instruction.text}, *map(_message, prompt.messages)]
        body: dict[str, Any] = {"model": model, "messages": messages, self._dialect.limit: prompt.max_tokens}
        fixed = self._dialect.limit == "max_completion_tokens" and _REASONING.match(model)
        if prompt.temperature is not None and not fixed:
            body["temperature"] = prompt.temperature
        if prompt.seed is not None:
            body["seed"] = prompt.seed
        if prompt.schema is not None and self._dialect.schema == "json_schema":
            wanted = {"name": ANSWER, "strict": True, "schema": prompt.schema}
            body["response_format"] = {"type": "json_schema", "json_schema": wanted}
        elif prompt.schema is not None:
            body["response_format"] = {"type": "json_object"}
            said = f"Answer with a JSON object of this schema: {json.dumps(prompt.schema)}"
            messages.append({"role": "user", "content": said})
        if prompt.tools:
            body["tools"] = [
                {"type": "function",
                 "function": {"name": one.name, "description": one.description, "parameters": one.parameters}}
                for one in prompt.tools
            ]  # fmt: skip
            body["tool_choice"] = "required" if prompt.must_call else "auto"
            body["parallel_tool_calls"] = False
        return body

    def _take(self, reading: Reading, said: dict[str, Any], choice: dict[str, Any]) -> str:
        """Take a message, or a piece of one; return its text."""
        for place, call in enumerate(items(said.get("tool_calls"))):
            of = mapping(call.get("function"))
            at = call.get("index", place)
            reading.call(at if isinstance(at, int) else place, call.get("id"), of.get("name"), of.get("arguments"))
        if choice.get("finish_reason") is not None:
            reading.stop = _STOPS.get(choice["finish_reason"], "end")
        if said.get("refusal"):
            reading.stop = "refused"
        return reading.text(said.get("content"))

    @staticmethod
    def _count(reading: Reading, answer: dict[str, Any]) -> None:
        usage = mapping(answer.get("usage"))
        reading.usage(usage.get("prompt_tokens"), usage.get("completion_tokens"))
        if isinstance(answer.get("model"), str) and answer["model"]:
            reading.model = answer["model"][:200]


class OllamaModel(OpenAiModel):
    """Ollama: the same protocol under /v1, its models listed in a way of its own.

    Args:
        endpoint: without /v1.
    """

    def __init__(self, endpoint: Endpoint, model: str) -> None:
        super().__init__(endpoint, model, Dialect(chat="/v1/chat/completions", models="/api/tags"))


def listed(answer: dict[str, Any]) -> list[str]:
    """Names of models, as OpenAI and Anthropic (`data`) or Ollama (`models`) list them."""
    names = [one.get("id") for one in items(answer.get("data"))]
    names += [] if names else [one.get("name") for one in items(answer.get("models"))]
    return [name[:200] for name in names if isinstance(name, str)][:MOST_MODELS]


def _message(message: Message) -> dict[str, Any]:
    said: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.calls:
        said["tool_calls"] = [
            {"id": call.id, "type": "function",
             "function": {"name": call.name, "arguments": json.dumps(call.arguments)}}
            for call in message.calls
        ]  # fmt: skip
    if message.answers is not None:
        said["tool_call_id"] = message.answers
    return said
