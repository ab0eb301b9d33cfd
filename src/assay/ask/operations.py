"""What can be asked of ask: SQL for a question, whether SQL may run, its rows, and what is possible here."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from dataclasses import replace

from assay.ask._store import found as found_answer
from assay.ask._store import judged, judgements, kept, recalled
from assay.ask.calibrate import Calibration, on_feedback, on_public_data
from assay.ask.estimate import TOLD, UNTOLD
from assay.ask.examine import Examined, examine
from assay.ask.explain import explained
from assay.ask.follow import standalone
from assay.ask.kept import Engines, Known
from assay.ask.model import (
    AiCapabilities,
    AiLimits,
    AiStatus,
    CheckedSql,
    DraftedSql,
    DraftSql,
    ExplainedSql,
    ExplainSql,
    GeneratedSql,
    GenerateSql,
    JudgeAnswer,
    JudgedAnswer,
    RanSql,
    RecheckedSql,
    RecheckSql,
    Rows,
    RunSql,
    SqlCheck,
    ValidateSql,
)
from assay.ask.recall import FEEDBACK, recall
from assay.ask.refusals import NoSchema, SqlRejected, no_schema
from assay.ask.respond import Response, respond, run
from assay.ask.see import DIALECTS
from assay.ask.suggest.consult import answer
from assay.ask.suggest.pool import UNCALIBRATED
from assay.kernel.assayed import Verdict
from assay.kernel.consult import EMBEDDED
from assay.kernel.context import Context
from assay.kernel.operation import Get, Post, operation
from assay.kernel.own import Version
from assay.kernel.policy import Policy
from assay.kernel.values import Empty, now
from assay.ports.databases import Engine, Reader
from assay.ports.errors import (
    ConfidenceTooLow,
    Invalid,
    NotFound,
    SqlExecutionDisabled,
    TimedOut,
    Unavailable,
    UnsupportedDatabase,
)
from assay.ports.language_model import LanguageModels
from assay.ports.ledger import Proof, Tried
from assay.ports.store import Row
from assay.sources.visit import look, which

RECHECK = "ask.recheck"
GENERATED, LOW_CONFIDENCE, VALIDATED = "query_generated", "low_confidence_query", "query_validated"
BLOCKED, EXECUTED = "query_blocked", "query_executed"
"""What the audit says was decided about a question or a text."""
CAP = 1_000
"""Rows that any SQL of ours or of others may return."""
PER_CALLER = Policy("ask.generate", per_minute=60, burst=10)
TOGETHER = Policy("ask.generate", per_minute=600, burst=100, together=True)
DRAFTS = (replace(PER_CALLER, operations="ask.draft"), replace(TOGETHER, operations="ask.draft"))
_FEATURES = ("sql_generation", "explanation", "alternatives", "sql_validation", "query_explanation", "execution",
             "confidence", "follow_up_questions", "feedback")  # fmt: skip
_ENGINES: tuple[Engine, ...] = ("postgresql", "mysql", "sqlite")
_DIALECTS: dict[str, Engine] = {
    "postgresql": "postgresql", "postgres": "postgresql", "pg": "postgresql", "mysql": "mysql", "mariadb": "mysql",
    "sqlite": "sqlite", "sqlite3": "sqlite",
}  # fmt: skip


@operation("ask.generate", effect="write", needs="ask:generate", http=Post("/api/v1/ai/sql:generate"), timeout_s=120,
           rpc="Runner.GenerateSQL",
           errors=[NotFound, Invalid, Unavailable, ConfidenceTooLow, UnsupportedDatabase, SqlExecutionDisabled],
           when="somebody asks a question that the rows of a connected database can answer")  # fmt: skip
async def generate(asked: GenerateSql, ctx: Context) -> GeneratedSql:
    """Answer a question with SQL that reads only, names what exists, and was planned by the database; run it if asked.

    Below the threshold of confidence the answer is refused, with what was not understood and other readings.
    """
    target, options = asked.database_target, asked.options
    source = await which(ctx, target.store)
    _speaks(target.dialect, source, "database_target.dialect")
    known = await ctx.port(Engines).of(ctx, source)
    calibration = await _calibration(ctx, source)
    whole = standalone(known.engine.linker, asked.natural_language, asked.earlier)

    def think(session: Reader | None) -> Response:
        return respond(
            session, known.engine, known.graph, calibration, whole, alternatives=options.alternatives, cap=CAP,
            consult=options.consult_rows and session is not None and not _powers(session, source),
        )  # fmt: skip

    told = await recalled(ctx.store, source["id"], whole)
    found = await look(ctx, source, recall, known.graph, known.engine.linker, told, cap=CAP) if told else None
    if found is not None:
        by, public, says = (FEEDBACK,), None, "what people said of this very question"
    else:
        pooled = await answer(ctx, source, known, asked.model_copy(update={"natural_language": whole}), think, cap=CAP)
        found, by = pooled.response, pooled.proposed_by
        public, says = (None, UNCALIBRATED) if pooled.by_model else (found.public, calibration.says)
    threshold = options.confidence_threshold
    threshold = ctx.settings.ai_confidence_threshold if threshold is None else threshold
    ctx.note(source=source["id"], model=by[-1], confidence=found.confidence, sql=found.best and found.best.sql)
    if found.best is None or found.best.sql is None or found.confidence < threshold:
        ctx.note(decision=LOW_CONFIDENCE if found.best else BLOCKED)
        raise _unsure(found, threshold)
    ctx.note(decision=GENERATED)
    rows = await _rows(ctx, source, found.best.sql, options.max_rows) if options.execute else None
    proof = _proof(source["id"], f"“{whole}” was read as SQL that may run, by {' and '.join(by)}.", found.best)
    id = f"a_{secrets.token_hex(8)}"
    ctx.change(kept({
        "id": id, "source": source["id"], "question": whole, "sql": found.best.sql, "model": by[-1],
        "confidence": found.confidence, "public": public, "asked_by": ctx.caller.id,
        "asked_at": now(),
    }))  # fmt: skip
    return GeneratedSql(
        id=id, verdict=Verdict.ASSAYED, evidence=await ctx.prove([proof]), natural_language=asked.natural_language,
        read_as=whole, source=source["id"], dialect=source["engine"], sql=found.best.sql, confidence=found.confidence,
        calibrated_on=says, explanation=found.explanation,
        warnings=found.warnings, alternatives=found.alternatives, checks=_checks(found.best.checks), model=by[-1],
        proposed_by=by, rows=rows, took_ms=round(found.took_ms, 3),
    )  # fmt: skip


@operation("ask.draft", effect="write", needs="ask:generate", http=Post("/api/v1/ai/sql:draft"), timeout_s=120,
           errors=[Invalid, ConfidenceTooLow, UnsupportedDatabase, NoSchema],
           when="somebody asks about a database that is not connected; tell its tables if you know them")  # fmt: skip
async def draft(asked: DraftSql, ctx: Context) -> DraftedSql:
    """Answer a question with SQL for a database that is not connected: an estimate, since none has planned it.

    It fits the schema that is told. Where none is, a language model guesses the tables, and the answer says so.
    """
    engine = _drafted_for(asked)
    basis = UNTOLD if asked.schema_text is None else TOLD
    known = await ctx.port(Engines).of_schema(ctx, asked.schema_text, DIALECTS[engine])

    def think(session: Reader | None) -> Response:
        return respond(session, known.engine, known.graph, on_public_data(), asked.natural_language,
                       alternatives=asked.options.alternatives, cap=CAP, consult=False)  # fmt: skip

    pooled = await answer(ctx, None, known, asked, think, cap=CAP)
    if asked.schema_text is None and pooled.response.best is None and not pooled.rejected:
        ctx.note(model=pooled.proposed_by[-1], decision=BLOCKED)
        raise no_schema(pooled.response.warnings)
    said = () if asked.dialect else (f"Nobody said what the database speaks; this is for {engine}.",)
    found, by = basis.bound(pooled.response, *said), pooled.proposed_by
    threshold = basis.threshold(asked.options.confidence_threshold, ctx.settings.ai_confidence_threshold)
    ctx.note(model=by[-1], confidence=found.confidence, sql=found.best and found.best.sql)
    if found.best is None or found.best.sql is None or found.confidence < threshold:
        ctx.note(decision=LOW_CONFIDENCE if found.best else BLOCKED)
        raise _unsure(found, threshold)
    ctx.note(decision=GENERATED)
    proof = Proof(
        kind="ask.draft", subject=f"{engine}, {'no schema' if asked.schema_text is None else 'schema as told'}",
        claim=basis.claim, checks=found.best.checks, facts={"sql": found.best.sql},
    )  # fmt: skip
    return DraftedSql(
        verdict=Verdict.ESTIMATE, evidence=await ctx.prove([proof]), missing=basis.missing,
        natural_language=asked.natural_language, dialect=engine, sql=found.best.sql, confidence=found.confidence,
        explanation=found.explanation, warnings=found.warnings, alternatives=found.alternatives,
        checks=_checks(found.best.checks), model=by[-1], proposed_by=by, took_ms=round(found.took_ms, 3),
    )  # fmt: skip


@operation("ask.validate", effect="write", needs="ask:generate", http=Post("/api/v1/ai/validate-sql"),
           rpc="Runner.ValidateSQL", errors=[NotFound, Invalid, Unavailable, UnsupportedDatabase],
           when="you have SQL and want to know whether it may run, before it does")  # fmt: skip
async def validate(asked: ValidateSql, ctx: Context) -> CheckedSql:
    """Say whether SQL may run: one reading statement, of allowed parts, on names that exist, planned, not too dear."""
    source, found = await _examined(ctx, asked.store, asked.sql, asked.dialect)
    ctx.note(source=source["id"], sql=found.sql or asked.sql, decision=VALIDATED if found.passed else BLOCKED)
    proof = _proof(source["id"], "This SQL may run." if found.passed else "This SQL may not run.", found, asked.sql)
    return CheckedSql(
        verdict=Verdict.ASSAYED if found.passed else Verdict.WITHHELD, evidence=await ctx.prove([proof]),
        source=source["id"], dialect=source["engine"], is_valid=found.passed, sql=found.sql, issues=found.issues,
        checks=_checks(found.checks), cost=found.cost, estimated_rows=found.rows,
        errors=_said(found, "error"), warnings=_said(found, "warning"),
        optimized_sql=found.sql if found.sql != asked.sql else None, metadata=_metadata(source, found),
    )  # fmt: skip


@operation("ask.run", effect="write", needs="ask:run", http=Post("/api/v1/ai/sql:run"), timeout_s=60,
           errors=[NotFound, Invalid, Unavailable, TimedOut, SqlRejected, SqlExecutionDisabled],
           when="you were told to run SQL that was shown, and need its rows")  # fmt: skip
async def run_sql(asked: RunSql, ctx: Context) -> RanSql:
    """Run SQL that passes every check, in a read-only transaction, and return at most so many rows."""
    source, found = await _examined(ctx, asked.store, asked.sql)
    ctx.note(source=source["id"], sql=found.sql or asked.sql, decision=VALIDATED if found.passed else BLOCKED)
    if found.sql is None:
        raise _rejected(found, "This SQL is not run")
    rows = await _rows(ctx, source, found.sql, asked.max_rows)
    evidence = await ctx.prove([_proof(source["id"], "This SQL may run, and ran.", found)])
    return RanSql(verdict=Verdict.ASSAYED, evidence=evidence, source=source["id"], sql=found.sql,
                  checks=_checks(found.checks), rows=rows)  # fmt: skip


@operation("ask.explain", effect="write", needs="ask:generate", http=Post("/api/v1/ai/explain-sql"),
           errors=[NotFound, Invalid, Unavailable, TimedOut, SqlRejected],
           when="somebody has SQL and wants to know what it asks for, in words")  # fmt: skip
async def explain(asked: ExplainSql, ctx: Context) -> ExplainedSql:
    """Say what SQL asks for, clause by clause, and what its joins do to rows; it is checked, and not run."""
    source, found = await _examined(ctx, asked.store, asked.sql)
    ctx.note(source=source["id"], sql=found.sql or asked.sql, decision=VALIDATED if found.passed else BLOCKED)
    if found.sql is None:
        raise _rejected(found, "This SQL is not explained")
    known = await ctx.port(Engines).of(ctx, source)
    said = await ctx.workers.in_thread(explained, asked.sql, found, known.graph)
    proof = _proof(source["id"], "This SQL may run, and was put into words.", found)
    return ExplainedSql(
        verdict=Verdict.ASSAYED, evidence=await ctx.prove([proof]), source=source["id"], dialect=source["engine"],
        sql=found.sql, explanation=said.clauses, tables=said.tables, warnings=said.warnings,
    )  # fmt: skip


@operation("ask.judge", effect="write", needs="ask:generate", http=Post("/api/v1/ai/feedback"),
           errors=[NotFound, Invalid, Unavailable, SqlRejected],
           when="somebody says whether an answer was what they meant, or what would have been right")  # fmt: skip
async def judge(asked: JudgeAnswer, ctx: Context) -> JudgedAnswer:
    """Write down whether an answer was right; from 50 on, confidence about its database rests on what people said."""
    row = await found_answer(ctx.store, asked.id)
    source = await which(ctx, row["source"])
    corrected = None
    if asked.corrected_sql is not None:
        if asked.right:
            raise Invalid("corrected_sql: an answer that was right needs no correction.", field="corrected_sql")
        _, examined = await _examined(ctx, source["id"], asked.corrected_sql)
        if examined.sql is None:
            raise _rejected(examined, "This correction is not kept", field="corrected_sql")
        corrected = examined.sql
    verdict = {"right": asked.right, "corrected_sql": corrected, "judged_by": ctx.caller.id, "judged_at": now()}
    ctx.change(judged(asked.id, verdict))
    before = list(await judgements(ctx.store, source["id"]))
    if row["public"] is not None and row["right"] is None:
        before.append((float(row["public"]), asked.right))
    known = on_feedback(before, on_public_data())
    return JudgedAnswer(id=asked.id, right=asked.right, corrected_sql=corrected, judged=len(before),
                        calibrated_on=known.says)  # fmt: skip


@operation("ask.recheck", effect="write", needs="ask:generate", http=Post("/api/v1/ai/sql:recheck"),
           scope=("database", "source"), errors=[NotFound, Invalid, Unavailable])  # fmt: skip
async def recheck(asked: RecheckSql, ctx: Context) -> RecheckedSql:
    """Put the SQL of an earlier claim through the checks again; the ledger asks this to replay."""
    source, found = await _examined(ctx, asked.source, asked.sql)
    proof = _proof(source["id"], "The SQL of an earlier claim was checked again.", found, asked.sql)
    return RecheckedSql(passed=found.passed, facts=dict(proof.facts), evidence=await ctx.prove([proof]))


@operation("ask.capabilities", effect="read", needs="ask:read", http=Get("/api/v1/ai/capabilities"), graph=True,
           rpc="Runner.GetAICapabilities")  # fmt: skip
async def capabilities(asked: Empty, ctx: Context) -> AiCapabilities:
    """Say which databases, features and limits questions have here; every limit is enforced."""
    return AiCapabilities(
        databases=_ENGINES,
        features=_FEATURES,
        models=(EMBEDDED, *ctx.port(LanguageModels).names),
        limits=AiLimits(max_rows=CAP, max_question_characters=2_000, requests_per_minute=round(PER_CALLER.per_minute),
                        burst=PER_CALLER.burst),
        version=ctx.port(Version).text,
    )  # fmt: skip


@operation("ask.status", effect="read", needs="ask:read", http=Get("/api/v1/ai/status"), graph=True,
           rpc="Runner.GetAIStatus")  # fmt: skip
async def status(asked: Empty, ctx: Context) -> AiStatus:
    """Say whether questions are answered now, and by what."""
    fault = await ctx.workers.in_thread(ctx.port(Engines).fault)
    says = "" if fault else on_public_data().says
    names = ctx.port(LanguageModels).names
    return AiStatus(available=fault is None, reason=fault, current_model=names[0] if names else EMBEDDED,
                    supported_models=(EMBEDDED, *names), supported_databases=_ENGINES, calibrated_on=says,
                    capabilities=dict.fromkeys(_FEATURES, "true" if fault is None else "false"),
                    version=ctx.port(Version).text, last_health_check=int(time.time()))  # fmt: skip


def _speaks(dialect: str | None, source: Row, field: str) -> None:
    if dialect is not None and _DIALECTS.get(dialect.lower()) != source["engine"]:
        raise UnsupportedDatabase(
            f"{field}: {source['name']} speaks {source['engine']}, not {dialect}.",
            field=field, known=sorted(_DIALECTS),
        )  # fmt: skip


def _drafted_for(asked: DraftSql) -> Engine:
    """The engine that a draft is for; a schema is read as its dialect is, so there it has to be said."""
    if not asked.dialect and asked.schema_text is not None:
        raise Invalid("dialect: say what the database speaks: postgresql, mysql or sqlite.", field="dialect")
    engine = _DIALECTS.get((asked.dialect or _ENGINES[0]).lower())
    if engine is None:
        raise UnsupportedDatabase("dialect: it is postgresql, mysql or sqlite.", field="dialect",
                                  known=sorted(_DIALECTS))  # fmt: skip
    return engine


async def _calibration(ctx: Context, source: Row) -> Calibration:
    return on_feedback(await judgements(ctx.store, source["id"]), on_public_data())


def _rejected(found: Examined, what: str, field: str = "sql") -> SqlRejected:
    issues = [issue.model_dump(mode="json") for issue in found.issues]
    return SqlRejected(f"{what}: {found.issues[-1].message}", field=field, issues=issues)


async def _examined(ctx: Context, store: str | None, sql: str, dialect: str | None = None) -> tuple[Row, Examined]:
    source = await which(ctx, store)
    _speaks(dialect, source, "dialect")
    known: Known = await ctx.port(Engines).of(ctx, source)
    return source, await look(ctx, source, examine, known.graph, sql, cap=CAP)


async def _rows(ctx: Context, source: Row, sql: str, at_most: int) -> Rows:
    try:
        rows = await look(ctx, source, _run_as_reader, source, sql, at_most)
    except SqlExecutionDisabled:
        ctx.note(decision=BLOCKED)
        raise
    ctx.note(decision=EXECUTED)
    return rows


def _powers(session: Reader, source: Row) -> tuple[str, ...]:
    """What the account may do besides reading, unless somebody allowed that by name."""
    return () if source["allow_powerful_account"] else tuple(session.facts.powers)


def _run_as_reader(session: Reader, source: Row, sql: str, at_most: int) -> Rows:
    facts = session.facts
    if _powers(session, source):
        raise SqlExecutionDisabled(
            f"{facts.user} may do more than read ({', '.join(facts.powers[:5])}), so SQL is not run with that account.",
            cure="assay init, then connect as asker_ro; or allow it: assay sources edit --allow-powerful-account",
            powers=list(facts.powers),
        )
    return run(session, sql, at_most)


def _unsure(found: Response, threshold: float) -> ConfidenceTooLow:
    words = f"Not understood: {', '.join(found.not_understood)}. " if found.not_understood else ""
    readings = [one.model_dump(mode="json") for one in found.alternatives]
    if found.best is None:
        return ConfidenceTooLow(f"{words}No reading of this question passed the checks.", field="natural_language",
                                confidence=0.0, threshold=threshold, not_understood=list(found.not_understood),
                                did_you_mean=readings, warnings=list(found.warnings))  # fmt: skip
    first = {
        "sql": found.best.sql,
        "confidence": found.confidence,
        "says": "; ".join(c.says for c in found.explanation),
    }
    return ConfidenceTooLow(
        f"{words}The best reading is right with a chance of {found.confidence:.0%}, below {threshold:.0%}.",
        field="natural_language", confidence=found.confidence, threshold=threshold, sql=found.best.sql,
        not_understood=list(found.not_understood), did_you_mean=[first, *readings], warnings=list(found.warnings),
    )  # fmt: skip


def _checks(tried: Sequence[Tried]) -> tuple[SqlCheck, ...]:
    return tuple(SqlCheck(name=one.name, passed=one.passed, detail=one.detail) for one in tried)


def _said(found: Examined, level: str) -> tuple[str, ...]:
    return tuple(issue.message for issue in found.issues if issue.level == level)


def _metadata(source: Row, found: Examined) -> dict[str, str]:
    expected = {"cost": found.cost, "estimated_rows": found.rows}
    known = {name: f"{value:.15g}" for name, value in expected.items() if value is not None}
    return {"dialect": source["engine"], **known}


def _proof(source: str, claim: str, found: Examined, text: str | None = None) -> Proof:
    sql = found.sql or text or ""
    return Proof(
        kind="ask.sql", subject=source, claim=claim, checks=found.checks,
        facts={"sql": sql, "cost": found.cost, "rows": found.rows},
        reproduce=f"EXPLAIN {sql}" if found.passed else None, replay=(RECHECK, {"source": source, "sql": sql}),
    )  # fmt: skip
