"""The proof of an index: which statements it was planned with, what that gave, and how to see the same again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from assay.ports.databases import ServerFacts
from assay.workload.advice_model import Effect
from assay.workload.statements.writer import literal
from assay.workload.whatif import Values, Weighed

_CREATE = "SELECT * FROM hypopg_create_index({});"
STATEMENTS = 12
"""So many statements at most travel with a proof, those that gain most first."""


def index_payload(
    definition: str,
    ddl: str,
    given: Sequence[str],
    effects: Sequence[Effect],
    statements: Mapping[str, Weighed],
) -> dict[str, Any]:
    """Everything that `recheck.recheck_index` needs to run the same checks again; plain JSON.

    Args:
        definition: the CREATE INDEX text that hypopg takes.
        given: definitions of the indexes that are imagined before and after alike.
        effects: on the statements, those that gain most first.
    """
    chosen = effects[:STATEMENTS]
    return {
        "kind": "index",
        "definition": definition,
        "ddl": ddl,
        "given": list(given),
        "statements": [
            {
                "id": effect.id,
                "text": statements[effect.id].text,
                "calls": effect.weight,
                "samples": [list(values) for values in statements[effect.id].samples],
                "shares": list(statements[effect.id].shares),
            }
            for effect in chosen
        ],
    }


def index_facts(
    ddl: str, given: Sequence[str], effects: Sequence[Effect], size: int | None, server: ServerFacts
) -> dict[str, Any]:
    """The numbers of a proof, the same keys when it is made and when it is replayed; costs are planner units."""
    chosen = effects[:STATEMENTS]
    before, after = weighted(chosen, "before"), weighted(chosen, "after")
    return {
        "ddl": ddl,
        "given": list(given),
        "before": round(before, 2),
        "after": round(after, 2),
        "improvement_pct": round(100.0 * (1.0 - after / before), 1) if before else 0.0,
        "bytes": size,
        "statements": [
            {
                "id": effect.id,
                "calls": effect.weight,
                "before": [round(cost, 2) for cost in effect.before],
                "after": [round(cost, 2) for cost in effect.after],
                "uses_index": effect.uses,
            }
            for effect in chosen
        ],
        "server_version": server.version,
        "hypopg": server.extensions.get("hypopg"),
    }


def weighted(effects: Sequence[Effect], side: str) -> float:
    """Cost of statements over all their calls, planner units; `side` is "before" or "after"."""
    return sum(effect.weight * effect.mean(getattr(effect, side)) for effect in effects)


def reproduce_index(definition: str, given: Sequence[str], text: str, values: Values) -> str:
    """A psql script that shows today's plan, and the plan with the index, without building anything."""
    lines = ["CREATE EXTENSION IF NOT EXISTS hypopg;  -- once, as an administrator", "SELECT hypopg_reset();"]
    lines += [_CREATE.format(literal(one)) for one in given]
    explain = _explain(text, values)
    return "\n".join([*lines, *explain, _CREATE.format(literal(definition)), *explain, "SELECT hypopg_reset();"])


def _explain(text: str, values: Values) -> list[str]:
    text = text.rstrip().rstrip(";")
    if not values:
        return [f"EXPLAIN {text};"]
    arguments = ", ".join("NULL" if value is None else literal(value) for value in values)
    return [
        "SET plan_cache_mode = force_custom_plan;",
        f"PREPARE assayed AS {text};",
        f"EXPLAIN EXECUTE assayed({arguments});",
        "DEALLOCATE assayed;",
    ]
