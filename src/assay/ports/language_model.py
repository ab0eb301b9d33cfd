"""Language models: what is said to one, what comes back, and the routing that chooses which is asked."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, LiteralString, Protocol

from assay.ports.deadline import Deadline

Stop = Literal["end", "length", "tools", "refused"]
"""Why a reply ended: by itself, at `max_tokens`, to call tools, or because it would not say more."""


@dataclass(frozen=True, slots=True)
class Instruction:
    """What stands in the system role. Only a text written in our own source fits: no data of anybody is a literal."""

    text: LiteralString


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that the model may ask for; whether it is called is for others to say."""

    name: str
    description: LiteralString
    parameters: Mapping[str, Any]
    """JSON schema of an object."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """What the model asks for: a proposal, nothing more."""

    id: str
    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Message:
    """One turn. There is no system role here: that is what `Instruction` is for."""

    role: Literal["user", "assistant", "tool"]
    content: str
    calls: tuple[ToolCall, ...] = ()
    """Of an assistant's turn."""
    answers: str | None = None
    """Of a tool's turn: the id of the call."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """What is asked of a model."""

    instruction: Instruction
    messages: tuple[Message, ...]
    tools: tuple[Tool, ...] = ()
    must_call: bool = False
    """It has to call one of the tools."""
    schema: Mapping[str, Any] | None = field(default=None)
    """JSON schema of an object that the answer must be; not together with tools."""
    max_tokens: int = 1_024
    temperature: float | None = None
    """None: the model's own."""
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one reply."""

    prompt: int
    completion: int
    counted: bool = True
    """False: the server did not say, so these are estimates from the length of the texts."""


@dataclass(frozen=True, slots=True)
class Delta:
    """A piece of a reply that is still coming."""

    text: str


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole reply. `value` was checked against the schema; nothing else of it was checked by anybody."""

    text: str
    calls: tuple[ToolCall, ...]
    value: Mapping[str, Any] | None
    """The answer, where a schema was given."""
    usage: Usage
    model: str
    """As the server names it."""
    stop: Stop


class LanguageModel(Protocol):
    """One model on one server.

    Every method raises Unavailable (it cannot be reached, does not let us in, or does not speak the protocol),
    TimedOut (the deadline passed), Limited (`retry_after` says when it works again), Invalid (it refused the request;
    or, with the field `answer`, its answer is not what was asked for, and `usage` holds its tokens; or, with `lacks`,
    it was not asked, for want of a key). None of their texts holds a key.
    """

    @property
    def model(self) -> str:
        """Its name on the server; empty: the first that the server has."""
        ...

    @property
    def on_loopback(self) -> bool:
        """Whether nothing that is said to it leaves this machine."""
        ...

    async def complete(self, prompt: Prompt, deadline: Deadline) -> Reply:
        """Ask, and wait for the whole reply."""
        ...

    def stream(self, prompt: Prompt, deadline: Deadline) -> AsyncIterator[Delta | Reply]:
        """Ask; yield the text as it comes, and the whole reply last."""
        ...

    async def models(self, deadline: Deadline) -> Sequence[str]:
        """Names of the models that the server has, at most 500."""
        ...

    async def close(self) -> None:
        """Let go of its connections, and of its process where it has one."""
        ...


@dataclass(frozen=True, slots=True)
class Routed:
    """A reply, and which of the configured models gave it."""

    name: str
    """As the settings name it, "claude:some-model"."""
    reply: Reply
    cost_usd: float | None
    """None: its price is not known."""


class LanguageModels(Protocol):
    """The configured models in their order: the first that works answers, within the budget."""

    @property
    def names(self) -> Sequence[str]:
        """In order; empty: no model is configured."""
        ...

    @property
    def on_loopback(self) -> bool:
        """Whether nothing that is said to any of them leaves this machine."""
        ...

    async def complete(
        self, prompt: Prompt, deadline: Deadline, *, purpose: str, caller: str, only: str | None = None
    ) -> Routed:
        """Ask the first that works, or `only` the one of this name.

        Args:
            purpose: which operation asks, as usage is listed by.
            caller: id of who asks.

        Raises Unavailable when none answers (`tried` says why each did not), Limited when the budget of the day is
        used up, TimedOut, NotFound when there is no model of that name.
        """
        ...
