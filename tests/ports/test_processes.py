"""What the owner of child processes promises, with real processes, on both event loops."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import socket
import subprocess
import sys
import textwrap
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
import uvloop

from assay.adapters.processes.children import Child, Children
from assay.adapters.processes.output import Output
from assay.ports.errors import Unavailable
from assay.ports.processes import Command
from ports.watching import alive, eventually

Run = Callable[[Callable[[Children], Coroutine[Any, Any, None]]], None]
SLEEP = ("sleep", "60")


@pytest.fixture(params=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Run:
    """Run a scene with an owner of processes, close it, and see that no process, zombie or descriptor is left."""

    def go(scene: Callable[[Children], Coroutine[Any, Any, None]]) -> None:
        async def whole() -> None:
            children = Children()
            before = descriptors(), offspring()
            try:
                await scene(children)
            finally:
                await children.close()
            assert descriptors() <= before[0]
            assert offspring() <= before[1]  # a server that other tests share may have plugins of its own

        loops = uvloop.new_event_loop if request.param == "uvloop" else asyncio.new_event_loop
        with asyncio.Runner(loop_factory=loops) as runner:
            runner.run(whole())

    return go


def descriptors() -> set[str]:
    """Open pipes and handles of processes; servers that other tests share open and close sockets and files."""
    links = {fd: target(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd")}  # noqa: PTH208
    return {fd for fd, link in links.items() if link.startswith(("pipe:", "anon_inode:[pidfd]"))}


def target(link: str) -> str:
    try:
        return os.readlink(link)  # noqa: PTH115
    except OSError:
        return ""


def offspring() -> set[int]:
    """Children of this process, zombies included, that `Children` started."""
    found = set[int]()
    for task in Path("/proc/self/task").iterdir():
        try:
            children = (task / "children").read_text().split()
        except FileNotFoundError:  # a thread that has ended meanwhile
            continue
        for pid in children:
            if os.getsid(int(pid)) == int(pid) and b"keeper" not in Path(f"/proc/{pid}/cmdline").read_bytes():
                found.add(int(pid))
    return found


def python(text: str, *args: str) -> tuple[str, ...]:
    return (sys.executable, "-c", textwrap.dedent(text), *args)


def test_a_child_is_started_read_and_waited_for(run: Run) -> None:
    async def scene(children: Children) -> None:
        child = await children.start(Command("talker", ("sh", "-c", "echo one; echo two >&2; printf three; exit 3")))
        assert await child.wait() == 3
        assert list(child.log) == ["one", "two", "three"]
        assert child.state == "crashed" and child.pid is None

    run(scene)


def test_only_the_last_two_hundred_lines_are_kept_and_none_is_endless(run: Run) -> None:
    async def scene(children: Children) -> None:
        text = "print('x' * 10_000, flush=True)\nfor i in range(1_000): print('line', i)\nprint('\\udcff')"
        env = {"PYTHONIOENCODING": "utf-8:surrogateescape"}
        child = await children.start(Command("talker", python(text), env=env))
        await child.wait()
        assert len(child.log) == 200 and list(child.log)[-2:] == ["line 999", "\ufffd"]
        assert all(len(line) <= 4_096 for line in child.log)

    run(scene)


def test_a_child_inherits_nothing_but_what_it_is_given(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async def scene(children: Children) -> None:
        monkeypatch.setenv("PGPASSWORD", "s3cret")
        ours, theirs = socket.socketpair()
        stray = os.open("/dev/null", os.O_RDONLY)
        os.set_inheritable(stray, True)
        script = "env | sort; pwd; ls /proc/self/fd | tr '\\n' ' '"
        command = Command(
            "looker", ("/bin/sh", "-c", script), env={"ANSWER": "42"}, cwd=tmp_path, pass_fds=(theirs.fileno(),)
        )
        child = await children.start(command)
        assert await child.wait() == 0
        names = {line.partition("=")[0] for line in child.log if "=" in line}
        assert (
            names <= {"ANSWER", "ASSAY_CHILD", "PATH", "LANG", "PWD", "OLDPWD", "SHLVL", "_"}
            and "ANSWER=42" in child.log
        )
        assert str(tmp_path) in child.log
        passed = set(child.log[-1].split())
        assert str(theirs.fileno()) in passed and str(stray) not in passed and str(ours.fileno()) not in passed
        os.close(stray)
        ours.close()
        theirs.close()

    run(scene)


def test_readiness_is_asked_until_it_is_there(run: Run, tmp_path: Path) -> None:
    sign = tmp_path / "sign"
    asked = 0

    async def ready() -> bool:
        nonlocal asked
        asked += 1
        if asked == 1:
            raise ConnectionRefusedError
        return sign.exists()

    async def scene(children: Children) -> None:
        child = await children.start(Command("slow", ("sh", "-c", f"sleep 0.2; touch {sign}; sleep 60"), ready=ready))
        assert child.state == "ready" and sign.exists() and child.pid is not None and alive(child.pid)

    run(scene)


async def never() -> bool:
    return False


async def hangs() -> bool:
    await asyncio.Event().wait()
    return True


@pytest.mark.parametrize("ready", [never, hangs])
def test_one_that_does_not_get_ready_is_unavailable_with_the_end_of_its_log(
    run: Run, ready: Callable[[], Awaitable[bool]]
) -> None:
    async def scene(children: Children) -> None:
        command = Command("stuck", ("sh", "-c", "echo I am stuck; sleep 60"), ready=ready, ready_within_s=0.5)
        with pytest.raises(Unavailable, match=r"stuck was not ready within 0.5 s[\s\S]*I am stuck"):
            await children.start(command)

    run(scene)


def test_one_that_ends_before_it_is_ready_is_unavailable_at_once(run: Run) -> None:
    async def scene(children: Children) -> None:
        with pytest.raises(Unavailable, match=r"exit status 9[\s\S]*out of cheese"):
            await children.start(Command("short", ("sh", "-c", "echo out of cheese; exit 9"), ready=never))

    run(scene)


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (Command("absent", ("/nowhere/program",)), "absent cannot be started: .*No such file"),
        (Command("nobody", ("true",), cwd=Path("/nowhere")), "nobody cannot be started: No such file"),
        (Command("denied", ("/etc/passwd",)), "denied cannot be started: .*Permission denied"),
    ],
)
def test_a_program_that_cannot_be_started_is_unavailable(run: Run, command: Command, says: str) -> None:
    async def scene(children: Children) -> None:
        with pytest.raises(Unavailable, match=says):
            await children.start(command)

    run(scene)


def test_stopping_asks_first_and_then_kills_with_all_descendants(run: Run) -> None:
    async def scene(children: Children) -> None:
        patient = "trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.01; done"
        polite = await children.start(Command("polite", ("sh", "-c", patient)))
        stubborn = await children.start(
            Command("stubborn", ("sh", "-c", "trap '' TERM; sleep 60 & echo $!; wait; sleep 60"), stop_within_s=0.2)
        )
        await eventually(lambda: polite.log and stubborn.log)
        descendant = int(stubborn.log[0])
        assert alive(descendant)
        await asyncio.gather(polite.stop(), stubborn.stop())
        assert (await polite.wait(), polite.state, polite.log[-1]) == (0, "stopped", "bye")
        assert (await stubborn.wait(), stubborn.state) == (-signal.SIGKILL, "stopped")
        await eventually(lambda: not alive(descendant))
        await polite.stop()

    run(scene)


def test_descendants_do_not_outlive_one_that_ends_by_itself(run: Run) -> None:
    async def scene(children: Children) -> None:
        child = await children.start(Command("parent", ("sh", "-c", "sleep 60 & echo $!")))
        await child.wait()
        await eventually(lambda: not alive(int(child.log[0])))

    run(scene)


STRAYS = """
    import subprocess, sys
    def daemon(then):
        again = "import subprocess as s, sys; s.Popen(sys.argv[1:], start_new_session=True); " + then
        it = subprocess.Popen([sys.executable, "-c", again, "/bin/sleep", "600"], start_new_session=True)
        return it
    daemon("").wait()
    daemon("import signal; signal.pause()")
    print("made", flush=True)
    open(sys.argv[1]).read()
