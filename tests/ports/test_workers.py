"""What worker processes promise, with real ones."""

from __future__ import annotations

import asyncio
import functools
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
import uvloop

from assay.adapters.processes.children import Children
from assay.adapters.workers.pool import WorkerPool
from assay.ports.deadline import Deadline
from assay.ports.errors import AssayError, Internal, Limited, Refused, TimedOut, Unavailable
from assay.ports.secret import Secret
from assay.ports.workers import Progress
from assay_lab.server import Server
from ports import thinking
from ports.watching import alive, eventually

TESTS = str(Path(__file__).parents[1])
SERVE = """
import sys
sys.path.insert(0, {tests!r})
from assay.adapters.workers.child import serve

def databases():
    from assay.adapters.databases.postgres import PostgresDatabases  # only where it is needed: it takes long
    return PostgresDatabases()

serve(int(sys.argv[sys.argv.index("--fd") + 1]), databases)
"""
COMMAND = (sys.executable, "-c", SERVE.format(tests=TESTS))
Scene = Callable[[WorkerPool], Coroutine[Any, Any, None]]


def run(scene: Scene, *, at_most: int = 2, loop: Callable[[], asyncio.AbstractEventLoop] | None = None) -> None:
    async def whole() -> None:
        children = Children()
        pool = WorkerPool(children, COMMAND, at_most=at_most)
        try:
            await scene(pool)
        finally:
            await pool.close()
            assert not [child for child in children._children if child.pid], "closing the pool ends its processes"
            await children.close()

    with asyncio.Runner(loop_factory=loop or uvloop.new_event_loop) as runner:
        runner.run(whole())


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_work_is_done_in_another_process_that_is_kept_and_gives_way(
    loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    async def scene(pool: WorkerPool) -> None:
        assert await pool.in_process(thinking.double, 21) == 42
        first = await pool.in_process(thinking.where, None)
        assert first == await pool.in_process(thinking.where, None)
        assert first[0] != os.getpid() and first[1] == min(19, os.nice(0) + 5)
        big = "ü" * 3_000_000
        assert await pool.in_process(thinking.double, big) == big * 2

    run(scene, loop=loop)


def test_a_process_that_was_started_ahead_does_the_first_work() -> None:
    async def scene(pool: WorkerPool) -> None:
        pool.warm()
        await pool.in_process(thinking.where, None)
        assert len(pool._all) == 1, "the request waited for the process that was on its way"

    run(scene)


def test_a_pool_that_is_closed_while_it_warms_leaves_nothing() -> None:
    async def scene(pool: WorkerPool) -> None:
        pool.warm()
        await eventually(lambda: pool._processes._children)  # its process has begun to start

    run(scene)


def test_progress_comes_in_order_and_ends_with_the_last_of_each_step() -> None:
    async def scene(pool: WorkerPool) -> None:
        heard: list[Progress] = []
        assert await pool.in_process(thinking.steps, 1_000, report=heard.append) == 499_500
        counted = [progress.done for progress in heard if progress.step == "Counting"]
        assert counted == sorted(counted) and counted[0] == 1 and len(counted) < 900
        assert heard[-1] == Progress("Summing")

    run(scene)


def test_no_more_work_runs_at_once_than_there_are_processes() -> None:
    async def scene(pool: WorkerPool) -> None:
        found = await asyncio.gather(*(pool.in_process(thinking.where, None) for _ in range(12)))
        assert len({pid for pid, _ in found}) <= 2

    run(scene)


def test_cancelling_stops_the_work_which_may_tidy_up_and_the_process_stays(tmp_path: Path) -> None:
    async def scene(pool: WorkerPool) -> None:
        pid, _ = await pool.in_process(thinking.where, None)
        started = asyncio.Event()
        sign = tmp_path / "tidied"
        task = asyncio.create_task(pool.in_process(thinking.tidy, str(sign), report=lambda _: started.set()))
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await pool.in_process(thinking.where, None))[0] == pid, "with one process, it had to stop first"
        assert sign.read_text() == "tidied"

    run(scene, at_most=1)


