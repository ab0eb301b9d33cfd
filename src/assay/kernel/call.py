"""The one path: find, authenticate, authorise, limit, validate, run, check the claims, commit, audit, count."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import AsyncIterator, Mapping
from typing import Any

from opentelemetry import trace
from pydantic import BaseModel, ValidationError

from assay.kernel import once
from assay.kernel.assayed import Verdict, claims
from assay.kernel.audit import write_down
from assay.kernel.caller import NOBODY, Caller
from assay.kernel.context import Context
from assay.kernel.desk import Call, Desk, trace_id
from assay.kernel.jobs import Job, job_of
from assay.kernel.operation import Operation
from assay.kernel.policy import enforce
from assay.ports.deadline import Deadline
from assay.ports.errors import (
    AssayError,
    Cancelled,
    Conflict,
    Forbidden,
    Internal,
    Invalid,
    TimedOut,
    Unauthenticated,
    rebuild,
)
from assay.ports.secret import Secret
from assay.ports.store import Change, Late, Row, Unit
from assay.runtime.telemetry import call_seconds, calls_total, log, tracer

Asked = bytes | Mapping[str, Any] | BaseModel

_log = log(__name__)


async def identify(desk: Desk, credential: Secret | None) -> Caller:
    """Return who stands behind a credential, NOBODY without one; raise Unauthenticated when it is not known."""
    if credential is None:
        return NOBODY
    known = await desk.gate.identify(credential)
    if known is None:
        raise Unauthenticated("This sign-in is not known, or has expired.", cure="Open a new sign-in URL: assay url")
    return Caller(known.id, known.name, known.roles, known.scopes)


async def call(
    desk: Desk,
    name: str,
    asked: Asked,
    *,
    credential: Secret | None = None,
    caller: Caller | None = None,
    key: str | None = None,
    timeout_s: float | None = None,
) -> Any:
    """Ask one operation; a job answers with its Job, a stream is asked through `stream`.

    Args:
        asked: JSON bytes, a mapping, or the question itself.
        credential: what the caller showed; a room that calls for itself gives `caller` instead.
        key: Idempotency-Key: the same question under the same key is answered with the same answer, once.
        timeout_s: seconds until nobody waits any more, at most the operation's own limit.
    """
    with tracer.start_as_current_span(name) as span:
        began = time.perf_counter()
        outcome, who, question = "INTERNAL", caller or NOBODY, None
        operation: Operation | None = None
        noted: dict[str, object] = {}
        try:
            operation = desk.catalogue.find(name)
            who = caller or await identify(desk, credential)
            span.set_attribute("caller", who.id)
            authorise(operation, who)
            await enforce(desk.policies, desk.limiter, who, name)
            question = validate(operation, asked)
            scope(operation, who, question)
            limit = min((s for s in (timeout_s, operation.timeout_s) if s is not None), default=None)
            this = Call(operation, who, Deadline.after(limit), trace_id(), key, noted)
            answer = await _once(desk, this, question)
            outcome = "OK"
            return answer
        except AssayError as error:
            outcome = error.code
            error.trace_id = error.trace_id or trace_id()
            raise
        except asyncio.CancelledError:
            outcome = Cancelled.code
            raise
        except Exception as fault:
            _log.exception("call failed", operation=name)
            raise _hidden(trace_id()) from fault
        finally:
            known = name if operation is not None else "unknown"
            took = time.perf_counter() - began
            calls_total.labels(known, outcome).inc()
            call_seconds.labels(known).observe(took)
            write_down(
                desk, who=who, operation=operation, question=question, noted=noted, outcome=outcome, took_s=took,
                trace_id=trace_id(),
            )  # fmt: skip


def _hidden(trace: str) -> Internal:
    error = Internal("Something went wrong inside; the log has it under this trace id.")
    error.trace_id = trace
    return error


def authorise(operation: Operation, caller: Caller) -> None:
    """Raise Unauthenticated or Forbidden unless the caller may ask this."""
    if caller.may(operation.needs):
        return
    if caller is NOBODY:
        raise Unauthenticated("Sign in first.", cure="Open a sign-in URL (assay url), or send a bearer token.")
    raise Forbidden(f"{caller.name} may not {operation.name}.", needs=operation.needs)


def scope(operation: Operation, caller: Caller, question: BaseModel) -> None:
    """Raise Forbidden when the question names a thing outside of the caller's scopes."""
    if operation.scope is not None:
        kind, field = operation.scope
        thing = getattr(question, field)
        if thing is not None:
            caller.require(kind, str(thing))


