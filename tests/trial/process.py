"""A process with a house on a folder: `python -m trial.process HOME ACT`, for tests that kill it."""

from __future__ import annotations

import asyncio
import itertools
import os
import sys
from pathlib import Path

import uvloop

from trial.house import ADMIN, Trial, open_trial


def say(*words: object) -> None:
    """One line to whoever watches, at once."""
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


async def _write(trial: Trial, lane: int) -> None:
    for number in itertools.count():
        id = f"p{os.getpid()}-{lane}-{number}"
        await trial.ask("notes.add", id=id[-20:], text="x")
        say("note", id[-20:])


async def _prove(trial: Trial) -> None:
    while True:
        claimed = await trial.ask("notes.claim", prove=True)
        say("evidence", claimed.evidence[0])


async def _work(trial: Trial) -> None:
    for number in itertools.count():
        name = f"j{os.getpid()}-{number}"
        job = await trial.ask("notes.copy" if number % 2 else "notes.copy_once", name=name[-16:], count=3, seconds=0.01)
        say("job", job.id)
        await asyncio.sleep(0.02)


async def _main(home: Path, act: str, *rest: str) -> None:
    background = act != "command"
    async with open_trial(home, background=background, jobs_at_once=2) as trial:
        say("ready", os.getpid())
        if act == "busy":
            await asyncio.gather(_write(trial, 0), _write(trial, 1), _prove(trial), _work(trial))
        elif act == "start":
            for number, operation in enumerate(rest):
                job = await trial.ask(operation, name=f"p{os.getpid()}x{number}", count=1000, seconds=0.05)
                say("job", job.id)
            await asyncio.Event().wait()
        else:
            await asyncio.Event().wait()


if __name__ == "__main__":
    assert ADMIN
    uvloop.run(_main(Path(sys.argv[1]), *sys.argv[2:]))
