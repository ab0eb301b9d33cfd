"""Work on a connected database: scan, advise, simulate, measure, check again."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import insert

from assay.kernel.assayed import Verdict
from assay.kernel.context import Context
from assay.kernel.operation import Post, operation
from assay.kernel.values import now
from assay.ports.databases import Session
from assay.ports.errors import Conflict, Invalid, NotFound, Refused, TimedOut, Unavailable
from assay.ports.ledger import Proof, Tried
from assay.ports.store import Change, Row
from assay.sources.cache import SchemaCache
from assay.sources.visit import by_plugin, look, unseal, visit, which
from assay.workload import history, keeping
from assay.workload._store import simulations
from assay.workload.advice_model import AdviceStatement, AdviceWork
from assay.workload.advise import advise as search_indexes
from assay.workload.events import INDEXES_ADVISED, WORKLOAD_SCANNED
from assay.workload.model import IndexAdvice, Measurement, Rechecked, Recommendation, ScanReport, Simulation
from assay.workload.plan import read_plan
from assay.workload.plan_model import Sample
from assay.workload.questions import (
    AdviseIndexes,
    ListBottlenecks,
    MeasureQuery,
    RecheckClaim,
    ScanWorkload,
    SimulateFix,
)
from assay.workload.recheck import recheck as check_again
from assay.workload.scan import ScanWork, read_workload
from assay.workload.scan import scan as scan_database
from assay.workload.scan_keeping import keep_scan, scan_proofs
from assay.workload.simulate import simulate as plan_with_fix
from assay.workload.statement import repair
from assay.workload.suggest.consult import hear, part_of
from assay.workload.suggest.wording import worded

MEGABYTE = 1_000_000


@operation("workload.scan", effect="job", needs="workload:scan", http=Post("/api/v1/scans"), resumes=True,
           errors=[NotFound, Invalid, Unavailable, Refused],
           when="you want to know what a database suffers from now")  # fmt: skip
async def scan(asked: ScanWorkload, ctx: Context) -> ScanReport:
    """Read a database's statement statistics, plan the statements that cost most, and say what they suffer from."""
    source = await which(ctx, asked.source, "postgresql")
    schema = await ctx.port(SchemaCache).of(ctx, source)
    known = await history.query_rows(ctx, source["id"])
    work = ScanWork(
        dsn=unseal(ctx, source), source=source["id"], schema=schema, top=asked.top, min_mean_ms=asked.min_mean_ms,
        limit=asked.limit, previous=await history.mark_of(ctx, source["id"]),
        known={id: row["fingerprint"] for row in known.values() for id in row["queryids"]},
    )  # fmt: skip
    if by_plugin(source):
        result = await look(ctx, source, read_workload, work)
    else:
        result = await ctx.workers.in_process(scan_database, work, report=ctx.report)
    ids = await ctx.prove(scan_proofs(source["id"], result))
    report, changes = keep_scan(source["id"], result, ids, known, await history.advised(ctx, source["id"]))
    ctx.change(*changes)
    ctx.announce(WORKLOAD_SCANNED, source["id"], {"source": source["id"], "scan": report.id})
    return report


@operation("workload.advise", effect="job", needs="workload:advise", http=Post("/api/v1/advice"), resumes=True,
           errors=[NotFound, Invalid, Unavailable, Refused],
           when="queries are slow and you want to know which indexes would help")  # fmt: skip
async def advise(asked: AdviseIndexes, ctx: Context) -> IndexAdvice:
    """Say which indexes would make a workload cheaper, by how much, and what they cost."""
    source = await which(ctx, asked.source, "postgresql")
    statements = await _statements(ctx, source["id"], asked.statements)
    if not statements:
        raise Conflict(f"{source['name']} was not scanned yet.", cure="assay scan", field="source")
    budget = round(asked.budget_mb * MEGABYTE) if asked.budget_mb is not None else None
    schema = await ctx.port(SchemaCache).of(ctx, source)
    heard = await hear(ctx, source["id"], schema, statements, max_width=asked.max_width)
    work = AdviceWork(
        dsn=unseal(ctx, source), schema=schema, statements=statements, budget_bytes=budget, max_width=asked.max_width,
        seconds=asked.seconds, proposals=heard.proposals if heard else (),
    )  # fmt: skip
    result = await ctx.workers.in_process(search_indexes, work, report=ctx.report)
    words = await worded(ctx, result, asked=heard is not None and heard.part.model is not None)
    models = part_of(heard, result.proposals, words)
    evidence = await ctx.prove(keeping.advice_proofs(source["id"], result, models))
    at = now()
    recs = [
        keeping.recommendation_of(source["id"], draft, ref, at)
        for draft, ref in zip(result.drafts, evidence[1:], strict=True)
    ]
    advice = keeping.advice_of(source["id"], result, recs, evidence[0], budget, at)
    advice = advice.model_copy(update={"summary": words.text, "worded_by": words.by, "models": models})
    ctx.change(*keeping.keep_advice(advice))
    ctx.announce(INDEXES_ADVISED, source["id"], {"source": source["id"], "recommendations": len(recs)})
    return advice