def test_cancelling_again_and_again_at_any_moment_leaves_the_pool_working() -> None:
    async def scene(pool: WorkerPool) -> None:
        await pool.in_process(thinking.where, None)
        for n in range(40):
            task = asyncio.create_task(pool.in_process(thinking.steps, 3_000, report=lambda _: None))
            await asyncio.sleep(n / 4_000)
            task.cancel()
            await asyncio.wait([task])
            assert await pool.in_process(thinking.double, n) == 2 * n

    run(scene)


def test_work_that_does_not_stop_within_two_seconds_is_killed_and_its_process_replaced() -> None:
    async def scene(pool: WorkerPool) -> None:
        pid, _ = await pool.in_process(thinking.where, None)
        with pytest.raises(TimedOut):
            await pool.in_process(thinking.deaf, None, deadline=Deadline.after(0.2))
        began = time.monotonic()
        assert (await pool.in_process(thinking.where, None))[0] != pid
        assert time.monotonic() - began < 10 and not alive(pid)

    run(scene, at_most=1)


def test_a_deadline_ends_the_work() -> None:
    async def scene(pool: WorkerPool) -> None:
        await pool.in_process(thinking.where, None)
        began = time.monotonic()
        with pytest.raises(TimedOut):
            await pool.in_process(thinking.until_cancelled, None, deadline=Deadline.after(0.2))
        assert time.monotonic() - began < 1.5
        assert await pool.in_process(thinking.double, 1, deadline=Deadline()) == 2

    run(scene)


@pytest.mark.parametrize(("how", "says"), [(signal.SIGKILL, "SIGKILL"), (signal.SIGSEGV, "SIGSEGV")])
def test_a_process_that_dies_is_unavailable_and_replaced(how: int, says: str, caplog: pytest.LogCaptureFixture) -> None:
    async def scene(pool: WorkerPool) -> None:
        with pytest.raises(Unavailable, match=f"died \\({says}\\) during die"):
            await pool.in_process(thinking.die, how)
        assert "my last words" in caplog.text
        with pytest.raises(Unavailable, match="exit status 3"):
            await pool.in_process(thinking.leave, 3)
        assert await pool.in_process(thinking.double, 1) == 2

    run(scene)


def test_a_process_that_died_while_idle_is_replaced_unnoticed() -> None:
    async def scene(pool: WorkerPool) -> None:
        pid, _ = await pool.in_process(thinking.where, None)
        (idle,) = pool._idle
        os.kill(pid, signal.SIGKILL)
        await eventually(lambda: idle.reader.ended or idle.process.state != "ready")
        assert (await pool.in_process(thinking.where, None))[0] != pid

    run(scene)


def test_errors_of_ours_arrive_as_they_were_raised() -> None:
    async def scene(pool: WorkerPool) -> None:
        with pytest.raises(Refused) as refused:
            await pool.in_process(thinking.fail, "refused")
        assert refused.value.message == "It was refused: ü."
        assert refused.value.details == {"sqlstate": "42P01", "position": 7}
        with pytest.raises(Limited) as limited:
            await pool.in_process(thinking.fail, "limited")
        assert (limited.value.retry_after, limited.value.details["scope"]) == (1.5, "x")
        with pytest.raises(thinking.Peculiar):
            await pool.in_process(thinking.fail, "peculiar")

    run(scene)


def test_other_errors_are_internal_and_their_text_is_in_the_log_only(caplog: pytest.LogCaptureFixture) -> None:
    async def scene(pool: WorkerPool) -> None:
        with pytest.raises(Internal, match=r"fail failed: ValueError at thinking\.py:\d+") as failed:
            await pool.in_process(thinking.fail, "fault")
        assert "s3cret" not in str(failed.value) and "s3cret" in caplog.text
        for work, asked in ((thinking.unsendable, None), (thinking.fail, "unsendable")):
            with pytest.raises(Internal, match="TypeError"):
                await pool.in_process(work, asked)
        assert await pool.in_process(thinking.double, 1) == 2

    run(scene)