"""
"""Makes sessions of their own: one whose maker has ended, so that it is nobody's child, and two that are not."""


def strays(child: Child) -> list[int]:
    """Processes that a child made, by what its environment hands down."""
    found = [pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if owner_of(pid) == child.mark.encode()]  # noqa: PTH208
    return [pid for pid in found if pid != child.pid and alive(pid)]


def owner_of(pid: int) -> bytes | None:
    try:
        entries = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return None
    return next((entry.partition(b"=")[2] for entry in entries if entry.startswith(b"ASSAY_CHILD=")), None)


@pytest.mark.parametrize("end", ["stopped", "killed", "by itself"])
def test_descendants_in_sessions_of_their_own_do_not_outlive_it_either(run: Run, end: str, tmp_path: Path) -> None:
    async def scene(children: Children) -> None:
        enough, never = tmp_path / "enough", tmp_path / "never"
        for pipe in (enough, never):
            os.mkfifo(pipe)  # who opens it waits for the other end
        child = await children.start(Command("parent", python(STRAYS, str(enough))))
        other = await children.start(Command("other", python(STRAYS, str(never))))
        await eventually(lambda: len(strays(child)) == len(strays(other)) == 3)
        made = strays(child)
        if end == "stopped":
            await child.stop()
        elif end == "killed":
            assert child.pid is not None
            os.kill(child.pid, signal.SIGKILL)
        else:
            enough.write_text("")
        await child.wait()
        await eventually(lambda: not any(alive(pid) for pid in made))
        assert len(strays(other)) == 3

    run(scene)


def test_a_crash_is_answered_by_starts_as_often_as_was_said(run: Run, tmp_path: Path) -> None:
    async def scene(children: Children) -> None:
        marks = tmp_path / "marks"
        child = await children.start(Command("crasher", ("sh", "-c", f"echo x >> {marks}; exit 7"), restarts=2))
        assert await child.wait() == 7
        assert marks.read_text().split() == ["x", "x", "x"] and child.state == "crashed"
        fine = await children.start(Command("fine", ("true",), restarts=2))
        assert (await fine.wait(), fine.state) == (0, "stopped")

    run(scene)


