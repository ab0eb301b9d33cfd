"""Makes a workload's statements ready to be costed: repaired texts, bound facts, and realistic parameter values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from assay.ports.databases import Session
from assay.ports.errors import Refused, TimedOut
from assay.sources.model import Schema
from assay.workload.advice_model import AdviceStatement, Unplanned
from assay.workload.blocks import Relation, estimated_blocks
from assay.workload.facts import StatementFacts
from assay.workload.samples import guessed_constants, sample_values, varied
from assay.workload.statement import facts, repair, unplannable
from assay.workload.whatif import Weighed

_ORIGINS = ("seen running", "drawn by frequency", "most common value", "histogram", "rare value")
FAR = 4.0
"""So many times more or fewer blocks than counted is not the same kind of value."""
LEAST_SHARE = 0.1
"""A sample counts for at least this share of its statement, however rare its values are."""
_RELATIONS = """
WITH correlated AS (
  SELECT schemaname, tablename, jsonb_object_agg(attname, correlation) AS found
    FROM pg_catalog.pg_stats WHERE correlation IS NOT NULL AND NOT inherited GROUP BY schemaname, tablename
), led AS (
  SELECT x.indrelid, jsonb_object_agg(i.relname, a.attname) AS found
    FROM pg_catalog.pg_index x JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid
    JOIN pg_catalog.pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = x.indkey[0] GROUP BY x.indrelid
)
SELECT c.relname::text AS name, c.relpages::float8 AS pages, c.reltuples::float8 AS rows,
       c.relallvisible::float8 / greatest(c.relpages, 1) AS visible,
       coalesce(correlated.found, '{}') AS correlations, coalesce(led.found, '{}') AS leads
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN correlated ON correlated.schemaname = n.nspname AND correlated.tablename = c.relname
  LEFT JOIN led ON led.indrelid = c.oid
 WHERE c.relkind IN ('r', 'm', 'p') ORDER BY c.relpages
"""


def prepared(
    session: Session,
    schema: Schema,
    statements: Sequence[AdviceStatement],
    *,
    relations: Mapping[str, Relation],
    samples: int,
    tick: Callable[[], None] = lambda: None,
) -> tuple[list[Weighed], list[Unplanned]]:
    """Bind every statement and find values for its parameters; what cannot be planned is returned with its reason."""
    ready: list[Weighed] = []
    left: list[Unplanned] = []
    for statement in statements:
        tick()
        why = unplannable(statement.text)
        if why is not None:
            left.append(Unplanned(statement.id, why))
            continue
        try:
            ready.append(prepare(session, schema, statement, relations=relations, samples=samples))
        except (Refused, TimedOut) as error:
            left.append(Unplanned(statement.id, error.message))
    return ready, left


def prepare(
    session: Session,
    schema: Schema,
    statement: AdviceStatement,
    *,
    relations: Mapping[str, Relation],
    samples: int,
) -> Weighed:
    """Bind one statement; raises Refused when the server cannot prepare it."""
    found = facts(statement.text, schema)
    guessed = guessed_constants(statement.text, schema, found) if found.parameters else {}
    if guessed:
        found = facts(statement.text, schema, guessed)
    text = repair(statement.text, schema)
    values = statement.values
    if len(values) < 2 * samples and found.parameters:
        types = session.parameter_types(text)
        made = sample_values(found, schema, 3 * samples, text=statement.text, types=types, constants=guessed)
        values = (*values, *made)
    # As often as values occur is the best guess of how often they are asked for.
    values = sorted(values, key=lambda one: _ORIGINS.index(one.origin) if one.origin in _ORIGINS else len(_ORIGINS))
    sets = varied([one.values for one in values], text) or ((),)
    calls = max(statement.calls, 1)
    ready = Weighed(
        id=statement.id,
        text=text,
        weight=float(calls),
        facts=found,
        samples=sets if found.parameters else ((),),
        shares=(),
        guessed=tuple(sorted(guessed.items())),
        calls=calls,
        rows=statement.rows,
        title=statement.title,
    )
    ready = fitted(session, ready, relations, statement.shared_blocks / calls, samples)
    return replace(ready, shares=shares(ready, schema))


def shares(statement: Weighed, schema: Schema) -> tuple[float, ...]:
    """How much each sample counts: as often as its values occur, at least LEAST_SHARE of the whole each."""
    often = [_frequency(statement.facts, schema, values) for values in statement.samples]
    total = sum(often)
    raised = [max(one / total if total else 1.0, LEAST_SHARE) for one in often]
    return tuple(one / sum(raised) for one in raised)


def _frequency(found: StatementFacts, schema: Schema, values: tuple[str | None, ...]) -> float:
    """Share of rows that hold the values which columns must equal, as if the columns were independent."""
    columns = {(table.qualified, column.name): column for table in schema.tables for column in table.columns}
    share = 1.0
    for number, (key, operator) in found.parameter_keys.items():
        column = columns.get((key.table, key.column or ""))
        if operator != "=" or column is None or not column.common_values or number > len(values):
            continue
        known = dict(zip(column.common_values, column.common_freqs, strict=False))
        rest = (1.0 - sum(known.values())) / max(len(column.bounds), 100)
        share *= known.get(values[number - 1] or "", max(rest, 1e-6))
    return share


def fitted(
    session: Session, statement: Weighed, relations: Mapping[str, Relation], touched: float, samples: int
) -> Weighed:
    """Keep the values whose plans touch about as many blocks as the server counted, so that they are like real ones.

    Args:
        touched: shared blocks a call, as counted; 0 is not known.
        samples: keep at most so many.

    Where every plan would touch over FAR times more than was counted, none is like the real values: the statement then
    weighs less, and keeps the count as what it really touches.
    """
    if touched <= 0.0 or not relations:
        return replace(statement, samples=statement.samples[:samples])
    blocks = [
        max(estimated_blocks(session.plan(statement.text, values or None), relations), 1.0)
        for values in statement.samples
    ]
    near = [v for v, b in zip(statement.samples, blocks, strict=True) if touched / FAR <= b <= touched * FAR]
    if near:
        return replace(statement, samples=tuple(near[:samples]))
    kept = statement.samples[:samples]
    mean = sum(blocks[: len(kept)]) / len(kept)
    if mean <= touched:
        return replace(statement, samples=kept)
    return replace(statement, samples=kept, weight=statement.weight * touched / mean, observed=touched)


def relations_of(session: Session) -> dict[str, Relation]:
    """Read size, all-visible share and order of every table; of tables of one name the largest."""
    return {
        str(row["name"]): Relation(
            float(row["pages"]), max(float(row["rows"]), 0.0), min(float(row["visible"]), 1.0),
            row["correlations"], row["leads"],
        )
        for row in session.rows(_RELATIONS)
    }  # fmt: skip