def test_what_cannot_be_sent_is_internal_before_a_process_is_asked() -> None:
    async def scene(pool: WorkerPool) -> None:
        with pytest.raises(Internal, match="no module-level function"):
            await pool.in_process(lambda _bench, asked: asked, 1)
        with pytest.raises(Internal, match="cannot be sent"):
            await pool.in_process(thinking.double, threading.Lock())

    run(scene)


def test_a_report_that_fails_stops_the_work() -> None:
    def report(_progress: Progress) -> None:
        raise AssayError("Nobody listens.")

    async def scene(pool: WorkerPool) -> None:
        with pytest.raises(AssayError, match="Nobody listens"):
            await pool.in_process(thinking.until_cancelled, None, report=report)
        assert await pool.in_process(thinking.double, 1) == 2

    run(scene, at_most=1)


def test_a_secret_crosses_and_stays_masked() -> None:
    async def scene(pool: WorkerPool) -> None:
        revealed, shown, back = await pool.in_process(thinking.reveal, Secret("s3cret"))
        assert (revealed, shown, back) == ("s3cret", "Secret(***)", Secret("s3cret"))

    run(scene)


def test_a_worker_has_databases_of_its_own(postgres: Server) -> None:
    async def scene(pool: WorkerPool) -> None:
        assert await pool.in_process(thinking.visit, Secret(postgres.dsn())) == 42

    run(scene)


def test_a_worker_that_cannot_start_is_unavailable_with_the_end_of_its_log() -> None:
    async def scene() -> None:
        children = Children()
        pool = WorkerPool(children, (sys.executable, "-c", "raise SystemExit('no worker today')"))
        for _ in range(3):
            with pytest.raises(Unavailable, match="no worker today"):
                await pool.in_process(thinking.double, 1)
        await pool.close()
        with pytest.raises(Unavailable, match="stopping"):
            await pool.in_process(thinking.double, 1)
        await children.close()

    asyncio.run(scene())


def test_threads_are_bounded_and_carry_the_context() -> None:
    async def scene(pool: WorkerPool) -> None:
        running, most, lock = 0, 0, threading.Lock()
        together = threading.Barrier(8, timeout=30)

        def work(number: int) -> int:
            nonlocal running, most
            with lock:
                running += 1
                most = max(most, running)
            together.wait()
            with lock:
                running -= 1
            return number

        assert await asyncio.gather(*(pool.in_thread(work, n) for n in range(40))) == list(range(40))
        assert most == 8
        with pytest.raises(ZeroDivisionError):
            await pool.in_thread(functools.partial(divmod, 1), 0)

    run(scene)


OWNER = f"""
import asyncio, sys
sys.path.insert(0, {TESTS!r})
from assay.adapters.processes.children import Children
from assay.adapters.workers.pool import WorkerPool
from ports import thinking

async def main():
    pool = WorkerPool(Children(), {COMMAND!r})
    print((await pool.in_process(thinking.where, None))[0], flush=True)
    work = (pool.in_process(thinking.deaf, None, report=lambda p: print(p.step, flush=True)) for _ in range(2))
    await asyncio.gather(*work)

asyncio.run(main())
"""


def test_no_worker_outlives_an_owner_that_is_killed_in_the_middle_of_work(
    until: Callable[[Callable[[], object]], None],
) -> None:
    with subprocess.Popen([sys.executable, "-c", OWNER], stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        first = int(owner.stdout.readline())
        assert {owner.stdout.readline().strip() for _ in range(2)} == {"Not listening"}
        workers = [int(pid) for pid in Path(f"/proc/{owner.pid}/task/{owner.pid}/children").read_text().split()]
        assert first in workers and len(workers) == 2
        owner.kill()
    until(lambda: not any(alive(pid) for pid in workers))
