"""Idempotency-Key: one question, one effect, one answer."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, select, update

from assay.kernel._store import remembered
from assay.kernel.errors import Conflict, Invalid
from assay.kernel.values import now
from assay.ports.store import Change
from assay.runtime._tables import jobs
from trial.house import ADMIN, VIEWER, Trial, open_trial
from trial.notes._store import notes

pytestmark = pytest.mark.anyio


async def test_the_same_question_under_the_same_key_is_done_once_and_answered_alike(trial: Trial) -> None:
    asked = {"id": "a", "text": "x"}
    first = await trial.house.call("notes.add", asked, caller=ADMIN, key="k1")
    again = await trial.house.call("notes.add", b'{"text": "x", "id": "a"}', caller=ADMIN, key="k1")
    assert first == again
    with pytest.raises(Conflict):
        await trial.house.call("notes.add", asked, caller=ADMIN, key="k2")


async def test_another_question_under_a_used_key_is_a_conflict(trial: Trial) -> None:
    await trial.house.call("notes.add", {"id": "a", "text": "x"}, caller=ADMIN, key="k1")
    for name, asked in (("notes.add", {"id": "b", "text": "x"}), ("notes.add_all", {"ids": ["c"]})):
        with pytest.raises(Conflict) as caught:
            await trial.house.call(name, asked, caller=ADMIN, key="k1")
        assert caught.value.details["field"] == "Idempotency-Key"


async def test_a_key_belongs_to_its_caller(trial: Trial) -> None:
    await trial.house.call("notes.claim", {"verdict": "withheld"}, caller=ADMIN, key="k1")
    other = ADMIN.__class__("user:bob", "bob", frozenset({"admin"}))
    await trial.house.call("notes.add", {"id": "b", "text": "x"}, caller=other, key="k1")
    with pytest.raises(Conflict):
        await trial.house.call("notes.add", {"id": "c", "text": "x"}, caller=ADMIN, key="k1")


async def test_twenty_at_once_under_one_key_have_one_effect_and_one_answer(trial: Trial) -> None:
    asked = {"name": "door", "password": "p"}
    calls = (trial.house.call("notes.open", asked, caller=ADMIN, key="k1") for _ in range(20))
    answers = await asyncio.gather(*calls)
    assert len({answer.token for answer in answers}) == 1


async def test_twenty_at_once_under_one_key_do_the_work_once(trial: Trial) -> None:
    calls = (trial.house.call("notes.claim", {"prove": True}, caller=ADMIN, key="k1") for _ in range(20))
    assert len({answer.evidence for answer in await asyncio.gather(*calls)}) == 1
    assert (await trial.ask("evidence.list")).total == 1
    assert not trial.house.desk.turns


async def test_two_processes_under_one_key_have_one_effect_and_one_answer(tmp_path: Path) -> None:
    async with open_trial(tmp_path) as one, open_trial(tmp_path, background=False) as other:
        asked = {"name": "door", "password": "p"}
        calls = (each.house.call("notes.open", asked, caller=ADMIN, key="k1") for each in (one, other) * 5)
        assert len({answer.token for answer in await asyncio.gather(*calls)}) == 1


async def test_twenty_jobs_at_once_under_one_key_are_one_job(trial: Trial) -> None:
    asked = {"name": "n", "count": 2}
    calls = (trial.house.call("notes.copy", asked, caller=ADMIN, key="k1") for _ in range(20))
    started = await asyncio.gather(*calls)
    assert len({job.id for job in started}) == 1
    assert len(await trial.rows(select(jobs))) == 1
    again = await trial.house.call("notes.copy", asked, caller=ADMIN, key="k1")
    assert again.id == started[0].id


async def test_a_job_is_still_known_under_its_key_when_its_row_has_gone(trial: Trial) -> None:
    job = await trial.house.call("notes.copy", {"name": "n", "count": 0}, caller=ADMIN, key="k1")
    async for _ in trial.house.follow(job):
        pass
    await trial.store.commit([Change(delete(jobs))])
    assert (await trial.house.call("notes.copy", {"name": "n", "count": 0}, caller=ADMIN, key="k1")).id == job.id


async def test_what_failed_is_not_remembered(trial: Trial) -> None:
    with pytest.raises(Invalid):
        await trial.house.call("notes.add", {"id": "A", "text": "x"}, caller=ADMIN, key="k1")
    assert (await trial.house.call("notes.add", {"id": "a", "text": "x"}, caller=ADMIN, key="k1")).id == "a"


async def test_an_answer_with_a_token_is_kept_sealed_and_given_again(trial: Trial) -> None:
    asked = {"name": "door", "password": "hunter2"}
    first = await trial.house.call("notes.open", asked, caller=ADMIN, key="k1")
    assert (await trial.house.call("notes.open", asked, caller=ADMIN, key="k1")).token == first.token
    kept = str(await trial.rows(select(remembered)))
    assert first.token not in kept
    assert "hunter2" not in kept
    files = b"".join(file.read_bytes() for file in trial.settings.home.glob("assay.db*"))
    assert first.token.encode() not in files


async def test_the_digest_of_a_question_cannot_be_guessed_without_the_key(tmp_path: Path) -> None:
    digests = set[str]()
    for home in ("one", "two"):
        async with open_trial(tmp_path / home) as trial:
            await trial.house.call("notes.open", {"name": "d", "password": "p"}, caller=ADMIN, key="k")
            digests |= {row["digest"] for row in await trial.rows(select(remembered))}
    assert len(digests) == 2


async def test_nobody_in_particular_has_no_keys(trial: Trial) -> None:
    link = await trial.ask("accounts.link")
    asked = {"token": link.token}
    await trial.house.call("accounts.sign_in", asked, key="k1")
    with pytest.raises(Exception, match="used already"):
        await trial.house.call("accounts.sign_in", asked, key="k1")


async def test_a_read_takes_no_notice_of_a_key(trial: Trial) -> None:
    await trial.house.call("notes.list", {}, caller=VIEWER, key="k1")
    await trial.house.call("notes.list", {"limit": 2}, caller=VIEWER, key="k1")
    assert await trial.rows(select(remembered)) == []


async def test_keys_are_forgotten_after_their_time(trial: Trial) -> None:
    await trial.house.call("notes.add", {"id": "a", "text": "x"}, caller=ADMIN, key="k1")
    old = now() - timedelta(days=2)
    await trial.store.commit([Change(update(remembered).values(at=old)), Change(update(notes).values(at=now()))])
    assert (await trial.ask("house.sweep")).removed["remembered"] == 1
    assert (await trial.house.call("notes.add", {"id": "b", "text": "x"}, caller=ADMIN, key="k1")).id == "b"
