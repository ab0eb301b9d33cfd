"""The walk of a plugin: named in the file, started, asked, killed, back again; dropped in, changed, taken away."""

from __future__ import annotations

import os
import signal

import pytest

from assay.ports.deadline import Deadline
from assay.ports.errors import Unavailable
from assay.ports.loader import DataQuery, DataResult, Loader
from plugins.conftest import Plant, until

pytestmark = pytest.mark.anyio

ONE = "stores:\n- name: one\n  kind: {name: atest-store-well}\n  properties: {colour: red}\n"


def asks(key: str, within_s: float = 5.0):
    async def ask(loader: Loader) -> DataResult:
        return await loader.query(DataQuery(key=key), Deadline.after(within_s))

    return ask


async def test_a_plugin_that_the_file_names_is_started_asked_killed_and_comes_back(plant: Plant) -> None:
    plant.plugin("atest-store-well")
    plant.stores(ONE)
    async with plant.running() as supervisor:
        store = supervisor.connection("one")
        await until(lambda: store.state == "ready")
        said = (await store.ask(asks("echo"), "query")).said
        assert (said["name"], said["pro.colour"]) == ("one", "red")
        plugin = supervisor.plugin("atest-store-well")
        pid = plugin.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        await until(lambda: plugin.pid not in (pid, None) and store.state == "ready")
        assert plugin.restarts == 1
        assert (await store.ask(asks("echo"), "query")).said["name"] == "one"
    events = [event.removeprefix("plugins.Plugin") for event, _ in plant.facts]
    assert events[0] == "Started" and "Crashed" in events and events[-1] in ("Started", "Stopped")
    crashed = next(body for event, body in plant.facts if event.endswith("Crashed"))
    assert crashed["stores"] == ["one"] and "SIGKILL" in str(crashed["message"])


async def test_what_a_file_names_is_started_though_the_file_was_read_before(plant: Plant) -> None:
    plant.plugin("atest-store-well")
    plant.stores(ONE)
    async with plant.running(serves=False) as supervisor:
        await supervisor.read_once()
        assert supervisor.plugin("atest-store-well").state == "stopped"
        await supervisor.open(plant.announce)
        await until(lambda: supervisor.connection("one").state == "ready")


async def test_a_program_that_is_dropped_in_later_is_found(plant: Plant) -> None:
    plant.stores(ONE)
    async with plant.running() as supervisor:
        store = supervisor.connection("one")
        await until(lambda: store.state == "stopped" and "no program atest-store-well" in str(store.reason))
        with pytest.raises(Unavailable, match="no program atest-store-well"):
            await store.ask(asks("echo"), "query")
        plant.plugin("atest-store-well")
        await until(lambda: store.state == "ready")
