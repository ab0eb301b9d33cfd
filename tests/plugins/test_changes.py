"""What the file says is taken up while it runs; kinds that need each other; plugins that somebody else started."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from assay.plugins.finding import Shelf
from assay.ports.errors import Conflict, NotFound, Unavailable
from plugins.conftest import Plant, until
from plugins.test_faults import alive
from plugins.test_walk import asks

pytestmark = pytest.mark.anyio


def store(name: str, kind: str, more: str = "") -> str:
    return f"- {{name: {name}, kind: {{name: atest-store-{kind}{more}}}}}\n"


async def test_stores_that_come_change_and_go_are_followed(plant: Plant) -> None:
    plant.plugin("atest-store-a")
    plant.plugin("atest-store-b")
    plant.stores("stores:\n" + store("one", "a"))
    async with plant.running() as supervisor:
        await until(lambda: supervisor.connection("one").state == "ready")
        pid = supervisor.plugin("atest-store-a").pid
        plant.stores("stores:\n" + store("one", "a") + store("two", "b"))
        await until(lambda: "two" in supervisor and supervisor.connection("two").state == "ready")
        assert supervisor.plugin("atest-store-a").pid == pid
        plant.stores("stores:\n- {name: one, kind: {name: atest-store-a}, properties: {colour: blue}}\n")
        await until(lambda: supervisor.connection("one").entry.used.properties)
        await until(lambda: supervisor.connection("one").state == "ready")
        assert "two" not in supervisor
        assert (await supervisor.connection("one").ask(asks("echo"), "query")).said["pro.colour"] == "blue"
        assert supervisor.plugin("atest-store-a").pid == pid
        with pytest.raises(NotFound, match="atest-store-b"):
            supervisor.plugin("atest-store-b")
        plant.stores("stores:\n- {name: one, disabled: true, kind: {name: atest-store-a}}\n")
        await until(lambda: supervisor.connection("one").state == "disabled")
        assert pid is not None and not alive(pid)
        plant.stores("stores: [")
        await until(lambda: supervisor.reading.problems)
        assert supervisor.connection("one").state == "disabled"


async def test_a_plugin_that_somebody_stopped_stays_so_when_the_file_changes(plant: Plant) -> None:
    plant.plugin("atest-store-a")
    plant.plugin("atest-store-b")
    plant.stores("stores:\n" + store("one", "a"))
    async with plant.running() as supervisor:
        await until(lambda: supervisor.connection("one").state == "ready")
        await supervisor.plugin("atest-store-a").end("ada stopped it")
        plant.stores("stores:\n" + store("one", "a") + store("two", "b"))
        await until(lambda: "two" in supervisor and supervisor.connection("two").state == "ready")
        assert supervisor.plugin("atest-store-a").reason == "ada stopped it"


async def test_a_kind_starts_after_what_it_needs_and_rings_are_refused(plant: Plant) -> None:
    plant.plugin("atest-store-a")
    plant.stores(
        "stores:\n" + store("one", "a") + store("odd", "x") + "plugins:\n"
        "- {name: atest-store-a, dependencies: [{name: atest-store-b}]}\n"
        "- {name: atest-store-x, dependencies: [{name: atest-store-y}]}\n"
        "- {name: atest-store-y, dependencies: [{name: atest-store-x}]}\n"
    )
    async with plant.running() as supervisor:
        first = supervisor.plugin("atest-store-a")
        await until(lambda: first.reason is not None and "waits for atest-store-b, which is stopped" in first.reason)
        assert first.pid is None
        ring = supervisor.connection("odd")
        await until(lambda: "atest-store-x -> atest-store-y -> atest-store-x" in str(ring.reason))
        assert ring.state == "stopped"
        plant.plugin("atest-store-b")
        await until(lambda: supervisor.connection("one").state == "ready")


@pytest.fixture
def elsewhere(plant: Plant) -> Iterator[tuple[Path, subprocess.Popen[bytes]]]:
    """A plugin that somebody else starts, and where it listens."""
    where = plant.folder / "else.sock"
    src = Path(__file__).parents[2]
    env = {**os.environ, "PYTHONPATH": f"{src / 'src'}:{src / 'tests'}"}
    process = subprocess.Popen([sys.executable, "-m", "doubles.plugin", "--socket", str(where)], env=env)
    yield where, process
    process.kill()
    process.wait()


async def test_one_that_listens_already_is_asked_and_neither_started_nor_stopped(
    plant: Plant, elsewhere: tuple[Path, subprocess.Popen[bytes]]
) -> None:
    where, process = elsewhere
    plant.stores("stores:\n" + store("one", "far", f", url: 'unix://{where}'"))
    async with plant.running() as supervisor:
        plugin = supervisor.plugin("atest-store-far")
        await until(lambda: supervisor.connection("one").state == "ready")
        assert plugin.pid is None and plugin.address == f"unix://{where}"
        assert (await supervisor.connection("one").ask(asks("echo"), "query")).said["name"] == "one"
        process.send_signal(signal.SIGKILL)
        await until(lambda: plugin.state == "stopped" and "nobody listens" in str(plugin.reason))
        with pytest.raises(Unavailable, match="nobody listens"):
            await supervisor.connection("one").ask(asks("echo"), "query")
    assert process.wait() == -signal.SIGKILL


async def test_two_stores_of_one_kind_at_two_addresses_do_not_get_each_other_s_plugin(
    plant: Plant, elsewhere: tuple[Path, subprocess.Popen[bytes]]
) -> None:
    where, _ = elsewhere
    plant.stores(
        "stores:\n" + store("one", "far", f", url: 'unix://{where}'") + store("two", "far", ", url: 'unix:///no.sock'")
    )
    async with plant.running() as supervisor:
        await until(lambda: supervisor.connection("one").state == "ready")
        with pytest.raises(Unavailable, match="listens elsewhere"):
            await supervisor.connection("two").ask(asks("echo"), "query")


async def test_one_command_starts_what_it_asks_and_uses_what_a_server_has(plant: Plant) -> None:
    plant.plugin("atest-store-a")
    plant.plugin("atest-store-b")
    plant.stores("stores:\n" + store("one", "a") + store("two", "b"))
    async with plant.running(serves=False) as command:
        connection = await command.reach("one")
        assert (await connection.ask(asks("echo"), "query")).said["name"] == "one"
        pid = command.plugin("atest-store-a").pid
        assert pid is not None and command.plugin("atest-store-b").pid is None
    assert not alive(pid)
    async with plant.running() as server, plant.running(serves=False) as command:
        await until(lambda: server.connection("one").state == "ready")
        connection = await command.reach("one")
        assert (await connection.ask(asks("echo"), "query")).said["name"] == "one"
        assert command.plugin("atest-store-a").pid is None
        with pytest.raises(Conflict, match="by the program that serves"):
            command.own_plugin("atest-store-a")
        await command.close()
        assert server.connection("one").state == "ready"


async def test_a_stale_socket_is_taken_away_and_sockets_are_private(plant: Plant) -> None:
    plant.plugin("atest-store-a")
    plant.stores("stores:\n" + store("one", "a"))
    run = plant.folder / "run"
    run.mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(run / "atest-store-a.sock"))
    async with plant.running() as supervisor:
        await until(lambda: supervisor.connection("one").state == "ready")
        assert (run / "atest-store-a.sock").stat().st_mode & 0o777 == 0o600
    run.chmod(0o755)
    async with plant.running() as supervisor:
        await until(lambda: "others may enter it" in str(supervisor.connection("one").reason))


async def test_nobody_is_asked_on_another_machine(plant: Plant) -> None:
    plant.stores("stores:\n" + store("one", "far", ", url: '192.0.2.1:4071'"))
    async with plant.running() as supervisor:
        await until(lambda: "not of this machine" in str(supervisor.connection("one").reason))


def test_a_program_that_others_could_have_written_is_not_started(plant: Plant) -> None:
    shelf = Shelf(plant.bin, f"{plant.folder / 'path'}:relative")
    program = plant.plugin("tool")
    assert shelf.find("tool").program == program and shelf.listed() == ["tool"]
    program.chmod(0o644)
    assert "is not executable" in shelf.find("tool").says
    program.chmod(0o775)
    assert "writable by others" in shelf.find("tool").says and shelf.listed() == []
    program.chmod(0o755)
    plant.bin.chmod(0o777)
    assert f"lies in {plant.bin}" in shelf.find("tool").says
    plant.bin.chmod(0o755)
    (plant.folder / "path").mkdir()
    for name in ("atest-store-z", "reboot"):
        plant.plugin(name).rename(plant.folder / "path" / name)
    assert shelf.find("atest-store-z").program == plant.folder / "path" / "atest-store-z"
    assert shelf.find("reboot").program is None, "a store may not name any program of the machine"
