"""What calls of models cost, and whether a day still has room for one more."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from assay.ports.errors import Limited
from assay.ports.language_model import Prompt, Usage


@dataclass(frozen=True, slots=True)
class Amount:
    """Tokens, and dollars where the price is known."""

    tokens: int = 0
    cost_usd: float = 0.0

    def __add__(self, other: Amount) -> Amount:
        return Amount(self.tokens + other.tokens, self.cost_usd + other.cost_usd)

    def __sub__(self, other: Amount) -> Amount:
        return Amount(self.tokens - other.tokens, self.cost_usd - other.cost_usd)


def at_most(prompt: Prompt) -> Usage:
    """An estimate of what a call uses, from above: three characters a token, and the longest answer."""
    shape = f"{prompt.schema or ''}{''.join(str(tool.parameters) for tool in prompt.tools)}"
    asked = len(prompt.instruction.text) + len(shape) + sum(len(message.content) for message in prompt.messages)
    return Usage(asked // 3 + 16, prompt.max_tokens, counted=False)


def cost(usage: Usage, price: tuple[float, float] | None) -> float | None:
    """Dollars; None where the price is not known."""
    return None if price is None else (usage.prompt * price[0] + usage.completion * price[1]) / 1e6


def check(spent: Amount, more: Amount, most_tokens: int | None, most_usd: float | None, now: datetime) -> None:
    """Raise Limited when the day's budget has no room for `more`; it works again at midnight UTC."""
    total = spent + more
    over = None
    if most_tokens is not None and total.tokens > most_tokens:
        over = f"{most_tokens:,} tokens"
    elif most_usd is not None and more.cost_usd and total.cost_usd > most_usd:
        over = f"{most_usd:g} dollars"
    if over is not None:
        tomorrow = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        raise Limited(f"The day's budget of {over} for language models has no room for another call.",
                      retry_after=(tomorrow - now).total_seconds(), budget=True)  # fmt: skip
