"""What must never run does not pass, as it was written or dressed up."""

from __future__ import annotations

import os
import random

import pytest

from ask.guard.attacks import ALL, attacks
from ask.guard.mutating import mutate
from ask.guard.schema import graph
from assay.ask.graph import Dialect
from assay.ask.guard.check import guard
from assay.ask.guard.model import Rejected

SEED = int(os.environ.get("GUARD_SEED") or random.SystemRandom().randrange(2**32))
MUTANTS = int(os.environ.get("GUARD_MUTANTS") or 400)
"""A dialect; GUARD_SEED and GUARD_MUTANTS set them from outside."""
KINDS = [(dialect, kind) for dialect in ALL for kind in sorted({kind for kind, _ in attacks(dialect)})]


def passed(text: str, dialect: Dialect) -> str | None:
    """What would be run, or None; anything but a refusal is an error of the guard."""
    try:
        return guard(text, graph(dialect)).sql
    except Rejected as refusal:
        first = refusal.violations[0]
        assert first.code != "guard.failed" and first.message, first
        assert refusal.code == "INVALID" and refusal.details["violations"]
        return None


def test_there_are_more_than_three_hundred() -> None:
    assert len({text for dialect in ALL for _, text in attacks(dialect)}) >= 300


@pytest.mark.parametrize(("dialect", "kind"), KINDS)
def test_every_attack_is_refused(dialect: Dialect, kind: str) -> None:
    through = {text[:200]: sql for one, text in attacks(dialect) if one == kind and (sql := passed(text, dialect))}
    assert through == {}


@pytest.mark.parametrize("dialect", ALL)
def test_every_attack_dressed_up_is_refused(dialect: Dialect) -> None:
    chance = random.Random(f"{SEED} {dialect}")
    for kind, text in chance.choices(attacks(dialect), k=MUTANTS):
        mutant = mutate(kind, text, chance, dialect)
        sql = passed(mutant, dialect)
        assert sql is None, (
            f"GUARD_SEED={SEED}: {kind}: {text[:300]!r} became {mutant[:600]!r}, which runs {sql[:600]!r}"
        )