def validate(operation: Operation, asked: Asked) -> BaseModel:
    """Return the question; raise Invalid with the field that is wrong and what would be right."""
    try:
        if isinstance(asked, bytes):
            return operation.question.validate_json(asked or b"{}")
        if isinstance(asked, operation.asks):
            return asked
        values = asked.model_dump() if isinstance(asked, BaseModel) else asked
        return operation.question.validate_python(values)
    except ValidationError as error:
        raise invalid(error) from None


def invalid(error: ValidationError) -> Invalid:
    """Turn pydantic's findings into our one shape, without the values that were sent."""
    found = error.errors(include_url=False, include_input=False, include_context=False)
    wrong = [{"field": ".".join(str(part) for part in one["loc"]) or "body", "problem": one["msg"]} for one in found]
    first = wrong[0]
    return Invalid(f"{first['field']}: {first['problem']}.", field=first["field"], problems=wrong[:20])


async def _once(desk: Desk, this: Call, question: BaseModel) -> Any:
    if not once.applies(this):
        return await _answer(desk, this, question)
    digest = once.digest_of(desk, this, question)
    async with once.turn(desk, this):
        had = await once.recall(desk, this, digest)
        if had is not None:
            return had
        try:
            return await _answer(desk, this, question, digest)
        except Conflict:  # another process may have answered the same question meanwhile
            had = await once.recall(desk, this, digest)
            if had is None:
                raise
            return had


async def _answer(desk: Desk, this: Call, question: BaseModel, digest: str | None = None) -> Any:
    if this.operation.effect == "stream":
        raise Invalid(f"{this.operation.name} is a stream.", field="operation")
    if this.operation.effect == "job":
        return await _queue(desk, this, question, digest)
    ctx = context(desk, this)
    limit = asyncio.timeout(this.deadline.left() if this.deadline.at is not None else None)
    try:
        async with limit:
            answer = await this.operation.run(question, ctx)
    except TimeoutError as late:
        if limit.expired():
            raise TimedOut(f"{this.operation.name} took longer than its deadline.") from late
        raise
    await check_claims(desk, this.operation, answer)
    unit = unit_of(desk, ctx, this)
    if digest is not None:
        unit.append(once.remember(desk, this, digest, this.operation.answer.dump_python(answer, mode="json")))
    await commit(desk, unit, announced=bool(ctx.announced))
    return answer


async def _queue(desk: Desk, this: Call, question: BaseModel, digest: str | None) -> Job:
    row = desk.jobs.new(
        operation=this.operation.name,
        asked=question.model_dump(mode="json"),
        caller=caller_json(this.caller),
        trace_id=this.trace_id,
    )
    unit: list[Change | Late] = [desk.jobs.submission(row)]
    if digest is not None:
        unit.append(once.remember(desk, this, digest, {**row, "created_at": row["created_at"].isoformat()}))
    await desk.ports.store.commit(unit)
    desk.jobs.wake()
    return job_of(row)


def caller_json(caller: Caller) -> dict[str, Any]:
    """A caller as jobs and events keep it."""
    return {"id": caller.id, "name": caller.name, "roles": sorted(caller.roles), "scopes": sorted(caller.scopes)}


def caller_of(kept: Mapping[str, Any]) -> Caller:
    """The caller that `caller_json` kept."""
    return Caller(kept["id"], kept["name"], frozenset(kept["roles"]), frozenset(kept["scopes"]))


def context(desk: Desk, this: Call, *, report: Any = None, job: str | None = None) -> Context:
    """Make the context of a call; its `call` asks other operations as the same caller."""

    async def nested(name: str, asked: BaseModel | Mapping[str, Any]) -> Any:
        answer = await call(desk, name, asked, caller=this.caller, timeout_s=this.deadline.left(1e9))
        if desk.catalogue.find(name).effect != "job":
            return answer
        with desk.jobs.aside(job):
            return await finish(desk, answer)

    return Context(
        caller=this.caller, ports=desk.ports, deadline=this.deadline, trace_id=this.trace_id, call=nested,
        report=report, job=job, settings=desk.settings, noted=this.noted,
    )  # fmt: skip


async def finish(desk: Desk, job: Job) -> Any:
    """Wait for a job and return its answer; raise what it failed with. Whoever stops waiting stops the job."""
    try:
        async for row in desk.jobs.watch(job.id):
            job = job_of(row)
    except asyncio.CancelledError:
        await desk.jobs.cancel(job.id)
        raise
    return result_of(desk, job)


