"""What can be asked of the ledger, asked through the house."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.evidence.compare import differences
from assay.kernel.caller import Caller
from assay.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable
from assay.ports.ledger import Proof, Tried
from trial.house import VIEWER, Trial

from .ledgers import proof
from .scales import READING

pytestmark = pytest.mark.anyio


async def record(house: Trial, *proofs: Proof) -> tuple[str, ...]:
    return await house.house.desk.ports.ledger.record(proofs)


def scribble(house: Trial, statement: str) -> None:
    with sqlite3.connect(house.settings.database) as file:
        file.execute(statement)


async def test_an_entry_is_shown_as_it_was_written_between_its_neighbours(house: Trial) -> None:
    before, this, after = await record(house, *(proof(n) for n in (1, 2, 3)))
    shown = await house.ask("evidence.get", id=this)
    given = proof(2)
    assert (shown.id, shown.kind, shown.subject, shown.claim) == (this, given.kind, given.subject, given.claim)
    assert [check.name for check in shown.checks] == [check.name for check in given.checks]
    assert shown.facts == given.facts and shown.reproduce == given.reproduce
    assert shown.passed and shown.intact and not shown.expired and not shown.replayable
    assert (shown.before[0], shown.after[0]) == (before, after)
    assert shown.before[1] == (await house.ask("evidence.get", id=before)).mac
    assert abs(datetime.now(UTC) - shown.at) < timedelta(minutes=1)
    assert shown.valid_until == shown.at + timedelta(hours=1)
    assert (await house.ask("evidence.get", id=after)).after is None


async def test_a_proof_that_has_a_failed_check_or_none_has_not_passed(house: Trial) -> None:
    failed, none = await record(house, proof(0), proof(1, checks=[]))
    assert not (await house.ask("evidence.get", id=failed)).passed
    assert not (await house.ask("evidence.get", id=none)).passed


@pytest.mark.parametrize("id", ["E-999", "E-99999999999999999999"])
async def test_an_entry_that_is_not_there_is_not_found(house: Trial, id: str) -> None:
    with pytest.raises(NotFound, match=id):
        await house.ask("evidence.get", id=id)
    with pytest.raises(Invalid, match="id"):
        await house.ask("evidence.get", id="5; DROP TABLE evidence_entries")


async def test_a_list_is_newest_first_filtered_and_in_pages_that_stand_still(house: Trial) -> None:
    ids = list(await record(house, *(proof(n) for n in range(25))))
    seen: list[str] = []
    cursor = None
    while True:
        page = await house.ask("evidence.list", limit=10, cursor=cursor)
        seen += [one.id for one in page.items]
        await record(house, proof(0))
        if (cursor := page.next_cursor) is None:
            break
    assert seen == ids[::-1] and page.total == 27

    async def found(**asked: Any) -> list[str]:
        return [one.id for one in (await house.ask("evidence.list", limit=500, **asked)).items]

    assert len(await found(passed=False)) == 5 + 3 and len(await found(subject="rec_6")) == 3
    assert await found(kind="workload.rewrite") == []
    assert await found(search="№13 CHEAPER") == [ids[13]]
    assert await found(search="100% _") == []
    with pytest.raises(Invalid, match="cursor"):
        await house.ask("evidence.list", cursor="x")


async def test_what_was_changed_is_shown_as_changed_and_not_as_passed(house: Trial) -> None:
    one, two, three = await record(house, *(proof(n) for n in (1, 2, 3)))
    scribble(house, "UPDATE evidence_entries SET claim = 'All is well' WHERE number = 1")
    scribble(house, "UPDATE evidence_payloads SET sealed = x'00' WHERE number = 2")
    for id in (one, two):
        shown = await house.ask("evidence.get", id=id)
        assert not shown.intact and not shown.passed and shown.checks == () and shown.facts == {}
        with pytest.raises(Conflict, match=id):
            await house.ask("evidence.replay", id=id)
    assert [shown.intact for shown in (await house.ask("evidence.list")).items] == [True, False, False]
    scribble(house, "UPDATE evidence_entries SET at = 5 WHERE number = 3")
    with pytest.raises(Conflict, match=three):
        await house.ask("evidence.get", id=three)
    assert [shown.id for shown in (await house.ask("evidence.list")).items] == [two, one]
    verified = await house.ask("evidence.verify")
    assert not verified.whole and len(verified.broken) == 3


async def test_a_checkpoint_is_signed_once_until_something_is_written(house: Trial) -> None:
    assert (await house.ask("evidence.checkpoint")).number is None
    for expected in (1, 2):
        await record(house, proof(1))
        assert (await house.ask("evidence.checkpoint")).number == expected
        assert (await house.ask("evidence.checkpoint")).number is None
    assert (await house.ask("evidence.verify")).checkpoints == 2


async def test_old_contents_expire_and_the_ledger_stays_whole(house: Trial) -> None:
    old = await record(house, *(proof(n) for n in range(450)))
    assert (await house.ask("evidence.expire")).expired == 0
    object.__setattr__(house.house.settings, "keep_evidence_days", 1e-9)
    assert (await house.ask("evidence.expire")).expired == 450
    (new,) = await record(house, proof(1))
    shown = await house.ask("evidence.get", id=old[1])
    assert shown.expired and shown.intact and shown.passed and shown.checks == () and shown.claim == proof(1).claim
    replayed = await house.ask("evidence.replay", id=old[1])
    assert replayed.outcome == "cannot" and "expired" in replayed.reason
    verified = await house.ask("evidence.verify")
    assert verified.whole and (verified.checked, verified.expired) == (451, 450)
    assert not (await house.ask("evidence.get", id=new)).expired


async def test_the_loop_stays_free_while_a_big_ledger_is_verified(house: Trial) -> None:
    for _ in range(6):
        await record(house, *(proof(n) for n in range(1_000)))
    late = 0.0

    async def watch() -> None:
        nonlocal late
        while True:
            began = time.perf_counter()
            await asyncio.sleep(0.005)
            late = max(late, time.perf_counter() - began - 0.005)

    watching = asyncio.create_task(watch())
    verified = await house.ask("evidence.verify")
    watching.cancel()
    assert verified.whole and verified.checked == 6_000
    assert late < verified.took_ms / 1000 / 2


async def weigh(house: Trial, **reading: Any) -> str:
    READING.clear()
    READING.update(reading)
    return (await house.ask("scales.weigh", thing="a feather")).evidence[0]


async def test_a_replay_that_finds_the_same_says_so_and_cites_new_evidence(house: Trial) -> None:
    id = await weigh(house, facts={"grams": 12.5, "took_ms": 3.0, "at": "now", "list": [1, {"a": None}]})
    READING["facts"] = {"grams": 12.6, "took_ms": 900.0, "at": "later", "list": [1.001, {"a": None}]}
    replayed = await house.ask("evidence.replay", id=id)
    assert (replayed.outcome, replayed.changes, replayed.reason) == ("same", (), None)
    assert replayed.again == "E-2"
    assert (await house.ask("evidence.get", id="E-2")).facts["grams"] == 12.6


async def test_a_replay_that_finds_something_else_says_what(house: Trial) -> None:
    id = await weigh(house, facts={"grams": 12.5, "unit": "g", "old": 1, "list": [1, 2]})
    READING.update(facts={"grams": 25, "unit": "kg", "new": True, "list": [1]}, passed=False)
    replayed = await house.ask("evidence.replay", id=id)
    assert replayed.outcome == "changed"
    assert replayed.changes == (
        "The check passed then and fails now.",
        "grams: 12.5 became 25 (+100.0 %; up to 1 % counts as the same).",
        "unit: 'g' became 'kg'.",
        "old: was 1, is not there any more.",
        "list: 2 items became 1.",
        "new: is True, was not there before.",
    )


async def test_a_replay_that_cannot_be_says_why(house: Trial) -> None:
    id = await weigh(house, replayable=False)
    replayed = await house.ask("evidence.replay", id=id)
    assert replayed.outcome == "cannot" and "without a way" in replayed.reason
    id = await weigh(house)
    READING["error"] = NotFound("There is no database s_1 any more.")
    replayed = await house.ask("evidence.replay", id=id)
    assert (replayed.outcome, replayed.reason) == ("cannot", "There is no database s_1 any more.")
    READING["error"] = Unavailable("The server does not answer.")
    assert (await house.ask("evidence.replay", id=id)).reason == "The server does not answer."
    (gone,) = await record(house, proof(1, replay=("elsewhere.check", {})))
    assert "elsewhere.check" in (await house.ask("evidence.replay", id=gone)).reason


async def test_a_replay_runs_only_for_those_who_may_run_the_checks(house: Trial) -> None:
    id = await weigh(house)
    with pytest.raises(Forbidden):
        await house.ask("evidence.replay", VIEWER, id=id)
    with pytest.raises(Forbidden, match=r"scales\.weigh"):
        await house.ask("evidence.replay", Caller("user:op", "op", frozenset({"operator"})), id=id)


numbers = st.floats(allow_nan=False) | st.integers()
facts = st.recursive(
    st.none() | st.booleans() | numbers | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=10,
)


@settings(max_examples=50, deadline=None)
@given(one=st.dictionaries(st.text(max_size=3), facts), other=st.dictionaries(st.text(max_size=3), facts))
def test_facts_differ_from_others_and_never_from_themselves(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert differences(one, one) == ()
    assert bool(differences(one, other)) is bool(differences(other, one))
    assert len(differences(one, other)) <= 20


@given(before=st.floats(1e-6, 1e9), share=st.floats(-0.5, 0.5))
def test_numbers_are_compared_with_the_tolerance_that_is_said(before: float, share: float) -> None:
    found = differences({"cost": before}, {"cost": before * (1 + share)})
    if abs(share) < 0.0099:
        assert found == ()
    elif abs(share) > 0.0102:
        assert "1 %" in found[0]


def test_true_is_not_one() -> None:
    assert differences({"unique": True}, {"unique": 1}) == ("unique: True became 1.",)
    assert Proof("k", "s", "c", [Tried("t", True)]).passed
