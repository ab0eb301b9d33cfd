"""Events: with their changes or not at all, at least once, in order within an aggregate, once a reaction."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, select, update

from assay.kernel.errors import Conflict
from assay.kernel.values import now
from assay.ports.store import Change
from assay.runtime._tables import deliveries, events
from trial.child import process
from trial.house import ADMIN, VIEWER, Trial, open_trial, until
from trial.notes._store import heard
from trial.notes.reactions import FAILURES

pytestmark = pytest.mark.anyio


async def _heard(trial: Trial, reaction: str = "write_down") -> list[tuple[str, int]]:
    rows = await trial.rows(select(heard).where(heard.c.reaction == reaction).order_by(heard.c.number))
    return [(row["aggregate"], row["sequence"]) for row in rows]


async def _delivered(trial: Trial, count: int) -> None:
    async def all_told() -> bool:
        rows = await trial.rows(select(events).where(events.c.delivered_at.is_not(None)))
        return len(rows) == count

    await until(all_told)


async def test_a_fact_reaches_every_reaction_once_with_a_number_of_its_aggregate(trial: Trial) -> None:
    for id in ("a-1", "b-1", "a-2", "a-3"):
        await trial.ask("notes.add", id=id, text="x")
    await _delivered(trial, 4)
    for reaction in ("write_down", "count_up"):
        assert await _heard(trial, reaction) == [("a", 1), ("b", 1), ("a", 2), ("a", 3)]
    assert len(await trial.rows(select(deliveries))) == 8


async def test_a_fact_whose_change_fails_was_never_announced(trial: Trial) -> None:
    await trial.ask("notes.add", id="a", text="x")
    with pytest.raises(Conflict):
        await trial.ask("notes.add_all", ids=["b", "a"])
    await _delivered(trial, 1)
    assert await _heard(trial) == [("a", 1)]


async def test_many_at_once_get_numbers_without_gaps_or_repeats(trial: Trial) -> None:
    await asyncio.gather(*(trial.ask("notes.add", id=f"a-{number}", text="x") for number in range(40)))
    await _delivered(trial, 40)
    assert await _heard(trial) == [("a", number) for number in range(1, 41)]


async def test_a_reaction_that_fails_is_tried_again_and_the_other_one_not(trial: Trial) -> None:
    FAILURES["count_up", "a"] = 1
    await trial.ask("notes.add", id="a", text="x")

    async def failed() -> dict[str, object] | None:
        row = (await trial.rows(select(events)))[0]
        return row if row["attempts"] else None

    row = await until(failed)
    assert row["delivered_at"] is None
    assert timedelta(seconds=1) < row["retry_at"] - now() <= timedelta(seconds=2)
    assert (await _heard(trial), await _heard(trial, "count_up")) == ([("a", 1)], [])
    await _delivered(trial, 1)
    assert (await _heard(trial), await _heard(trial, "count_up")) == ([("a", 1)], [("a", 1)])


async def test_pauses_between_tries_double_and_after_the_last_the_fact_is_let_go(trial: Trial) -> None:
    FAILURES["write_down", "a"] = 100
    await trial.ask("notes.add", id="a", text="x")
    pauses: list[float] = []

    async def next_try() -> bool:
        row = (await trial.rows(select(events)))[0]
        if row["delivered_at"] is not None:
            return True
        if row["attempts"] > len(pauses):
            pauses.append((row["retry_at"] - now()).total_seconds())
            await trial.store.commit([Change(update(events).values(retry_at=now()))])
            trial.house.desk.outbox.wake()
        return False

    await until(next_try)
    assert [round(pause) for pause in pauses] == [2, 4, 8, 16, 32, 64, 128]
    assert (await _heard(trial), await _heard(trial, "count_up")) == ([], [("a", 1)])


async def test_what_follows_a_fact_that_failed_waits_for_it_and_others_do_not(trial: Trial) -> None:
    FAILURES["write_down", "a-1"] = 1
    for id in ("a-1", "a-2", "b-1"):
        await trial.ask("notes.add", id=id, text="x")
    await _delivered(trial, 3)
    assert await _heard(trial) == [("b", 1), ("a", 1), ("a", 2)]


async def test_a_crash_between_the_reaction_and_its_mark_runs_it_again(trial: Trial) -> None:
    await trial.ask("notes.add", id="a", text="x")
    await _delivered(trial, 1)
    unmark = delete(deliveries).where(deliveries.c.reaction == "notes/write_down")
    await trial.store.commit([Change(unmark), Change(update(events).values(delivered_at=None))])
    trial.house.desk.outbox.wake()
    await _delivered(trial, 1)

    async def twice() -> bool:
        return await _heard(trial) == [("a", 1), ("a", 1)]

    await until(twice)
    assert await _heard(trial, "count_up") == [("a", 1)], "what was marked is not run again"


async def test_facts_of_a_process_that_was_killed_are_delivered_by_the_next(tmp_path: Path) -> None:
    async with open_trial(tmp_path) as trial:
        FAILURES["write_down", "a"] = FAILURES["count_up", "a"] = 1
        await trial.ask("notes.add", id="a", text="x")
    FAILURES.clear()
    with process(tmp_path, "serve"):
        async with open_trial(tmp_path, background=False) as trial:
            await _delivered(trial, 1)
            assert set(await _heard(trial)) == {("a", 1)}


async def test_a_reaction_runs_as_its_room_within_the_scopes_of_who_caused_it(trial: Trial) -> None:
    caller = ADMIN.__class__("user:ada", "ada", frozenset({"admin"}), frozenset({"database:s_1"}))
    await trial.ask("notes.add", caller, id="a", text="x", source="s_1")
    await _delivered(trial, 1)
    hears = await trial.audit(operation="notes.hear")
    assert {line.caller_id for line in hears} == {"room:notes"}
    added = await trial.audit(operation="notes.add")
    assert {line.trace_id for line in hears} <= {added[0].trace_id, *(line.trace_id for line in hears)}


async def test_listeners_hear_facts_of_other_processes_too(tmp_path: Path) -> None:
    async with open_trial(tmp_path) as here:
        heard_here: list[str] = []
        async with contextlib.aclosing(here.house.stream("house.events", {}, caller=VIEWER)) as facts:
            reading = asyncio.ensure_future(anext(facts))
            await here.listened()
            with process(tmp_path, "start", "notes.copy"):
                async with asyncio.timeout(20):
                    heard_here.append((await reading).event)
                    heard_here.append((await anext(facts)).event)
        assert heard_here == ["notes.NoteAdded"] * 2


async def test_a_number_is_never_given_twice_even_after_the_sweep(trial: Trial) -> None:
    await trial.ask("notes.add", id="a", text="x")
    await _delivered(trial, 1)
    first = (await trial.rows(select(events)))[0]["number"]
    await trial.store.commit([Change(update(events).values(delivered_at=now() - timedelta(days=30)))])
    assert (await trial.ask("house.sweep")).removed["events"] == 1
    await trial.ask("notes.add", id="b", text="x")
    assert (await trial.rows(select(events)))[0]["number"] > first
