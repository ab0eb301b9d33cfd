"""The house: what is installed, how its parts are, and that it closes whatever happens."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from pydantic import TypeAdapter, ValidationError

from assay.adapters.store.sqlite import SqliteStore
from assay.kernel.caller import room_caller
from assay.kernel.errors import Internal, Unavailable
from assay.kernel.house import House
from assay.kernel.upload import Upload
from trial.house import VIEWER, Trial, open_trial

pytestmark = pytest.mark.anyio


async def test_what_is_installed_is_listed_with_what_the_caller_may_ask(trial: Trial) -> None:
    found = await trial.ask("house.capabilities", VIEWER)
    assert [room.name for room in found.capabilities] == ["notes", "evidence", "accounts", "jobs", "house"]
    assert found.version == "0.test"
    notes = {one.name: one for one in found.capabilities[0].operations}
    assert (notes["notes.list"].allowed, notes["notes.add"].allowed) == (True, False)
    assert (notes["notes.add"].method, notes["notes.add"].path) == ("POST", "/api/v1/notes")


async def test_every_part_says_how_it_is_within_two_seconds(tmp_path: Path) -> None:
    async def well() -> None:
        return None

    async def ill() -> str:
        return "has a cold"

    async def gone() -> None:
        raise Unavailable("nobody answers")

    async def broken() -> None:
        raise ValueError("hunter2")

    async def silent() -> None:
        await asyncio.Event().wait()

    probes = {"well": well, "ill": ill, "gone": gone, "broken": broken, "silent": silent}
    async with open_trial(tmp_path, probes=probes) as trial:
        async with asyncio.timeout(4):
            parts = {part.name: (part.well, part.reason) for part in await trial.house.health()}
    assert parts == {
        "well": (True, None), "ill": (False, "has a cold"), "gone": (False, "nobody answers"),
        "broken": (False, "failed: ValueError"), "silent": (False, "did not answer in 2 s"),
    }  # fmt: skip


async def test_a_house_is_open_while_everything_in_the_background_runs(trial: Trial) -> None:
    assert trial.house.is_open
    await trial.house.close()
    assert not trial.house.is_open


async def test_a_part_that_cannot_be_closed_keeps_no_other_open(tmp_path: Path) -> None:
    closed: list[str] = []

    async def fails() -> None:
        closed.append("fails")
        raise RuntimeError("no")

    async def closes() -> None:
        closed.append("closes")

    async with open_trial(tmp_path) as trial:
        desk = trial.house.desk
        house = House(
            (), ports=desk.ports, gate=desk.gate, limiter=desk.limiter, settings=trial.settings, version="0",
            closers=(fails, closes),
        )  # fmt: skip
        await house.open(background=False)
        await house.close()
    assert closed == ["fails", "closes"]


async def test_a_call_to_a_house_that_has_closed_says_so(trial: Trial) -> None:
    await trial.house.close()
    with pytest.raises(Unavailable) as caught:
        await trial.ask("notes.list")
    assert caught.value.details["cure"] == "Start it again."


async def test_reads_of_rooms_for_themselves_are_not_written_down(trial: Trial) -> None:
    await trial.ask("notes.list", room_caller("notes"))
    await trial.ask("notes.tick", room_caller("notes"))
    lines = {(line.caller_id, line.operation) for line in await trial.audit()}
    assert ("room:notes", "notes.tick") in lines
    assert ("room:notes", "notes.list") not in lines


async def test_a_port_that_nobody_bound_is_named(trial: Trial) -> None:
    with pytest.raises(Internal, match="SqliteStore"):
        trial.house.desk.ports.get(SqliteStore)


def test_a_file_that_is_no_base64_is_refused() -> None:
    with pytest.raises(ValidationError, match="base64"):
        TypeAdapter(Upload).validate_json('"not base64!"')
    assert TypeAdapter(Upload).validate_python(b"raw") == b"raw"