def result_of(desk: Desk, job: Job) -> Any:
    """Return an ended job's answer, as the operation types it; raise the error it ended with."""
    if job.state == "done":
        return desk.catalogue.find(job.operation).answer.validate_python(job.result)
    error = job.error or {"code": job.state.upper(), "message": f"Job {job.id} is {job.state}.", "details": {}}
    known = rebuild(error["code"], error["message"], error["details"])
    known.trace_id = job.trace_id
    raise known


async def check_claims(desk: Desk, operation: Operation, answer: object) -> None:
    """Refuse an answer that says `assayed` without evidence that the ledger holds."""
    cited = {ref for claim in claims(answer) if claim.verdict is Verdict.ASSAYED for ref in claim.evidence}
    if cited and not await desk.ports.ledger.holds(sorted(cited)):
        raise Internal(f"{operation.name} claims what the ledger does not hold.")


def unit_of(desk: Desk, ctx: Context, this: Call) -> list[Change | Late]:
    """What an operation changed and announced, as one unit."""
    kept = caller_json(this.caller)
    told = [
        desk.outbox.announcement(event, aggregate, body, caller=kept, trace_id=this.trace_id)
        for event, aggregate, body in ctx.announced
    ]
    return [*ctx.unit, *told]


async def commit(desk: Desk, unit: Unit, *, announced: bool) -> None:
    """Commit a unit, and deliver what it announced."""
    if unit:
        await desk.ports.store.commit(unit)
    if announced:
        desk.outbox.wake()


async def stream(
    desk: Desk, name: str, asked: Asked, *, credential: Secret | None = None, caller: Caller | None = None
) -> AsyncIterator[Any]:
    """Ask a stream: the same path, then items until it ends; changes commit step by step."""
    began = time.perf_counter()
    outcome, who, question = "INTERNAL", caller or NOBODY, None
    operation: Operation | None = None
    noted: dict[str, object] = {}
    with tracer.start_as_current_span(name):
        here = trace_id()
    try:
        operation = desk.catalogue.find(name)
        who = caller or await identify(desk, credential)
        authorise(operation, who)
        await enforce(desk.policies, desk.limiter, who, name)
        if operation.effect != "stream":
            raise Invalid(f"{name} is no stream.", field="operation")
        question = validate(operation, asked)
        scope(operation, who, question)
        this = Call(operation, who, Deadline(), here, noted=noted)
        ctx = context(desk, this)
        async with contextlib.aclosing(operation.run(question, ctx)) as items:
            async for item in items:
                await check_claims(desk, operation, item)
                await _commit_step(desk, ctx, this)
                yield item
        await _commit_step(desk, ctx, this)
        outcome = "OK"
    except AssayError as error:
        outcome = error.code
        error.trace_id = error.trace_id or here
        raise
    except (asyncio.CancelledError, GeneratorExit):
        outcome = Cancelled.code
        raise
    except Exception as fault:
        _log.exception("stream failed", operation=name, trace_id=here)
        raise _hidden(here) from fault
    finally:
        took = time.perf_counter() - began
        calls_total.labels(operation.name if operation is not None else "unknown", outcome).inc()
        write_down(
            desk, who=who, operation=operation, question=question, noted=noted, outcome=outcome, took_s=took,
            trace_id=here,
        )  # fmt: skip


async def _commit_step(desk: Desk, ctx: Context, this: Call) -> None:
    await commit(desk, unit_of(desk, ctx, this), announced=bool(ctx.announced))
    ctx.unit.clear()
    ctx.announced.clear()


async def perform(desk: Desk, row: Row, report: Any) -> tuple[Any, Unit]:
    """Do a job's work as the caller who asked for it; return its result and what to commit with it."""
    operation = desk.catalogue.find(row["operation"])
    with tracer.start_as_current_span(operation.name, context=_within(row["trace_id"])) as span:
        span.set_attribute("job", row["id"])
        caller = caller_of(row["caller"])
        authorise(operation, caller)
        question = validate(operation, row["asked"])
        this = Call(operation, caller, Deadline(), row["trace_id"])
        ctx = context(desk, this, report=report, job=row["id"])
        answer = await operation.run(question, ctx)
        await check_claims(desk, operation, answer)
        return operation.answer.dump_python(answer, mode="json"), unit_of(desk, ctx, this)


def _within(trace_id: str) -> Any:
    """Surroundings in which a new span belongs to the trace of the call that queued the job."""
    there = trace.SpanContext(int(trace_id, 16), secrets.randbits(64) or 1, True, trace.TraceFlags(1))
    return trace.set_span_in_context(trace.NonRecordingSpan(there))
