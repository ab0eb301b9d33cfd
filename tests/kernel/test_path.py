"""The path of a call: its order, its errors, its limits."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from sqlalchemy import select

from assay.kernel import caller as callers
from assay.kernel.caller import Caller
from assay.kernel.errors import (
    AssayError,
    Conflict,
    Forbidden,
    Internal,
    Invalid,
    Limited,
    NotFound,
    TimedOut,
    Unauthenticated,
)
from assay.kernel.policy import Policy
from assay.ports.secret import Secret
from trial.house import VIEWER, Trial, open_trial
from trial.notes._store import notes

pytestmark = pytest.mark.anyio


async def test_nobody_learns_from_validation_what_only_a_caller_may_know(trial: Trial) -> None:
    with pytest.raises(Unauthenticated):
        await trial.house.call("notes.add", b'{"id": 7, "no_such_field": 1}')
    with pytest.raises(Unauthenticated):
        await trial.house.call("notes.add", b"not json", credential=Secret("assay_token_unknown"))
    with pytest.raises(Forbidden):
        await trial.house.call("notes.add", b"not json", caller=VIEWER)


async def test_an_operation_that_nobody_offers_is_not_found_and_the_nearest_are_named(trial: Trial) -> None:
    with pytest.raises(NotFound) as caught:
        await trial.ask("notes.ad")
    assert "notes.add" in caught.value.details["known"]  # type: ignore[operator]


async def test_a_wrong_question_names_its_fields_and_never_what_was_sent(trial: Trial) -> None:
    with pytest.raises(Invalid) as caught:
        await trial.house.call("notes.open", b'{"name": 5, "pasword": "hunter2"}', caller=trial.caller)
    problems = caught.value.details["problems"]
    assert {problem["field"] for problem in problems} == {"name", "password", "pasword"}  # type: ignore[union-attr]
    assert caught.value.details["field"] in ("name", "password", "pasword")
    assert "hunter2" not in f"{caught.value.message}{caught.value.details}"


@pytest.mark.parametrize("body", [b"{", b"[]", b"null", b'"text"', b"\xff\xfe"])
async def test_a_body_that_is_no_question_is_invalid(trial: Trial, body: bytes) -> None:
    with pytest.raises(Invalid):
        await trial.house.call("notes.add", body, caller=trial.caller)


async def test_a_viewer_may_read_and_not_write(trial: Trial) -> None:
    await trial.ask("notes.add", id="a", text="x")
    assert (await trial.ask("notes.get", VIEWER, id="a")).text == "x"
    with pytest.raises(Forbidden) as caught:
        await trial.ask("notes.edit", VIEWER, id="a", version=1, text="y")
    assert caught.value.details["needs"] == "notes:add"


async def test_a_scope_that_is_not_the_callers_is_refused_before_anything_runs(trial: Trial) -> None:
    assert (await trial.ask("notes.of", VIEWER, source="s_1")).count == 0
    with pytest.raises(Forbidden) as caught:
        await trial.ask("notes.of", VIEWER, source="s_2")
    assert caught.value.details["needs"] == "database:s_2"


async def test_an_unforeseen_fault_shows_nothing_of_the_inside_and_changes_nothing(trial: Trial) -> None:
    with pytest.raises(Internal) as caught:
        await trial.ask("notes.boom", words="the password is hunter2")
    assert "hunter2" not in caught.value.message
    assert caught.value.trace_id
    assert await trial.rows(select(notes)) == []


async def test_a_call_over_its_deadline_is_told_so(trial: Trial) -> None:
    with pytest.raises(TimedOut):
        await trial.ask("notes.slow", seconds=30)
    with pytest.raises(TimedOut):
        await trial.house.call("notes.slow", {"seconds": 30}, caller=trial.caller, timeout_s=0.01)
    assert (await trial.ask("notes.slow", seconds=0)).count == 0


async def test_too_many_calls_are_limited_and_told_when_to_come_back(tmp_path: Path) -> None:
    async with open_trial(tmp_path, calls_per_minute=60, calls_burst=3) as trial:
        for _ in range(3):
            await trial.ask("accounts.me")
        with pytest.raises(Limited) as caught:
            await trial.ask("accounts.me")
        assert 0 < caught.value.retry_after <= 1
        assert (await trial.ask("accounts.me", VIEWER)).name == "vic"
        await asyncio.sleep(caught.value.retry_after)
        assert (await trial.ask("accounts.me")).name == "ada"


async def test_the_first_policy_that_fits_counts_and_may_hold_for_all_together(tmp_path: Path) -> None:
    policies = [Policy("notes.*", per_minute=1, burst=2, together=True), Policy("notes.get", per_minute=1, burst=1)]
    async with open_trial(tmp_path, policies=policies) as trial:
        other = Caller("user:bob", "bob", frozenset({"admin"}))
        await trial.ask("notes.list")
        await trial.ask("notes.list", other)
        with pytest.raises(Limited):
            await trial.ask("notes.list", VIEWER)
        await trial.ask("accounts.me")


async def test_guessing_a_sign_in_is_limited_for_all_together(trial: Trial) -> None:
    codes: list[str] = []
    for number in range(14):
        with pytest.raises(AssayError) as caught:
            await trial.house.call("accounts.sign_in", {"token": f"guess-{number}"})
        codes.append(caught.value.code)
    assert codes[:10] == ["UNAUTHENTICATED"] * 10
    assert codes[-1] == "RATE_LIMITED"


async def test_a_nested_call_is_authorised_as_its_own(trial: Trial) -> None:
    nests = Caller("user:nia", "nia", frozenset({"nester"}))
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(callers.GRANTS, "nester", frozenset({"notes:nest"}))
        with pytest.raises(Forbidden) as caught:
            await trial.ask("notes.nest", nests, id="a", text="x")
    assert caught.value.details["needs"] == "notes:add"


async def test_a_nested_call_commits_on_its_own_and_is_written_down_under_the_same_trace(trial: Trial) -> None:
    with pytest.raises(Invalid) as caught:
        await trial.ask("notes.nest", id="a", text="fail")
    assert (await trial.ask("notes.get", id="a")).text == "fail"
    lines = [line for line in await trial.audit() if line.trace_id == caught.value.trace_id]
    assert {(line.operation, line.outcome) for line in lines} == {("notes.nest", "INVALID"), ("notes.add", "OK")}


async def test_a_unit_is_committed_as_a_whole_or_not_at_all(trial: Trial) -> None:
    await trial.ask("notes.add", id="b", text="x")
    with pytest.raises(Conflict):
        await trial.ask("notes.add_all", ids=["a", "b", "c"])
    assert [row["id"] for row in await trial.rows(select(notes))] == ["b"]


async def test_a_change_of_another_version_is_a_conflict_that_names_the_current_one(trial: Trial) -> None:
    await trial.ask("notes.add", id="a", text="x")
    assert (await trial.ask("notes.edit", id="a", version=1, text="y")).version == 2
    with pytest.raises(Conflict) as caught:
        await trial.ask("notes.edit", id="a", version=1, text="z")
    assert caught.value.details["version"] == 2
    with pytest.raises(Conflict):
        await trial.ask("notes.remove", id="a", version=1)
    await trial.ask("notes.remove", id="a", version=2)
    with pytest.raises(NotFound):
        await trial.ask("notes.get", id="a")


async def test_of_many_edits_of_one_version_exactly_one_wins(trial: Trial) -> None:
    await trial.ask("notes.add", id="a", text="x")
    edits = (trial.ask("notes.edit", id="a", version=1, text=f"by {n}") for n in range(20))
    ended = await asyncio.gather(*edits, return_exceptions=True)
    assert sum(not isinstance(one, Conflict) for one in ended) == 1


async def test_every_call_is_written_down_with_its_end_and_without_its_secrets(trial: Trial) -> None:
    await trial.ask("notes.open", name="door", password="hunter2")
    for name, asked in (("notes.add", {"id": "A!"}), ("notes.nowhere", {}), ("notes.boom", {"words": "x"})):
        with pytest.raises(AssayError):
            await trial.ask(name, **asked)
    with pytest.raises(Unauthenticated):
        await trial.house.call("notes.list", {}, credential=Secret("nobody-knows-me"))
    [item async for item in trial.house.stream("notes.watch", {}, caller=trial.caller)]
    lines = await trial.audit()
    found = {(line.operation, line.outcome, line.caller_id) for line in lines}
    assert found >= {
        ("notes.open", "OK", "user:ada"), ("notes.add", "INVALID", "user:ada"), ("unknown", "NOT_FOUND", "user:ada"),
        ("notes.boom", "INTERNAL", "user:ada"), ("notes.list", "UNAUTHENTICATED", "nobody"),
        ("notes.watch", "OK", "user:ada"),
    }  # fmt: skip
    opened = next(line for line in lines if line.operation == "notes.open")
    assert json.loads(opened.asked) == {"name": "door"}
    assert "hunter2" not in str(lines)
    assert "nobody-knows-me" not in str(lines)


async def test_the_audit_can_be_asked_by_operation_caller_and_outcome(trial: Trial) -> None:
    await trial.ask("accounts.me")
    await trial.ask("accounts.me", VIEWER)
    lines = await trial.audit(operation="accounts.me", caller="vic", outcome="OK")
    assert [(line.caller_name, line.operation) for line in lines] == [("vic", "accounts.me")]


async def test_pages_have_a_total_a_stable_order_and_an_end(trial: Trial) -> None:
    await trial.ask("notes.add_all", ids=[f"n{number}" for number in range(5)])
    seen: list[str] = []
    cursor = None
    for _ in range(3):
        page = await trial.ask("notes.list", limit=2, cursor=cursor)
        assert page.total == 5
        seen += [note.id for note in page.items]
        cursor = page.next_cursor
    assert seen == ["n0", "n1", "n2", "n3", "n4"]
    assert cursor is None
    for wrong in ("-1", "x", "²", "9" * 12):
        with pytest.raises(Invalid):
            await trial.ask("notes.list", cursor=wrong)


async def test_whoever_stops_waiting_is_written_down_as_such(trial: Trial) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await trial.house.call("notes.slow", {"seconds": 5}, caller=trial.caller)
    assert [line.outcome for line in await trial.audit(operation="notes.slow")] == ["CANCELLED"]
