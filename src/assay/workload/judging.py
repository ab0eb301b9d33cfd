"""One statement judged: facts, realistic values, plans, and what every rule says of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from assay.kernel.assayed import Verdict
from assay.ports.databases import PlanJson, Row, Session
from assay.ports.errors import AssayError, Refused, TimedOut
from assay.ports.ledger import Tried
from assay.sources.model import Schema
from assay.workload.chips import chips
from assay.workload.facts import StatementFacts
from assay.workload.model import Chip
from assay.workload.plan import read_plan
from assay.workload.plan_model import Load, Plan, Sample
from assay.workload.rules import RULES
from assay.workload.rules.cardinality_skew import equal_columns
from assay.workload.rules.draft import Draft, Ran, StatementUnderScan
from assay.workload.rules.trial import Trial
from assay.workload.samples import Values, guessed_constants, sample_values
from assay.workload.seen import Seen, seen_values
from assay.workload.snapshots import MARKER
from assay.workload.statements.bind import facts
from assay.workload.statements.parse import parse
from assay.workload.statements.repair import repair, unplannable
from assay.workload.statements.title import quick_title, title
from assay.workload.statements.writer import literal, quoted

_SAMPLES = 3
_SAMPLED_ROWS = 3_000
_SAMPLED_PAGES = 120


@dataclass(frozen=True, slots=True)
class Judged:
    """What was found out about one statement by planning it."""

    facts: StatementFacts | None
    planned: str
    """The text as it was planned: repaired."""
    constants: Mapping[int, str]
    """Literals that were guessed or seen for some `$n`."""
    types: tuple[str, ...]
    samples: tuple[Sample, ...]
    plan: Plan | None
    error: str | None
    """Why there is no plan, in words."""
    drafts: tuple[Draft, ...]
    chips: tuple[Chip, ...]


@dataclass(slots=True)
class Judge:
    """Judges one statement after another with one session."""

    session: Session
    schema: Schema
    running: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """Texts seen running, by fingerprint."""
    what_if_calls: int = 0
    _rows: dict[tuple[str, tuple[str, ...]], list[Row]] = field(
        default_factory=dict[tuple[str, tuple[str, ...]], list[Row]]
    )
    _refused: dict[str, None] = field(default_factory=dict[str, None])
    _work_mem: int | None = None

    @property
    def hypopg(self) -> bool:
        """Whether the planner can be asked about indexes that do not exist."""
        return "hypopg" in self.session.facts.extensions

    def partial(self) -> tuple[str, ...]:
        """What could not be read for want of a grant, a sentence each."""
        if not self._refused:
            return ()
        role = self.session.facts.user
        tables = ", ".join(list(self._refused)[:5])
        return (f"Statements over {tables} cannot be planned by {role}: SELECT on them is missing; "
                f'an administrator runs GRANT SELECT ON {tables} TO "{role}".',)  # fmt: skip

    def judge(self, fingerprint: str, text: str, ran: Ran) -> tuple[str, Judged]:
        """Return a title and what was found; raises only when the database is gone or somebody stopped the work."""
        try:
            return self._read(fingerprint, text, ran)
        except AssayError:
            raise
        except Exception as error:  # one strange statement must not cost the others their answers
            reason = f"Assay failed on this statement ({type(error).__name__}: {error})."
            return quick_title(text), self._without(fingerprint, text, None, reason)

    def _read(self, fingerprint: str, text: str, ran: Ran) -> tuple[str, Judged]:
        parsed = parse(text)
        if parsed.tree is None:
            reason = unplannable(text) or "The text cannot be parsed."
            return title(StatementFacts("other"), text), self._without(fingerprint, text, None, reason)
        found = facts(parsed.tree, self.schema)
        name = title(found, text)
        reason = unplannable(text)
        if reason:
            return name, self._without(fingerprint, text, found, reason)
        try:
            return name, self._judged(fingerprint, text, found, ran)
        except (Refused, TimedOut) as error:
            self._note(error, found)
            return name, self._without(fingerprint, text, found, error.message)

    def _judged(self, fingerprint: str, text: str, found: StatementFacts, ran: Ran) -> Judged:
        planned = repair(text, self.schema)
        types = self.session.parameter_types(planned) if found.parameters else ()
        seen = seen_values(text, self.running.get(fingerprint, ()))
        guessed = {} if seen else guessed_constants(planned, self.schema, found)
        constants = _seen_constants(seen, found, text, self.schema) if seen else guessed
        repaired = facts(planned, self.schema, constants) if constants or planned != text else found
        together = self._together(repaired)
        samples = sample_values(
            repaired, self.schema, _SAMPLES, text=planned, types=types, seen=seen, together=together,
            constants={} if seen else constants,
        )  # fmt: skip
        plans, samples = self._plans(planned, samples)
        under = StatementUnderScan(
            fingerprint=fingerprint, text=text, planned=planned, facts=repaired, schema=self.schema,
            plan=read_plan(plans[0], "custom", samples[0].values), samples=samples,
            costs=tuple(float(plan["Total Cost"]) for plan in plans), ran=ran, session=self.session, hypopg=self.hypopg,
            guessed=guessed, together=together, work_mem=self._memory() if ran.temp_written else None,
            estimates=tuple(float(plan["Plan Rows"]) for plan in plans),
        )  # fmt: skip
        drafts = self._drafts(under)
        tried: Trial | None = under.memory.get("trial")
        self.what_if_calls += tried.tried if tried else 0
        shown = tuple(
            Sample(values=s.values, origin=s.origin, before=c) for s, c in zip(samples, under.costs, strict=True)
        )
        rows = {name: rows for t in self.schema.tables for name in (t.qualified, t.name) if (rows := t.rows) > 0}
        load = Load(
            calls=ran.calls, total_ms=ran.total_ms, mean_ms=ran.mean_ms, rows=ran.rows, share=min(1.0, ran.share),
            shared_blocks_hit=ran.blocks, shared_blocks_read=0, temp_blocks_written=ran.temp_written,
        )  # fmt: skip
        return Judged(
            repaired, planned, constants, types, shown, under.plan, None, drafts, chips(under.plan, load, drafts, rows)
        )

    def _plans(self, planned: str, samples: tuple[Values, ...]) -> tuple[list[PlanJson], tuple[Values, ...]]:
        """Plan with every sample; one whose values do not fit is left out, and the generic plan is the last resort."""
        plans: list[PlanJson] = []
        kept: list[Values] = []
        failed: Refused | TimedOut | None = None
        for sample in samples:
            try:
                plans.append(self.session.plan(planned, sample.values))
                kept.append(sample)
            except (Refused, TimedOut) as error:
                failed = error
        if kept:
            return plans, tuple(kept)
        nothing = Values((None,) * len(samples[0].values), "generic")
        try:
            return [self.session.plan(planned, nothing.values)], (nothing,)
        except (Refused, TimedOut):
            raise failed or Refused("The server gave no plan.") from None

    def _drafts(self, under: StatementUnderScan) -> tuple[Draft, ...]:
        """Ask every rule; one that fails on a statement leaves the others' findings alone."""
        found: list[Draft] = []
        for rule in RULES:
            try:
                found += rule(under)
            except (Refused, TimedOut) as error:
                found.append(
                    _failed(under.fingerprint, f"The rule {rule.__name__} could not be checked: {error.message}")
                )
        order = {"critical": 0, "warning": 1, "info": 2}
        return tuple(sorted(found, key=lambda draft: (order[draft.severity], -draft.confidence)))

    def _without(self, fingerprint: str, text: str, found: StatementFacts | None, reason: str) -> Judged:
        draft = _failed(fingerprint, f"It cannot be planned, so no rule looked at it. {reason}")
        return Judged(found, text, {}, (), (), None, reason, (draft,), chips(None, None, (draft,)))

    def _note(self, error: Refused | TimedOut, found: StatementFacts) -> None:
        if error.details.get("sqlstate") == "42501":
            for use in found.tables:
                self._refused[use.table] = None

    def _memory(self) -> int:
        if self._work_mem is None:
            row = self.session.rows(
                f"{MARKER} SELECT pg_catalog.pg_size_bytes(pg_catalog.current_setting('work_mem')) AS bytes"
            )
            self._work_mem = int(row[0]["bytes"])
        return self._work_mem

    def _together(self, found: StatementFacts) -> dict[str, Sequence[Mapping[str, str | None]]]:
        """Sample rows of tables that are filtered by several columns, for values that belong together."""
        rows: dict[str, Sequence[Mapping[str, str | None]]] = {}
        for (table, _, _), columns in equal_columns(found).items():
            if len(columns) > 1 and table not in rows:
                rows[table] = self._sampled(table, tuple(sorted(columns)))
        return rows

    def _sampled(self, name: str, columns: tuple[str, ...]) -> list[Row]:
        """Read some pages of a table, always the same ones; none where the account may not."""
        if (name, columns) in self._rows:
            return self._rows[name, columns]
        table = next((t for t in self.schema.tables if t.qualified == name), None)
        rows: list[Row] = []
        if table is not None and table.kind in ("table", "partition", "materialised"):
            share = min(100.0, 100.0 * _SAMPLED_PAGES / max(1, table.pages))
            listed = ", ".join(f"{quoted(c)}::text AS {quoted(c)}" for c in columns)
            relation = f"{quoted(table.schema_name)}.{quoted(table.name)}"
            sql = f"{MARKER} SELECT {listed} FROM {relation} TABLESAMPLE SYSTEM ({share:.6f}) REPEATABLE (42)"  # noqa: S608 - our columns, quoted
            try:
                rows = self.session.rows(f"{sql} LIMIT {_SAMPLED_ROWS}")
            except (Refused, TimedOut):
                rows = []
        self._rows[name, columns] = rows
        return rows


def _seen_constants(seen: tuple[Seen, ...], found: StatementFacts, text: str, schema: Schema) -> dict[int, str]:
    """Literals of expressions as they were seen, where every text that was seen has the same."""
    wanted = set(guessed_constants(text, schema, found))
    wanted |= {n for p in found.predicates if p.kind == "wildcard" and p.constant is None for n in p.parameters}
    constants: dict[int, str] = {}
    for number in sorted(wanted):
        values = {one[number - 1] for one in seen if len(one) >= number}
        if len(values) == 1 and (value := values.pop()) is not None:
            constants[number] = literal(value)
    return constants


def _failed(fingerprint: str, rationale: str) -> Draft:
    return Draft(
        kind="unplannable", title="Cannot be planned", severity="info", fingerprint=fingerprint, table=None,
        rationale=rationale, confidence=1.0, verdict=Verdict.FAILED, proof=(Tried("Planned", False, rationale),),
    )  # fmt: skip
