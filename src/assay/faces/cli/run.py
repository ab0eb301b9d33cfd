"""One command on its way: the house is opened, asked, watched while it works, and its answer or error printed."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, cast

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from assay.faces.cli.show import show
from assay.faces.cli.text import clean
from assay.faces.refusal import error_json
from assay.faces.shape import answer_bytes, known
from assay.kernel.errors import AssayError, Internal
from assay.kernel.house import House
from assay.kernel.jobs import Job
from assay.kernel.operation import Operation
from assay.kernel.secret import Secret

OpenHouse = Callable[[], AbstractAsyncContextManager[tuple[House, Secret]]]
WIDE = 160
"""Columns when nobody looks: a pipe."""
STOPPED = 130
NO_WORDS: Mapping[str, str] = {}


class Asker:
    """Asks one house for one command, and shows what comes.

    Args:
        quiet: print nothing but JSON on standard output.
    """

    def __init__(self, house: House, credential: Secret, *, quiet: bool) -> None:
        self.house = house
        self.quiet = quiet
        self._credential = credential

    async def ask(self, name: str, asked: dict[str, Any]) -> Any:
        """Ask an operation; a job is followed with a bar to its end, and stopped with Ctrl-C."""
        operation = self.house.catalogue.find(name)
        answer = await self.house.call(name, asked, credential=self._credential)
        return await self._follow(answer) if operation.effect == "job" else answer

    def stream(self, name: str, asked: dict[str, Any]) -> AsyncIterator[Any]:
        """Ask a stream."""
        return self.house.stream(name, asked, credential=self._credential)

    async def _follow(self, job: Job) -> Any:
        try:
            with progress_bar(hidden=self.quiet) as bar:
                task = bar.add_task(clean(job.step), total=None)
                async for state in self.house.follow(job):
                    job = state
                    bar.update(task, description=escape(clean(job.step)), completed=job.done, total=job.total)
        except asyncio.CancelledError:
            await self._stop(job)
            raise
        return self.house.result(job)

    async def _stop(self, job: Job) -> None:
        task = asyncio.current_task()
        if task is not None:  # the Ctrl-C that brought us here is being answered; a second one stops the waiting
            task.uncancel()
        typer.echo("assay: stopping…", err=True)
        try:
            async with asyncio.timeout(10):
                await self.house.call("jobs.cancel", {"id": job.id}, credential=self._credential)
        except (AssayError, TimeoutError):  # it had ended already, or ends at its holder's next heartbeat
            pass


def perform(
    open_house: OpenHouse,
    act: Callable[[Asker], Coroutine[Any, Any, None]],
    *,
    as_json: bool,
    words: Mapping[str, str] = NO_WORDS,
) -> None:
    """Open the house, act, and leave with an exit status that says how it ended; never with a traceback.

    Args:
        words: what a field is called on the command line, for errors that name one.
    """

    async def inside() -> None:
        async with open_house() as (house, credential):
            await act(Asker(house, credential, quiet=as_json))

    guarded(lambda: asyncio.run(inside()), as_json=as_json, words=words)


def guarded(act: Callable[[], None], *, as_json: bool, words: Mapping[str, str] = NO_WORDS) -> None:
    """Do something; print an error that it ends with on standard error, and exit with its status."""
    try:
        act()
    except (KeyboardInterrupt, asyncio.CancelledError):
        typer.echo("assay: stopped.", err=True)
        raise typer.Exit(STOPPED) from None
    except BrokenPipeError:  # `| head` has seen enough
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115, PTH123 - the interpreter flushes it at exit
        raise typer.Exit(0) from None
    except Exception as fault:
        if isinstance(fault, typer.Exit):
            raise
        error = known(fault)
        print_error(error, as_json=as_json, words=words)
        raise typer.Exit(error.exit_code) from None


def print_error(error: AssayError, *, as_json: bool, words: Mapping[str, str] = NO_WORDS) -> None:
    """Print an error as a line and what helps; as JSON for programs."""
    shape = error_json(error)
    if as_json:
        typer.echo(json.dumps(shape, ensure_ascii=False), err=True)
        return
    typer.echo(f"assay: {clean(error.message)}", err=True)
    word = words.get(str(error.details.get("field")))
    if cure := error.details.get("cure") or (f"See {word} in --help." if word else None):
        typer.echo(f"  → {clean(str(cure))}", err=True)
    for reading in cast(list[dict[str, object]], error.details.get("did_you_mean") or []):
        typer.echo(f"  Did you mean: {clean(str(reading['says']))}\n      {clean(str(reading['sql']))}", err=True)
    if isinstance(error, Internal):
        typer.echo(f"  trace {error.trace_id}", err=True)


async def answer_one(asker: Asker, operation: Operation, asked: dict[str, Any]) -> None:
    """Ask one operation and print its answer; a stream's items as they come."""
    if operation.effect != "stream":
        answer = await asker.ask(operation.name, asked)
        print_answer(operation, answer, as_json=asker.quiet)
        return
    items = asker.stream(operation.name, asked)
    try:
        async for item in items:
            print_answer(operation, item, as_json=asker.quiet)
    finally:
        await _close(items)


async def _close(items: Any) -> None:
    close: Callable[[], Awaitable[None]] | None = getattr(items, "aclose", None)
    if close is not None:
        await close()


def print_answer(operation: Operation, answer: Any, *, as_json: bool) -> None:
    """Print an answer for a person, or exactly as JSON."""
    if as_json:
        kind = operation.answer
        typer.echo((answer_bytes(operation, answer) if answer is not None else kind.dump_json(answer)).decode())
        return
    show(stdout(), answer)


def stdout() -> Console:
    """The console of standard output: no colours into a pipe, and room for whole lines there."""
    width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else WIDE
    return Console(file=sys.stdout, width=width, highlight=False, markup=False, emoji=False, soft_wrap=False)


def progress_bar(*, hidden: bool) -> Progress:
    """A bar on standard error that vanishes when it is done; none when nobody looks."""
    console = Console(stderr=True, highlight=False)
    narrow = shutil.get_terminal_size().columns < 70
    parts = [SpinnerColumn(), TextColumn("{task.description}")]
    more = [] if narrow else [BarColumn(bar_width=24), MofNCompleteColumn(), TimeElapsedColumn()]
    return Progress(*parts, *more, console=console, transient=True, disable=hidden or not console.is_terminal)
