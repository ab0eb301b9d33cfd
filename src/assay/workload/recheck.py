"""Runs the checks of an earlier proof again: same statements, same values, same change, today's server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from assay.ports.databases import Session
from assay.ports.errors import Invalid, Refused
from assay.ports.ledger import Tried
from assay.sources.introspect import read_schema
from assay.workload.advice_model import Effect
from assay.workload.drops import Drop, covers, drop_facts, droppable, find_drops, window_seconds
from assay.workload.index_proof import index_facts
from assay.workload.judging import Judge
from assay.workload.rules.draft import Ran
from assay.workload.simulate import imagine_all
from assay.workload.verify import LEAST_SAVING, MOST_DEARER, worst
from assay.workload.whatif import hypothetical_left, index_names


@dataclass(frozen=True, slots=True)
class Recheck:
    """What came of it; `facts` has the keys of the proof that is replayed."""

    passed: bool
    checks: tuple[Tried, ...]
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])


def recheck(session: Session, kind: str, payload: Mapping[str, Any]) -> Recheck:
    """Check a claim of this room again, as its payload says.

    Raises Invalid when the payload is of no known kind or incomplete, and what the session raises.
    """
    try:
        match payload.get("kind"):
            case "index":
                return recheck_index(session, payload)
            case "drop":
                return recheck_drop(session, payload)
            case "finding":
                return recheck_finding(session, payload)
            case _:
                raise Invalid(f"{kind}: its evidence does not say how to check it again.", field="payload")
    except KeyError as error:
        raise Invalid(f"{kind}: its evidence lacks {error}, so it cannot be checked again.", field="payload") from None


def recheck_index(session: Session, payload: Mapping[str, Any]) -> Recheck:
    """Plan the proof's statements without and with the index, the same others given; see `index_payload`."""
    statements = cast("list[dict[str, Any]]", payload["statements"])
    given = [str(one) for one in payload["given"]]
    size: int | None = None
    try:
        imagine_all(session, given)
        before = [_plans(session, statement, "") for statement in statements]
        imagined = session.imagine(str(payload["definition"]))
        size = imagined.bytes
        after = [_plans(session, statement, imagined.name) for statement in statements]
    finally:
        session.forget()
    left = hypothetical_left(session)
    effects = [
        Effect(
            str(statement["id"]),
            float(statement["calls"]),
            tuple(b),
            tuple(a),
            used,
            shares=tuple(float(share) for share in statement["shares"]),
        )
        for statement, (b, _), (a, used) in zip(statements, before, after, strict=True)
    ]
    pays = max((effect.gain for effect in effects if effect.uses), default=0.0)
    dearest = max((worst(effect) for effect in effects), default=0.0)
    checks = (
        Tried("The planner costed it", bool(effects), f"{len(effects)} statements"),
        Tried("A plan uses it", any(effect.uses for effect in effects)),
        Tried(f"It takes at least {LEAST_SAVING:.0%} off a statement", pays >= LEAST_SAVING, f"{pays:.1%}"),
        Tried(f"None of them gets more than {MOST_DEARER:.0%} dearer", dearest <= MOST_DEARER, f"{dearest:.2%}"),
        Tried("No hypothetical index was left", left == 0, f"{left} left"),
    )
    facts = index_facts(str(payload["ddl"]), given, effects, size, session.facts)
    return Recheck(all(check.passed for check in checks), checks, facts)


def _plans(session: Session, statement: Mapping[str, Any], name: str) -> tuple[list[float], bool]:
    """Cost every sample; also whether any plan reads the index of that name."""
    costs: list[float] = []
    used = False
    for values in cast("list[list[str | None]]", statement["samples"]) or [[]]:
        plan = session.plan(str(statement["text"]), values or None)
        costs.append(float(plan["Total Cost"]))
        used = used or name in index_names(plan)
    return costs, used


def recheck_drop(session: Session, payload: Mapping[str, Any]) -> Recheck:
    """Read the catalogue again and see whether the index is still one to drop, for the same reason."""
    schema = read_schema(session, "")
    table = next((t for t in schema.tables if t.qualified == payload["table"]), None)
    index = next((i for i in table.indexes if i.name == payload["index"]), None) if table else None
    if table is None or index is None:
        raise Refused(f"{payload['table']} has no index {payload['index']} any more.", sqlstate="42704")
    found = next((d for d in find_drops(schema) if d.index.name == index.name and d.table == table), None)
    drop = found if found is not None else Drop(table, index, payload["why"])
    checks = [
        Tried("No constraint, key or replication needs it", droppable(index)),
        Tried(f"It is still {payload['why']}", found is not None and found.why == payload["why"]),
    ]
    if drop.cover is not None:
        checks.append(Tried("Another index does its work", covers(drop.cover, index), drop.cover.definition))
    facts = drop_facts(drop, window_seconds(schema), session.facts)
    return Recheck(all(check.passed for check in checks), tuple(checks), facts)


def recheck_finding(session: Session, payload: Mapping[str, Any]) -> Recheck:
    """Judge a statement again, from a fresh schema, and look for the same finding about the same table."""
    judge = Judge(session, read_schema(session, ""))
    _, judged = judge.judge(str(payload["fingerprint"]), str(payload["text"]), Ran(**payload["ran"]))
    if judged.error is not None:
        raise Refused(f"The statement cannot be planned any more: {judged.error}")
    same = (draft for draft in judged.drafts if (draft.kind, draft.table) == (payload["finding"], payload["table"]))
    draft = next(same, None)
    if draft is None:
        gone = Tried("The rule still finds it", False, "It is not found any more.")
        return Recheck(False, (gone,), {})
    here = {"server_version": session.facts.version, "account": session.facts.user}
    return Recheck(all(check.passed for check in draft.proof), draft.proof, {**draft.facts, **here})
