"""`assay up`: serve the page, and with a demo show at once what Assay finds in it."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any, Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from assay.faces.cli.program import Program
from assay.faces.cli.worst import print_worst
from assay.faces.grpc.serve import listening
from assay.faces.rest.app import build
from assay.faces.rest.serve import serve
from assay.kernel.errors import AssayError, Conflict, Unavailable
from assay.kernel.house import House
from assay.kernel.secret import Secret

LINK_MINUTES = 720
DEMO = "demo"
"""What the demo shop is connected as."""
PAGE_MISSING = "The page is not built: run `npm ci && npm run build` in web/. The API works all the same."


class Demo(Protocol):
    """What a demo of the lab can do; the lab is an own distribution, found by its entry point."""

    def start(self, progress: Any) -> str:
        """Start, fill when empty, and return an administrator's DSN."""
        ...

    def keep_running(self) -> None:
        """Go on with a gentle workload."""
        ...

    def stop(self) -> None:
        """Stop what was started."""
        ...


async def run_up(program: Program, *, host: str, port: int, demo: Demo | None, console: Console) -> None:
    """Serve until SIGINT or SIGTERM; start the demo before, and stop it after."""
    main = asyncio.current_task()
    assert main is not None
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, main.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        async with _running(demo, console) as administrator:
            await _serve(program, host, port, administrator, demo, console)


@contextlib.asynccontextmanager
async def _running(demo: Demo | None, console: Console) -> AsyncGenerator[Secret | None]:
    if demo is None:
        yield None
        return
    try:
        with _bar(console) as bar:
            task = bar.add_task("Starting the demo", total=1.0)

            def tell(step: str, share: float) -> None:
                bar.update(task, description=step, completed=share)

            try:
                dsn = await asyncio.to_thread(demo.start, tell)
            except Exception as error:  # the lab is another distribution, with errors of its own
                raise Unavailable(f"The demo did not start: {error}") from error
        yield Secret(dsn)
    finally:
        await asyncio.shield(asyncio.to_thread(demo.stop))


def _bar(console: Console) -> Progress:
    columns = (TextColumn("{task.description:<44}"), BarColumn(bar_width=24), TimeElapsedColumn())
    return Progress(*columns, console=console, transient=True)


async def _serve(
    program: Program, host: str, port: int, administrator: Secret | None, demo: Demo | None, console: Console
) -> None:
    page = program.page if (program.page / "index.html").is_file() else None
    if page is None:
        console.print(PAGE_MISSING, style="yellow")
    async with contextlib.AsyncExitStack() as held:
        house, token = await held.enter_async_context(program.open_house(program.settings, background=True, warm=False))
        app = build(house, page=page)
        gc.freeze()  # what is there now stays: each full collection would look through it again, for 150 ms
        await house.warm()  # only now: what it starts would slow down the above
        grpc_address = await held.enter_async_context(listening(house))
        ready: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        serving = asyncio.create_task(serve(app, host, port, on_ready=ready.set_result))
        try:
            await asyncio.wait({serving, ready}, return_when=asyncio.FIRST_COMPLETED)
            if not ready.done():
                await serving
                raise Unavailable(f"Nothing listens on {host}:{port}.")
            await _print_url(house, token, program, ready.result(), console)
            if grpc_address is not None:
                console.print(f"gRPC services of atest are at {grpc_address}.\n", markup=False)
            if administrator is not None and demo is not None:
                await _show_demo(house, token, administrator, demo, console)
            console.print("[dim]Ctrl-C stops everything.[/dim]")
            await serving
        finally:
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)


async def _print_url(house: House, token: Secret, program: Program, port: int, console: Console) -> None:
    url = await sign_in_url(house, token, program.settings.public_url or f"http://{program.settings.host}:{port}")
    console.print(f"\nAssay {program.version} is up. Sign in, once, within 12 hours:\n")
    console.print(f"  [bold]{url}[/bold]\n", soft_wrap=True)


async def sign_in_url(house: House, token: Secret, base: str) -> str:
    """Return a URL that signs its first visitor in."""
    issued = await house.call("accounts.link", {"minutes": LINK_MINUTES}, credential=token)
    return f"{base}/#token={issued.token}"


async def _show_demo(house: House, token: Secret, administrator: Secret, demo: Demo, console: Console) -> None:
    """Connect the demo through an account of its own, scan, advise, and print the worst."""
    try:
        source = await _connect_demo(house, token, administrator)
        for operation, words in (("workload.scan", "Scanning"), ("workload.advise", "Looking for indexes")):
            await _job(house, token, operation, {"source": source}, words, console)
        await print_worst(house, token, source, console)
        demo.keep_running()
    except AssayError as error:
        console.print(f"The demo could not be shown: {error.message}", style="red", markup=False)


async def _connect_demo(house: House, token: Secret, administrator: Secret) -> str:
    """Return the demo's source, with new accounts when it is not connected, or no longer lets us in."""
    page = await house.call("sources.list", {"limit": 500}, credential=token)
    had = next((source for source in page.items if source.name == DEMO), None)
    if had is not None:
        seen = await house.call("sources.check", {"id": had.id}, credential=token)
        if seen.state in ("online", "degraded"):
            return had.id
    script = await house.call(
        "sources.init", {"apply_dsn": administrator.reveal(), "database": "shop"}, credential=token
    )
    reader = await asyncio.to_thread(_reader_dsn, Path(script.password_file))
    if had is not None:
        edited = {"id": had.id, "version": had.version, "dsn": reader}
        return (await house.call("sources.edit", edited, credential=token)).id
    try:
        return (await house.call("sources.connect", {"name": DEMO, "dsn": reader}, credential=token)).id
    except Conflict:  # connected by another process meanwhile
        return (await house.call("sources.get", {"id": DEMO}, credential=token)).id


def _reader_dsn(file: Path) -> str:
    lines = file.read_text().splitlines()
    return next(line.partition("=")[2] for line in lines if line.startswith("PROFILER_RO_DSN="))


async def _job(
    house: House, token: Secret, operation: str, asked: dict[str, object], words: str, console: Console
) -> Any:
    job = await house.call(operation, asked, credential=token)
    with _bar(console) as bar:
        task = bar.add_task(words, total=None)
        async for seen in house.follow(job):
            job = seen
            bar.update(task, description=f"{words}: {seen.step}"[:44], completed=seen.done, total=seen.total)
    return house.result(job)
