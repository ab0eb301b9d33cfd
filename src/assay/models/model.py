"""The nouns of models: a configured one and its state, a probe of it, what was used, and where keys come from."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from assay.kernel.values import Instant, Paged, Value

BreakerState = Literal["closed", "open", "half_open"]
Provider = Literal["openai", "azure", "claude", "deepseek", "custom"]
"""Those that take a key."""
KEY_FORM = r"^[!-~]{1,4096}$"
"""Printable ASCII without spaces."""


class ModelLine(Value):
    """One configured model."""

    name: str
    """As the settings name it."""
    model: str
    """Its name on its server; empty until a server with one model was asked for it."""
    on_loopback: bool
    """Nothing that is said to it leaves this machine."""
    breaker: BreakerState
    """open: it failed lately, and is left alone for a while; half_open: the next call tries it."""
    rests_s: float
    """Seconds until it is tried again; 0 unless the breaker is open."""
    last_error: str | None = None
    """Why it failed last, since the program started."""


class Spending(Value):
    """What a day's calls have used, and may use. Days begin at midnight UTC."""

    tokens: int
    cost_usd: float
    """Of the models whose price is known."""
    most_tokens: int | None
    """Null: no limit."""
    most_usd: float | None


class ProviderKey(Value):
    """Where the key of a provider comes from; never the key, nor a part of it."""

    provider: Provider
    source: Literal["environment", "vault", "none"]
    """environment wins over vault."""
    setting: str
    """The variable that would hold it."""
    kept_at: Instant | None = None
    """Since when one is in the vault, used or not."""


class KeepKey(Value):
    """A provider's key for the vault; an older one there is replaced."""

    provider: Provider
    """Whose key it is."""
    api_key: Annotated[str, StringConstraints(strip_whitespace=True, pattern=KEY_FORM)] = Field(
        repr=False, json_schema_extra={"writeOnly": True}
    )
    """The key. It is sealed, and never shown again."""


class ForgetKey(Value):
    """A provider whose key leaves the vault."""

    provider: Provider
    """Whose key it is."""


class ModelList(Value):
    """The configured models in the order in which they are asked; none: everything is answered without."""

    models: tuple[ModelLine, ...]
    private: bool
    """Privacy mode: nothing may leave this machine."""
    samples: int
    """How often a model is asked the same question."""
    today: Spending
    keys: tuple[ProviderKey, ...]
    """Of every provider that takes one, whether it is asked or not."""


class TestModel(Value):
    """A probe of one model."""

    __test__ = False
    """For pytest: this is no test."""

    name: str = Field(min_length=1, max_length=300)
    """As the settings name it."""


class ModelProbe(Value):
    """What a probe found: two questions, for the server's models and for an answer of a fixed shape."""

    name: str
    models: tuple[str, ...]
    """What its server says it has, at most 500."""
    answered: bool
    """It gave an answer that fits the schema it was asked for."""
    error: str | None = None
    tokens: int = 0
    took_ms: float


class ListModelUsage(Paged):
    """What was used, by day, model and purpose."""

    name: str | None = None
    """Of one model only."""


class ModelUsage(Value):
    """What one model was used for in one day."""

    day: str
    """UTC, "2026-07-14"."""
    name: str
    purpose: str
    """The operation that asked."""
    calls: int
    failed: int
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float | None
    """Null: its price is not known."""