def test_a_killed_child_comes_back_ready_and_a_stopped_one_does_not(run: Run) -> None:
    async def scene(children: Children) -> None:
        child = await children.start(Command("lasting", SLEEP, restarts=5))
        first = child.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        await eventually(lambda: child.state == "ready" and child.pid not in (None, first))
        await child.stop()
        assert child.pid is None and child.state == "stopped"

    run(scene)


def test_stopping_does_not_wait_for_the_back_off(run: Run) -> None:
    async def scene(children: Children) -> None:
        child = await children.start(Command("crasher", ("false",), restarts=100))
        await eventually(lambda: child.state == "crashed")
        async with asyncio.timeout(5):
            await child.stop()
        assert child.state == "stopped"

    run(scene)


def test_memory_is_bounded_when_asked(run: Run) -> None:
    async def scene(children: Children) -> None:
        text = "import resource; print(resource.getrlimit(resource.RLIMIT_AS)[0], flush=True); bytearray(1 << 30)"
        child = await children.start(Command("eater", python(text), memory_bytes=512 << 20))
        assert await child.wait() == 1
        assert child.log[0] == str(512 << 20) and child.log[-1] == "MemoryError"

    run(scene)


def test_a_start_that_is_cancelled_leaves_no_process(run: Run) -> None:
    async def scene(children: Children) -> None:
        before = offspring()
        task = asyncio.create_task(children.start(Command("waiting", SLEEP, ready=never, ready_within_s=60)))
        await eventually(lambda: offspring() - before)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert offspring() <= before

    run(scene)


def test_closing_stops_all_and_nothing_is_started_afterwards(run: Run) -> None:
    async def scene(children: Children) -> None:
        started = [await children.start(Command(f"sleeper {n}", SLEEP)) for n in range(5)]
        await children.close()
        assert [child.state for child in started] == ["stopped"] * 5
        with pytest.raises(Unavailable, match="stopping"):
            await children.start(Command("late", SLEEP))

    run(scene)


def test_many_starts_leak_nothing(run: Run) -> None:
    async def scene(children: Children) -> None:
        limit = resource.getrlimit(resource.RLIMIT_NOFILE)
        highest = max(map(int, os.listdir("/proc/self/fd")))  # noqa: PTH208
        resource.setrlimit(resource.RLIMIT_NOFILE, (highest + 20, limit[1]))
        try:
            for _ in range(15):
                await (await children.start(Command("short", ("true",)))).wait()
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limit)

    run(scene)


def test_waiting_for_one_that_never_began_is_unavailable() -> None:
    async def scene() -> None:
        child = Child(Command("unborn", SLEEP))
        await child.stop()
        with pytest.raises(Unavailable):
            await child.wait()

    asyncio.run(scene())


def test_output_that_a_stray_descendant_still_holds_is_not_waited_for() -> None:
    async def scene() -> None:
        output = Output()
        stray = os.dup(output.write_end)
        os.write(stray, b"last words\nunfinished")
        output.close()
        assert output.lines == ["last words", "unfinished"]
        os.close(stray)

    asyncio.run(scene())


CALLING = """
import assay
import asyncio, os, threading
from concurrent.futures import ThreadPoolExecutor
import grpc
import uvloop
from assay.adapters.processes.children import Children
from assay.ports.processes import Command

same = grpc.unary_unary_rpc_method_handler(lambda asked, context: asked)
server = grpc.server(ThreadPoolExecutor(2))
server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("x.Y", {"Same": same}),))
port = server.add_insecure_port("127.0.0.1:0")
server.start()

def calls():
    while True:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            channel.unary_unary("/x.Y/Same")(b"1")

async def main():
    threading.Thread(target=calls, daemon=True).start()
    children = Children()
    for _ in range(30):
        assert await (await children.start(Command("short", ("true",)))).wait() == 0
    await children.close()

with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:  # which forks; Python's own loop does not
    runner.run(main())
print("done", flush=True)
os._exit(0)
"""


def test_grpc_does_nothing_in_a_child_before_its_program_begins() -> None:
    done = subprocess.run([sys.executable, "-c", CALLING], capture_output=True, text=True, timeout=100)
    assert (done.stdout, "fork" in done.stderr) == ("done\n", False), done.stderr


OWNER = """
import asyncio, sys
from assay.adapters.processes.children import Children
from assay.ports.processes import Command

async def main():
    children = Children()
    for _ in range(2):
        print((await children.start(Command("sleeper", ("sleep", "60"), restarts=3))).pid, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


def test_no_child_outlives_an_owner_that_is_killed(until: Callable[[Callable[[], object]], None]) -> None:
    with subprocess.Popen([sys.executable, "-c", OWNER], stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        pids = [int(owner.stdout.readline()) for _ in range(2)]
        assert all(alive(pid) for pid in pids)
        owner.kill()
    until(lambda: not any(alive(pid) for pid in pids))
