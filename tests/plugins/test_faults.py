"""Plugins in trouble: killed, hung, lying, slow, stubborn; told at once, nothing left, other stores untouched."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from dataclasses import replace
from pathlib import Path

import pytest

from assay.plugins.plugin import Plugin
from assay.plugins.supervisor import Supervisor
from assay.ports.deadline import Deadline
from assay.ports.errors import AssayError, TimedOut, Unavailable
from assay.ports.loader import DataQuery
from plugins.conftest import QUICK, Plant, until
from plugins.test_walk import asks

pytestmark = pytest.mark.anyio

TWO = """
stores:
- {name: ill, kind: {name: atest-store-ill}}
- {name: well, kind: {name: atest-store-well}}
"""


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def said(plugin: Plugin) -> list[str]:
    """What a plugin wrote."""
    return [line.text for line in plugin.journal.lines()]


async def both(plant: Plant, supervisor: Supervisor) -> tuple[Plugin, Plugin]:
    await until(lambda: all(one.state == "ready" for one in supervisor.connections))
    return supervisor.plugin("atest-store-ill"), supervisor.plugin("atest-store-well")


async def test_a_call_under_which_the_plugin_is_killed_says_what_happened_and_others_go_on(plant: Plant) -> None:
    plant.plugin("atest-store-ill")
    plant.plugin("atest-store-well")
    plant.stores(TWO)
    async with plant.running() as supervisor:
        ill, well = await both(plant, supervisor)
        untouched, pid = well.pid, ill.pid
        assert pid is not None
        call = asyncio.ensure_future(supervisor.connection("ill").ask(asks("hang", 30), "query"))
        other = asyncio.ensure_future(supervisor.connection("well").ask(asks("hang", 1), "query"))
        await until(lambda: "hangs" in said(ill) and "hangs" in said(well))
        os.kill(pid, signal.SIGKILL)
        with pytest.raises(Unavailable) as caught:
            await call
        error = caught.value
        assert "atest-store-ill" in error.message and "SIGKILL" in error.message, error.message
        assert error.details["state"] == "crashed" and "/plugins/atest-store-ill/log" in str(error.details["cure"])
        assert "started again in" in error.message
        with pytest.raises(TimedOut):
            await other
        assert well.pid == untouched and well.restarts == 0
        await until(lambda: supervisor.connection("ill").state == "ready")


async def test_a_plugin_that_hangs_is_degraded_then_started_anew(plant: Plant) -> None:
    plant.plugin("atest-store-ill")
    plant.plugin("atest-store-well")
    plant.stores(TWO)
    async with plant.running() as supervisor:
        ill, well = await both(plant, supervisor)
        pid = ill.pid
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        await until(lambda: ill.state == "degraded")
        await until(lambda: ill.state == "ready" and ill.pid != pid)
        assert not alive(pid) and ill.restarts == 1 and well.restarts == 0
    reasons = [str(body["message"]) for event, body in plant.facts if event == "plugins.PluginCrashed"]
    assert "alive but does not work" in reasons[0]


async def test_a_call_that_is_not_answered_makes_it_look_at_once(plant: Plant) -> None:
    plant.plugin("atest-store-ill")
    plant.stores("stores: [{name: ill, kind: {name: atest-store-ill}}]")
    async with plant.running(replace(QUICK, verify_every_s=600)) as supervisor:
        await until(lambda: supervisor.connection("ill").state == "ready")
        ill = supervisor.plugin("atest-store-ill")
        pid = ill.pid
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        with pytest.raises(AssayError):
            await supervisor.connection("ill").ask(asks("echo", 0.3), "query")
        await until(lambda: ill.state == "ready" and ill.pid != pid)


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ("exits", "it ended before it was ready (exit status 3)"),
        ("never", "it was not ready within 4 s: did not listen"),
        ("foreign", "does not speak gRPC"),
        ("garbage", "does not speak gRPC"),
        ("mute", "it was not ready within 4 s: The store atest-store-ill"),
    ],
)
async def test_what_never_gets_ready_is_tried_again_then_left_alone_and_says_why(
    plant: Plant, how: str, says: str
) -> None:
    plant.plugin("atest-store-ill", how)
    plant.stores("stores: [{name: ill, kind: {name: atest-store-ill}}]")
    restarts = 1 if how == "exits" else 0
    async with plant.running(replace(QUICK, restarts=restarts, ready_within_s=4)) as supervisor:
        ill = supervisor.plugin("atest-store-ill")
        await until(lambda: "left alone" in ill.trouble().message)
        assert says in str(ill.reason) and ill.restarts == restarts
        with pytest.raises(Unavailable, match=f"left alone now, after {restarts + 1} failed start") as caught:
            await supervisor.connection("ill").ask(asks("echo"), "query")
        assert "POST /api/v1/plugins/atest-store-ill/start" in str(caught.value.details["cure"])
        assert not list(plant.folder.glob("run/*.sock"))
        if how == "exits":
            assert "there is no licence" in "\n".join(said(ill)) and "hunter2" not in "\n".join(said(ill))
            assert "there is no licence" in str(ill.reason) and "hunter2" not in str(ill.reason)
        plant.plugin("atest-store-ill")
        ill.begin()
        await until(lambda: ill.state == "ready")


async def test_one_that_does_not_heed_sigterm_is_killed(plant: Plant) -> None:
    plant.plugin("atest-store-ill", "stubborn")
    plant.stores("stores: [{name: ill, kind: {name: atest-store-ill}}]")
    async with plant.running() as supervisor:
        ill = supervisor.plugin("atest-store-ill")
        await until(lambda: ill.state == "ready")
        pid = ill.pid
        assert pid is not None
        began = time.monotonic()
        await ill.end("it is enough")
        assert not alive(pid) and time.monotonic() - began >= QUICK.stop_within_s
        assert (ill.state, ill.pid) == ("stopped", None)


@pytest.mark.parametrize("stopped", [False, True])
async def test_children_that_a_plugin_forgets_end_with_it(plant: Plant, stopped: bool) -> None:
    plant.plugin("atest-store-ill", "children")
    plant.stores("stores: [{name: ill, kind: {name: atest-store-ill}}]")
    async with plant.running() as supervisor:
        ill = supervisor.plugin("atest-store-ill")
        await until(lambda: ill.state == "ready")
        pids = [int(line.split()[1]) for line in said(ill) if line.startswith("child")]
        assert len(pids) == 2 and all(alive(pid) for pid in pids) and ill.pid is not None
        if stopped:
            await ill.end("it is enough")
        else:
            os.kill(ill.pid, signal.SIGKILL)
        await until(lambda: not any(alive(pid) for pid in pids))


async def test_an_answer_of_twenty_megabytes_is_read(plant: Plant) -> None:
    plant.plugin("atest-store-ill")
    plant.stores("stores: [{name: ill, kind: {name: atest-store-ill}}]")
    async with plant.running() as supervisor:
        await until(lambda: supervisor.connection("ill").state == "ready")
        asked = DataQuery(key="large", limit=20_000)
        result = await supervisor.connection("ill").ask(lambda one: one.query(asked, Deadline.after(30)), "query")
        assert len(result.items) == 20_000
        assert supervisor.plugin("atest-store-ill").restarts == 0


async def test_cycles_of_crash_and_restart_leave_nothing_behind(plant: Plant) -> None:
    plant.plugin("atest-store-ill")
    plant.stores("stores: [{name: ill, kind: {name: atest-store-ill}}]")
    pids: set[int] = set()
    async with plant.running(replace(QUICK, first_back_off_s=0.01, longest_back_off_s=0.01, restarts=50)) as supervisor:
        ill, store = supervisor.plugin("atest-store-ill"), supervisor.connection("ill")
        fds: list[int] = []
        for _ in range(10):
            await until(lambda: store.state == "ready" and ill.pid not in (None, *pids))
            fds.append(open_files())
            assert ill.pid is not None
            pids.add(ill.pid)
            os.kill(ill.pid, signal.SIGKILL)
        await until(lambda: store.state == "ready" and ill.pid not in (None, *pids))
        assert max(fds) - fds[0] <= 4, fds
        assert not any(alive(pid) for pid in pids)
        assert [one.name for one in plant.folder.glob("run/*.sock")] == ["atest-store-ill.sock"]
    assert list(plant.folder.glob("run/*.sock")) == []
