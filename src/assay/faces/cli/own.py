"""The program's own commands, which are no operations: up, url, migrate, schema, mcp, version."""

from __future__ import annotations

import asyncio
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from assay.faces.cli.program import Program
from assay.faces.cli.up import Demo, run_up, sign_in_url
from assay.faces.mcp.serve import stdio
from assay.faces.schema import write
from assay.kernel.errors import Unavailable


def add_own(app: typer.Typer, program: Program) -> None:
    """Add the program's own commands to the command line."""
    settings, console = program.settings, Console()

    @app.command(rich_help_panel="Program")
    def up(  # pyright: ignore[reportUnusedFunction]
        demo: Annotated[bool, typer.Option("--demo", help="Start the demo shop, scan it, advise.")] = False,
        port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.")] = settings.port,
        host: Annotated[str, typer.Option(help="Address to listen on.")] = settings.host,
    ) -> None:
        """Serve the page and the API until Ctrl-C."""
        chosen = program.with_settings(settings.model_copy(update={"port": port, "host": host}))
        asyncio.run(run_up(chosen, host=host, port=port, demo=_demo(settings.home) if demo else None, console=console))

    @app.command(rich_help_panel="Program")
    def url(  # pyright: ignore[reportUnusedFunction]
        port: Annotated[int, typer.Option(help="Port of the running server.")] = settings.port,
    ) -> None:
        """Print a new sign-in URL, good once, for 12 hours."""

        async def make() -> str:
            base = settings.public_url or f"http://{settings.host}:{port}"
            async with program.open_house(settings) as (house, token):
                return await sign_in_url(house, token, base)

        typer.echo(asyncio.run(make()))

    @app.command(rich_help_panel="Program")
    def migrate() -> None:  # pyright: ignore[reportUnusedFunction]
        """Bring our own database up to date; a newer one is refused, a full one is copied first."""
        applied = program.prepare(settings)
        typer.echo("\n".join(applied) if applied else "The database is up to date.")

    @app.command(rich_help_panel="Program")
    def schema(folder: Path) -> None:  # pyright: ignore[reportUnusedFunction]
        """Write openapi.json, tools.json and events.json into a folder."""
        write(program.catalogue, folder)

    @app.command(rich_help_panel="Program")
    def mcp() -> None:  # pyright: ignore[reportUnusedFunction]
        """Serve the tools to a model's client, over standard input and output."""

        async def run() -> None:
            async with program.open_house(settings) as (house, token):
                await stdio(house, token)

        asyncio.run(run())

    @app.command(rich_help_panel="Program")
    def version() -> None:  # pyright: ignore[reportUnusedFunction]
        """Print the version."""
        typer.echo(program.version)


def _demo(home: Path) -> Demo:
    found = entry_points(group="assay.lab", name="shop")
    if not found:
        raise Unavailable("The demo is not installed.", cure="pip install ./lab")
    return next(iter(found)).load()(home / "shop")
