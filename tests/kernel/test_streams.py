"""Streams: the same path as a call, committed step by step."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from sqlalchemy import select

from assay.kernel.caller import Caller
from assay.kernel.errors import Forbidden, Invalid, Unauthenticated
from trial.house import VIEWER, Trial
from trial.notes._store import notes

pytestmark = pytest.mark.anyio


async def _ids(trial: Trial) -> list[str]:
    return [row["id"] for row in await trial.rows(select(notes).order_by(notes.c.id))]


async def test_a_stream_commits_with_every_item_and_after_the_last(trial: Trial) -> None:
    seen: list[int] = []
    async for item in trial.house.stream("notes.watch", {}, caller=trial.caller):
        seen.append(item.count)
        assert len(await _ids(trial)) == item.count
    assert seen == [1, 2, 3]
    assert await _ids(trial) == ["w-end", "w1", "w2", "w3"]


async def test_what_a_stream_committed_before_it_failed_stays(trial: Trial) -> None:
    with pytest.raises(Invalid):
        async for _ in trial.house.stream("notes.watch", {"words": "fail"}, caller=trial.caller):
            pass
    assert await _ids(trial) == ["w1", "w2", "w3"]


async def test_a_stream_that_nobody_reads_any_more_ends_at_once(trial: Trial) -> None:
    async with contextlib.aclosing(trial.house.stream("notes.watch", {"seconds": 60}, caller=trial.caller)) as items:
        async for _ in items:
            break
    assert [line.outcome for line in await trial.audit(operation="notes.watch")] == ["CANCELLED"]


async def test_a_stream_is_authenticated_authorised_and_validated(trial: Trial) -> None:
    for asked, caller, error in (
        (b"{", None, Unauthenticated), ({}, Caller("u", "u", frozenset()), Forbidden),
        ({"seconds": "x"}, trial.caller, Invalid),
    ):  # fmt: skip
        with pytest.raises(error):
            async for _ in trial.house.stream("notes.watch", asked, caller=caller):
                pass


async def test_what_is_no_stream_cannot_be_streamed_and_a_stream_cannot_be_called(trial: Trial) -> None:
    with pytest.raises(Invalid):
        async for _ in trial.house.stream("notes.list", {}, caller=trial.caller):
            pass
    with pytest.raises(Invalid):
        await trial.ask("notes.watch")


async def test_facts_are_streamed_from_now_on_and_only_of_databases_within_the_scopes(trial: Trial) -> None:
    await trial.ask("notes.add", id="before", text="x")
    heard: list[str] = []
    async with contextlib.aclosing(trial.house.stream("house.events", {}, caller=VIEWER)) as facts:
        reading = facts.__aiter__()
        first = asyncio.ensure_future(reading.__anext__())
        await trial.listened()
        await trial.ask("notes.add", id="secret", text="x", source="s_2")
        await trial.ask("notes.add", id="open", text="x", source="s_1")
        heard.append((await first).body["id"])
        await trial.ask("notes.add", id="free", text="x")
        heard.append((await reading.__anext__()).body["id"])
    assert heard == ["open", "free"]
