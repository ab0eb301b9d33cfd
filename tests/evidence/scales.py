"""A throw-away room whose one check can be run again, with another result each time if a test wants."""

from __future__ import annotations

from typing import Any

from assay.kernel.catalogue import Capability
from assay.kernel.context import Context
from assay.kernel.errors import AssayError
from assay.kernel.operation import Post, operation
from assay.kernel.values import Value
from assay.ports.ledger import Proof, Tried

READING: dict[str, Any] = {}


class Weigh(Value):
    """What to weigh."""

    thing: str


class Weighed(Value):
    """What the scales say."""

    passed: bool
    facts: dict[str, Any]
    evidence: tuple[str, ...]


@operation("scales.weigh", effect="write", needs="scales:weigh", http=Post("/api/v1/scales:weigh"))
async def weigh(asked: Weigh, ctx: Context) -> Weighed:
    """Weigh a thing."""
    if isinstance(READING.get("error"), AssayError):
        raise READING["error"]
    facts, passed = dict(READING.get("facts", {"grams": 12.5, "unit": "g"})), READING.get("passed", True)
    tried = Tried("Weighed", passed, "the needle stood still", 1.5)
    replay = ("scales.weigh", {"thing": asked.thing}) if READING.get("replayable", True) else None
    return Weighed(
        passed=passed,
        facts=facts,
        evidence=await ctx.prove([Proof("scales.weight", asked.thing, f"{asked.thing} is light", [tried], facts,
                                        "weigh it by hand", replay)]),
    )  # fmt: skip


SCALES = Capability(
    name="scales", title="Scales", group="Ground", operations=(weigh,), package="evidence.scales",
    replays=("scales.weigh",),
)  # fmt: skip
