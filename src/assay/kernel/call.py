"""The one path: find, authenticate, authorise, limit, validate, run, check the claims, commit, audit, count."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from opentelemetry import trace
from pydantic import BaseModel, ValidationError
from sqlalchemy import insert, select

from assay.kernel._store import audit, remembered
from assay.kernel.assayed import Verdict, claims
from assay.kernel.caller import NOBODY, Caller
from assay.kernel.catalogue import Catalogue
from assay.kernel.context import Context, Ports
from assay.kernel.jobs import Job, job_of
from assay.kernel.operation import Operation
from assay.kernel.policy import Policy, enforce
from assay.kernel.values import now
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
from assay.ports.gate import Gate, Limiter
from assay.ports.secret import Secret
from assay.ports.store import Change, Late, Row, Unit
from assay.runtime.jobs import Jobs
from assay.runtime.outbox import Outbox
from assay.runtime.telemetry import call_seconds, calls_total, log, tracer

Asked = bytes | Mapping[str, Any] | BaseModel

_log = log(__name__)


@dataclass(frozen=True)
class Desk:
    """What every call needs of the house."""

    catalogue: Catalogue
    ports: Ports
    gate: Gate
    limiter: Limiter
    policies: Sequence[Policy]
    jobs: Jobs
    outbox: Outbox
    settings: object


@dataclass(frozen=True)
class Call:
    """One call on its way: who, what, until when, under which trace and idempotency key."""

    operation: Operation
    caller: Caller
    deadline: Deadline
    trace_id: str
    key: str | None = None


def trace_id() -> str:
    """Id of the span that is open now."""
    return format(trace.get_current_span().get_span_context().trace_id, "032x")


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
        try:
            operation = desk.catalogue.find(name)
            who = caller or await identify(desk, credential)
            span.set_attribute("caller", who.id)
            authorise(operation, who)
            await enforce(desk.policies, desk.limiter, who, name)
            question = validate(operation, asked)
            scope(operation, who, question)
            limit = min((s for s in (timeout_s, operation.timeout_s) if s is not None), default=None)
            this = Call(operation, who, Deadline.after(limit), trace_id(), key)
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
            raise _hidden() from fault
        finally:
            known = name if operation is not None else "unknown"
            took = time.perf_counter() - began
            calls_total.labels(known, outcome).inc()
            call_seconds.labels(known).observe(took)
            _write_down(desk, who, known, operation, question, outcome, took)


def _hidden() -> Internal:
    error = Internal("Something went wrong inside; the log has it under this trace id.")
    error.trace_id = trace_id()
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
    if this.key is None or this.operation.effect not in ("write", "job"):
        return await _answer(desk, this, question)
    digest = hashlib.sha256(f"{this.operation.name}\n{question.model_dump_json()}".encode()).hexdigest()
    had = await _recall(desk, this, digest)
    if had is not None:
        return had
    try:
        return await _answer(desk, this, question, digest)
    except Conflict:
        had = await _recall(desk, this, digest)
        if had is None:
            raise
        return had


async def _recall(desk: Desk, this: Call, digest: str) -> Any:
    found = select(remembered).where(remembered.c.caller_id == this.caller.id, remembered.c.key == this.key)
    rows = await desk.ports.store.rows(found)
    if not rows:
        return None
    if rows[0]["digest"] != digest:
        raise Conflict("This Idempotency-Key was used for another question.", field="Idempotency-Key")
    if this.operation.effect == "job":
        row = await desk.jobs.find(rows[0]["answer"]["id"])
        return job_of(row) if row is not None else Job.model_validate(rows[0]["answer"])
    return this.operation.answer.validate_python(rows[0]["answer"])


async def _answer(desk: Desk, this: Call, question: BaseModel, digest: str | None = None) -> Any:
    if this.operation.effect == "stream":
        raise Invalid(f"{this.operation.name} is a stream.", field="operation")
    if this.operation.effect == "job":
        return await _queue(desk, this, question, digest)
    ctx = context(desk, this)
    try:
        async with asyncio.timeout(this.deadline.left() if this.deadline.at is not None else None):
            answer = await this.operation.run(question, ctx)
    except TimeoutError as late:
        if this.deadline.at is not None and this.deadline.left() == 0:
            raise TimedOut(f"{this.operation.name} took longer than its deadline.") from late
        raise
    await check_claims(desk, this.operation, answer)
    unit = unit_of(desk, ctx, this)
    if digest is not None:
        unit.append(_remember(this, digest, this.operation.answer.dump_python(answer, mode="json")))
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
        unit.append(_remember(this, digest, {**row, "created_at": row["created_at"].isoformat()}))
    await desk.ports.store.commit(unit)
    desk.jobs.wake()
    return job_of(row)


def _remember(this: Call, digest: str, answer: Any) -> Change:
    values = {"caller_id": this.caller.id, "key": this.key, "operation": this.operation.name}
    return Change(insert(remembered).values(**values, digest=digest, answer=answer, at=now()))


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
        return await finish(desk, answer) if isinstance(answer, Job) else answer

    return Context(
        caller=this.caller, ports=desk.ports, deadline=this.deadline, trace_id=this.trace_id, call=nested,
        report=report, job=job, settings=desk.settings,
    )  # fmt: skip


async def finish(desk: Desk, job: Job) -> Any:
    """Wait for a job and return its answer; raise what it failed with."""
    async for row in desk.jobs.watch(job.id):
        job = job_of(row)
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
    operation = desk.catalogue.find(name)
    began = time.perf_counter()
    outcome, who, question = "INTERNAL", caller or NOBODY, None
    with tracer.start_as_current_span(name):
        here = trace_id()
    try:
        who = caller or await identify(desk, credential)
        authorise(operation, who)
        await enforce(desk.policies, desk.limiter, who, name)
        question = validate(operation, asked)
        scope(operation, who, question)
        this = Call(operation, who, Deadline(), here)
        ctx = context(desk, this)
        async with contextlib.aclosing(operation.run(question, ctx)) as items:
            async for item in items:
                await check_claims(desk, operation, item)
                await commit(desk, unit_of(desk, ctx, this), announced=bool(ctx.announced))
                ctx.unit.clear()
                ctx.announced.clear()
                yield item
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
        hidden = _hidden()
        hidden.trace_id = here
        raise hidden from fault
    finally:
        took = time.perf_counter() - began
        calls_total.labels(name, outcome).inc()
        _write_down(desk, who, name, operation, question, outcome, took, here)


async def perform(desk: Desk, row: Row, report: Any) -> tuple[Any, Unit]:
    """Do a job's work as the caller who asked for it; return its result and what to commit with it."""
    operation = desk.catalogue.find(row["operation"])
    with tracer.start_as_current_span(operation.name) as span:
        span.set_attribute("job", row["id"])
        caller = caller_of(row["caller"])
        authorise(operation, caller)
        question = validate(operation, row["asked"])
        this = Call(operation, caller, Deadline(), row["trace_id"])
        ctx = context(desk, this, report=report, job=row["id"])
        answer = await operation.run(question, ctx)
        await check_claims(desk, operation, answer)
        return operation.answer.dump_python(answer, mode="json"), unit_of(desk, ctx, this)


def _write_down(
    desk: Desk, who: Caller, name: str, operation: Operation | None, question: BaseModel | None, outcome: str, took: float,
    trace: str | None = None,
) -> None:  # fmt: skip
    if operation is not None and operation.effect == "read" and who.id.startswith("room:"):
        return
    asked = ""
    if operation is not None and question is not None:
        kept = question.model_dump(mode="json", exclude=set(operation.redact), exclude_defaults=True)
        asked = json.dumps(kept, ensure_ascii=False)[:4_000]
    values = {"caller_id": who.id, "caller_name": who.name, "operation": name, "asked": asked, "outcome": outcome}
    entry = insert(audit).values(**values, at=now(), took_ms=round(took * 1000, 3), trace_id=trace or trace_id())
    desk.ports.store.enqueue([Change(entry)])