async def _statements(ctx: Context, source: str, most: int) -> tuple[AdviceStatement, ...]:
    window = await history.window_of(ctx, source, None)
    rows = await history.query_rows(ctx, source)
    ids = [id for id in history.worst_first(window, ListBottlenecks()) if id in rows]
    return tuple(
        AdviceStatement(
            id=id, text=rows[id]["raw_sql"], calls=window.loads[id].calls, rows=window.loads[id].rows,
            shared_blocks=window.loads[id].shared_blocks_hit + window.loads[id].shared_blocks_read,
            title=rows[id]["title"],
        )
        for id in ids[:most]
    )  # fmt: skip


@operation("workload.simulate", effect="write", needs="workload:advise", http=Post("/api/v1/simulate"),
           errors=[NotFound, Invalid, Unavailable, Refused, TimedOut],
           when="you want to see what one fix does to one statement's plan")  # fmt: skip
async def simulate(asked: SimulateFix, ctx: Context) -> Simulation:
    """Plan a statement with and without a fix, now, and compare the plans; nothing is built."""
    query = await history.query_row(ctx, asked.query_id)
    kept = await history.recommendation_row(ctx, asked.rec_id)
    if kept["source"] != query["source"]:
        raise Invalid("rec_id: this recommendation is for another database.", field="rec_id")
    source = await which(ctx, query["source"], "postgresql")
    fix = Recommendation.model_validate(kept["recommendation"])
    samples = await _samples(ctx, query)
    schema = await ctx.port(SchemaCache).of(ctx, source)
    done = await visit(ctx, source, plan_with_fix, query["raw_sql"], samples, fix, schema)
    (ref,) = await ctx.prove([keeping.simulation_proof(query["source"], query["id"], fix, done)])
    simulation = keeping.simulation_of(query["id"], fix.id, done, ref)
    ctx.change(
        Change(
            insert(simulations).values(
                id=simulation.id,
                query_id=query["id"],
                rec_id=fix.id,
                source=query["source"],
                simulation=simulation.model_dump(mode="json"),
                at=simulation.ran_at,
            )
        )
    )
    return simulation


async def _samples(ctx: Context, query: Row) -> tuple[tuple[str | None, ...], ...]:
    """Values that the last scan planned a statement with; none when it was not planned."""
    kept = await history.plan_row(ctx, query["id"])
    return tuple(Sample.model_validate(sample).values for sample in kept["samples"]) if kept else ()


@operation("workload.measure", effect="write", needs="workload:measure", http=Post("/api/v1/queries/{id}/measure"),
           errors=[NotFound, Invalid, Unavailable, Refused, TimedOut], timeout_s=60,
           when="you were asked to run a statement for real, and its cost estimate is not enough")  # fmt: skip
async def measure(asked: MeasureQuery, ctx: Context) -> Measurement:
    """Run a statement with EXPLAIN (ANALYZE, BUFFERS) in a read-only transaction that is rolled back."""
    query = await history.query_row(ctx, asked.id)
    source = await which(ctx, query["source"], "postgresql")
    values = asked.values if asked.values is not None else next(iter(await _samples(ctx, query)), None)
    return await _measured(ctx, source, query, values)


async def _measured(ctx: Context, source: Row, query: Row, values: Sequence[str | None] | None) -> Measurement:
    at = now()
    text = repair(query["norm_sql"])  # as the server wrote it where no scan has judged it yet

    def run(session: Session) -> tuple[object, str]:
        return session.measure(text, values), session.facts.version

    json, version = await visit(ctx, source, run)
    plan = read_plan(json, "measured", tuple(values or ()))  # pyright: ignore[reportArgumentType]
    blocks = (plan.root.blocks_hit or 0) + (plan.root.blocks_read or 0)
    took = plan.execution_ms or 0.0
    proof = Proof(
        kind="workload.measurement",
        subject=query["id"],
        claim=f"{query['id']} ran once in {took:.3g} ms and touched {blocks:,} shared blocks.",
        checks=(Tried("Ran in a read-only transaction that was rolled back", True, f"{took:.3g} ms", took),),
        facts={"shared_blocks": blocks, "execution_ms": took, "server": version, "values": list(values or ())},
        reproduce=f"BEGIN READ ONLY;\nEXPLAIN (ANALYZE, BUFFERS) {text};\nROLLBACK;",
    )
    evidence = await ctx.prove([proof])
    return Measurement(
        query_id=query["id"], verdict=Verdict.ASSAYED, evidence=evidence, plan=plan, execution_ms=took,
        shared_blocks=blocks, ran_at=at,
    )  # fmt: skip


@operation("workload.recheck", effect="write", needs="workload:advise", http=Post("/api/v1/rechecks"),
           scope=("database", "source"), errors=[NotFound, Invalid, Unavailable, Refused], timeout_s=120)  # fmt: skip
async def recheck(asked: RecheckClaim, ctx: Context) -> Rechecked:
    """Run the checks of a claim of this room again, as its evidence says; the ledger asks this to replay."""
    source = await which(ctx, asked.source, "postgresql")
    again = await visit(ctx, source, check_again, asked.kind, asked.payload)
    proof = Proof(
        kind=f"{asked.kind}.replay", subject=source["id"], claim=f"{asked.kind} was checked again.",
        checks=again.checks, facts=again.facts, replay=(keeping.RECHECK, asked.model_dump(mode="json")),
    )  # fmt: skip
    return Rechecked(passed=again.passed, facts=dict(again.facts), evidence=await ctx.prove([proof]))
