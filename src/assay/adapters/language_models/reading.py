"""Puts a reply together from what either protocol sends, and checks it against the schema that was asked for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast

import jsonschema

from assay.ports.errors import Invalid
from assay.ports.language_model import Prompt, Reply, Stop, ToolCall, Usage

ANSWER = "answer"
"""Name of the schema, or of the tool that stands for it."""
MOST_CALLS = 32


class Reading:
    """A reply under way."""

    def __init__(self, prompt: Prompt, model: str) -> None:
        self._prompt = prompt
        self.model = model
        self.stop: Stop = "end"
        self.prompt_tokens: int | None = None
        self.completion_tokens: int | None = None
        self._text: list[str] = []
        self._calls: dict[int, tuple[str, str, list[str]]] = {}

    def text(self, piece: object) -> str:
        """Take a piece of text; return it, "" for anything else."""
        if not isinstance(piece, str):
            return ""
        self._text.append(piece)
        return piece

    def call(self, place: int, id: object, name: object, arguments: object) -> None:
        """Take a tool call, or a further piece of the one at that place. Raises Invalid when there are too many."""
        if place not in self._calls:
            if len(self._calls) >= MOST_CALLS:
                raise Invalid(f"The model calls more than {MOST_CALLS} tools at once.", field=ANSWER)
            self._calls[place] = (_word(id), _word(name), [])
        if isinstance(arguments, str):
            self._calls[place][2].append(arguments)
        elif isinstance(arguments, Mapping):
            self._calls[place][2].append(json.dumps(arguments))

    def usage(self, prompt: object, completion: object) -> None:
        """Take token counts, where they are such."""
        if isinstance(prompt, int) and 0 <= prompt < 1e9:
            self.prompt_tokens = prompt
        if isinstance(completion, int) and 0 <= completion < 1e9:
            self.completion_tokens = completion

    def reply(self) -> Reply:
        """The whole. Raises Invalid when it is not what was asked for; `usage` is what it cost all the same."""
        text = "".join(self._text)
        used = self._used(text)
        try:
            return self._whole(text, used)
        except Invalid as error:
            raise Invalid(error.message, **error.details, usage=(used.prompt, used.completion)) from None

    def _whole(self, text: str, used: Usage) -> Reply:
        called = [call for _, call in sorted(self._calls.items())]
        if self.stop == "length":  # the last one may be half of what it should be
            called = called[:-1]
        calls = tuple(self._called(*call) for call in called)
        value = self._value(text, calls)
        if value is not None:
            calls = ()
        if self._prompt.must_call and not calls:
            raise Invalid("The model called no tool, though it had to.", field=ANSWER)
        return Reply(text, calls, value, used, self.model, self.stop)

    def _called(self, id: str, name: str, arguments: list[str]) -> ToolCall:
        known = {tool.name: tool.parameters for tool in self._prompt.tools}
        if self._prompt.schema is not None:
            known[ANSWER] = self._prompt.schema
        if name not in known:
            raise Invalid("The model calls a tool that it was not given.", field=ANSWER)
        return ToolCall(id, name, _object("".join(arguments) or "{}", known[name]))

    def _value(self, text: str, calls: tuple[ToolCall, ...]) -> Mapping[str, Any] | None:
        if self._prompt.schema is None:
            return None
        if self.stop == "refused":
            raise Invalid("The model refused to answer.", field=ANSWER)
        if self.stop == "length" and not calls:
            raise Invalid("The model's answer was cut off at max_tokens.", field=ANSWER)
        return calls[0].arguments if calls else _object(text, self._prompt.schema)

    def _used(self, text: str) -> Usage:
        if self.prompt_tokens is not None and self.completion_tokens is not None:
            return Usage(self.prompt_tokens, self.completion_tokens)
        asked = len(self._prompt.instruction.text) + sum(len(one.content) for one in self._prompt.messages)
        said = len(text) + sum(len(piece) for _, _, pieces in self._calls.values() for piece in pieces)
        return Usage(asked // 4 + 1, said // 4 + 1, counted=False)


def mapping(value: object) -> dict[str, Any]:
    """The value where it is a JSON object, else an empty one: servers leave out and null what they like."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def items(value: object) -> list[dict[str, Any]]:
    """The objects of a JSON list."""
    return [mapping(one) for one in cast("list[object]", value)] if isinstance(value, list) else []


def _word(value: object) -> str:
    return value[:200] if isinstance(value, str) else ""


def _object(text: str, schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The one JSON object that a text is. Raises Invalid: it never quotes the text, which anybody may have written."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise Invalid("The model's answer is not JSON.", field=ANSWER) from None
    if not isinstance(value, dict):
        raise Invalid("The model's answer is no JSON object.", field=ANSWER)
    found = cast("dict[str, Any]", value)
    try:
        jsonschema.validate(found, dict(schema))  # pyright: ignore[reportUnknownMemberType]
    except jsonschema.ValidationError as error:
        raise Invalid(f"The model's answer does not fit the schema: {error.validator}.", field=ANSWER) from None
    return found
