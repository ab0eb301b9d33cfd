"""Chooses which model is asked: the first that works, within the budget; writes down what each call used."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import insert

from assay.kernel.values import now
from assay.models import _store
from assay.models.breaker import Breaker
from assay.models.budget import Amount, at_most, check, cost
from assay.models.keys import Keys, provider_of
from assay.models.model import ModelLine, ProviderKey, Spending
from assay.ports.deadline import Deadline
from assay.ports.errors import AssayError, Invalid, Limited, NotFound, TimedOut, Unavailable
from assay.ports.language_model import LanguageModel, Prompt, Reply, Routed, Usage
from assay.ports.store import Change, Row, Store
from assay.runtime.ai_settings import AiSettings
from assay.runtime.telemetry import log

_log = log(__name__)

SHARE = 0.6
"""Of the time that is left, what a model may take while others wait behind it."""


@dataclass
class _Kept:
    """One configured model and what is known of it."""

    name: str
    model: LanguageModel
    price: tuple[float, float] | None
    breaker: Breaker = field(default_factory=Breaker)
    last_error: str | None = None
    key: ProviderKey | None = None
    """Where its key came from when it was last asked."""


class Routing:
    """Implements `ports.language_model.LanguageModels`.

    Args:
        models: by name, in order.
        keys: what opens them; a model whose key has changed is tried at once, whatever failed under the old one.
        settings: the budget, and prices of those off this machine; what runs here costs nothing.

    Raises Invalid when there is a budget in dollars and a model without a price.
    """

    def __init__(self, store: Store, models: Mapping[str, LanguageModel], keys: Keys, settings: AiSettings) -> None:
        self._store, self._keys = store, keys
        self._most_tokens, self._most_usd = settings.ai_budget_tokens, settings.ai_budget_usd
        self._reserved = Amount()
        """Of calls under way."""
        self._writing: set[asyncio.Task[None]] = set()
        self._models = {
            name: _Kept(name, one, settings.ai_prices.get(name, (0.0, 0.0) if one.on_loopback else None))
            for name, one in models.items()
        }
        unpriced = [one.name for one in self._models.values() if one.price is None]
        if self._most_usd is not None and unpriced:
            raise Invalid(f"AI_PRICES: a budget in dollars needs the price of {unpriced[0]}.", field="AI_PRICES",
                          cure=f'AI_PRICES={{"{unpriced[0]}": [DOLLARS, DOLLARS]}}')  # fmt: skip

    @property
    def names(self) -> Sequence[str]:
        """In order."""
        return tuple(self._models)

    @property
    def on_loopback(self) -> bool:
        """Whether nothing leaves this machine."""
        return all(one.model.on_loopback for one in self._models.values())

    async def complete(
        self, prompt: Prompt, deadline: Deadline, *, purpose: str, caller: str, only: str | None = None
    ) -> Routed:
        """Ask the first that works, or `only` the one of this name."""
        candidates = [self.find(only)] if only else list(self._models.values())
        tried: dict[str, str] = {}
        over: AssayError | None = None
        await self._look_at_keys()
        for place, one in enumerate(candidates):
            if not one.breaker.take(time.monotonic()):
                tried[one.name] = f"is left alone after failures: {one.last_error}"
                continue
            left = deadline.left(86_400.0)
            share = left if place == len(candidates) - 1 else left * SHARE
            try:
                reply = await self._asked(one, prompt, Deadline.after(share), purpose, caller)
                return Routed(one.name, reply, cost(reply.usage, one.price))
            except (Unavailable, TimedOut, Limited, Invalid) as error:
                if _answered(error):
                    raise
                over = error if _over_budget(error) else over
                tried[one.name] = error.message
            if deadline.left() <= 0:
                raise TimedOut("No language model answered within the deadline.", tried=tried)
        if over is not None:
            raise over
        if not tried:
            raise Unavailable("No language model is configured.", cure="set AI_PROVIDER; docs/models.md")
        raise Unavailable("No language model answers.", tried=tried)

    def find(self, name: str) -> _Kept:
        """The model of this name; raises NotFound."""
        if name not in self._models:
            raise NotFound(f"No model {name!r} is configured.", field="model", known=list(self._models))
        return self._models[name]

    async def probe(
        self, name: str, prompt: Prompt, deadline: Deadline, *, purpose: str, caller: str
    ) -> tuple[Sequence[str], Reply]:
        """Ask the server of one model for what it has, and the model itself, even while it is left alone."""
        one = self.find(name)
        listed = await one.model.models(deadline)
        return listed, await self._asked(one, prompt, deadline, purpose, caller)

    async def lines(self) -> tuple[ModelLine, ...]:
        """Every model and its state."""
        await self._look_at_keys()
        at = time.monotonic()
        return tuple(
            ModelLine(
                name=one.name, model=one.model.model, on_loopback=one.model.on_loopback,
                breaker=one.breaker.state(at),
                rests_s=round(max(0.0, one.breaker.until - at), 1) if one.breaker.state(at) == "open" else 0.0,
                last_error=one.last_error,
            )
            for one in self._models.values()
        )  # fmt: skip

    async def spending(self) -> Spending:
        """What was used today."""
        spent = await self._spent()
        return Spending(tokens=spent.tokens, cost_usd=round(spent.cost_usd, 6), most_tokens=self._most_tokens,
                        most_usd=self._most_usd)  # fmt: skip

    async def close(self) -> None:
        """Let go of every model, once what was used is written down."""
        await asyncio.gather(*self._writing)
        await asyncio.gather(*(one.model.close() for one in self._models.values()))

    async def _look_at_keys(self) -> None:
        """Forget what failed under a key that has been changed."""
        now_there = {line.provider: line for line in await self._keys.lines()}
        for one in self._models.values():
            key = now_there.get(provider_of(one.name))
            if key != one.key:
                one.key, one.breaker = key, Breaker()

    async def _spent(self) -> Amount:
        (row,) = await self._store.rows(_store.spent(_store.day_of(now())))
        return Amount(int(row["tokens"]), float(row["cost_usd"]))

    async def _asked(self, one: _Kept, prompt: Prompt, deadline: Deadline, purpose: str, caller: str) -> Reply:
        """Ask one model: reserve, ask, write down; what a call without an end has used is estimated."""
        most = at_most(prompt)
        reserved = Amount(most.prompt + most.completion, cost(most, one.price) or 0.0)
        began, outcome, used = time.monotonic(), "CANCELLED", Usage(most.prompt, 0, counted=False)
        self._reserved += reserved
        try:
            others = self._reserved - reserved
            check(await self._spent() + others, reserved, self._most_tokens, self._most_usd, now())
            reply = await one.model.complete(prompt, deadline)
            outcome, used = "OK", reply.usage
            one.breaker.succeeded()
            return reply
        except AssayError as error:
            outcome = error.code
            if _answered(error):
                used = _usage_of(error) or used
                one.breaker.succeeded()
            elif _not_asked(error):
                used = Usage(0, 0)
                one.breaker.let_go()
            else:
                used = used if isinstance(error, TimedOut) else Usage(0, 0)
                one.last_error = error.message
                rest = error.retry_after if isinstance(error, Limited) else None
                one.breaker.failed(time.monotonic(), rest_s=rest)
            raise
        finally:
            if outcome == "CANCELLED":
                one.breaker.let_go()
            row = _row(one, outcome, used, purpose, caller, (time.monotonic() - began) * 1e3)
            task = asyncio.create_task(self._write_down(row, reserved), name="models: usage")
            self._writing.add(task)
            task.add_done_callback(self._writing.discard)

    async def _write_down(self, row: Row, reserved: Amount) -> None:
        """What was reserved stays so until what was used is committed: the budget sees the call all the time."""
        try:
            await self._store.commit([Change(insert(_store.calls).values(**row))])
        except AssayError as error:
            _log.error("usage of a model was not written down", reason=error.message)
        finally:
            self._reserved -= reserved


def _row(one: _Kept, outcome: str, used: Usage, purpose: str, caller: str, took_ms: float) -> Row:
    at = now()
    return {
        "at": at, "day": _store.day_of(at), "name": one.name, "model": one.model.model, "purpose": purpose,
        "caller_id": caller, "outcome": outcome, "prompt_tokens": used.prompt, "completion_tokens": used.completion,
        "counted": used.counted, "cost_usd": cost(used, one.price), "took_ms": took_ms,
    }  # fmt: skip


def _over_budget(error: AssayError) -> bool:
    """Whether we did not ask, since the day's budget is used up."""
    return isinstance(error, Limited) and bool(error.details.get("budget"))


def _not_asked(error: AssayError) -> bool:
    """Whether nothing was sent to the model: for want of money, or of a key."""
    return _over_budget(error) or bool(error.details.get("lacks"))


def _answered(error: AssayError) -> bool:
    """Whether the model answered, only not what was asked: another one is not asked for that."""
    return isinstance(error, Invalid) and error.details.get("field") == "answer"


def _usage_of(error: AssayError) -> Usage | None:
    """What an answer has cost that was not what was asked for."""
    match error.details.get("usage"):
        case (int() as asked, int() as said):
            return Usage(asked, said)
        case _:
            return None
