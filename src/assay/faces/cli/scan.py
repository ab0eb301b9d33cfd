"""`assay scan`: from a DSN to the worst statements, what fixes them and the proof, in one command."""

from __future__ import annotations

import json
import re
import shlex
from typing import Any
from urllib.parse import unquote, urlsplit

import typer
from pydantic import BaseModel
from rich.console import Console

from assay.faces.cli.nouns import advice_line, scan_line
from assay.faces.cli.options import read_secret
from assay.faces.cli.run import Asker, OpenHouse, guarded, perform, stdout
from assay.faces.cli.show import show
from assay.faces.cli.text import heading, line
from assay.faces.fields import Field
from assay.kernel.errors import Conflict, Invalid

_DSN = Field("dsn", "text", False, True, True, (), None, "DSN of the database")


def add_scan(app: typer.Typer, open_house: OpenHouse) -> None:
    """Add the command."""

    @app.command("scan", rich_help_panel="Workload")
    def scan(  # pyright: ignore[reportUnusedFunction]
        target: str | None = typer.Argument(None, metavar="[DSN|-|env:NAME]", help="postgresql://…, or key=value."),
        source: str | None = typer.Option(None, "--source", help="A connected database, by name or id."),
        top: int = typer.Option(20, "--top", help="So many statements get a plan and are judged."),
        min_mean_ms: float = typer.Option(0.0, "--min-mean-ms", help="Leave out statements faster than this."),
        budget_mb: float | None = typer.Option(None, "--budget-mb", help="Room for new indexes, in megabytes."),
        show_top: int = typer.Option(10, "--show", help="Print so many statements."),
        as_json: bool = typer.Option(False, "--json", help="Print everything as one JSON object."),
    ) -> None:
        """Connect a database when it is new, scan it, look for indexes, and show what costs most and what fixes it."""
        dsn: list[str] = []

        def read() -> None:
            if target is not None and source is not None:
                raise Invalid("Give a DSN or --source, not both.", field="source")
            if target is not None:
                dsn.append(read_secret(_DSN, target) or "")

        guarded(read, as_json=as_json)

        async def act(asker: Asker) -> None:
            there = await _source(asker, dsn[0] if dsn else None, source)
            found: dict[str, Any] = {"check": await asker.ask("sources.check", {"id": there})}
            asked = {"source": there, "top": top, "min_mean_ms": min_mean_ms}
            found["scan"] = await asker.ask("workload.scan", asked)
            budget = {} if budget_mb is None else {"budget_mb": budget_mb}
            found["advice"] = await asker.ask("workload.advise", {"source": there, **budget})
            listed = {"source": there, "limit": show_top, "min_mean_ms": min_mean_ms}
            found["bottlenecks"] = await asker.ask("workload.bottlenecks", listed)
            _print(stdout(), found, as_json=as_json)

        perform(open_house, act, as_json=as_json)


def _print(console: Console, found: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        shapes = {name: part.model_dump(mode="json") for name, part in found.items() if isinstance(part, BaseModel)}
        typer.echo(json.dumps(shapes, ensure_ascii=False))
        return
    show(console, found["check"])
    heading(console, "Scanned")
    scan_line(console, found["scan"])
    show(console, found["bottlenecks"])
    heading(console, "All together")
    advice_line(console, found["advice"])
    worst = found["bottlenecks"].items
    fixes = [item for item in worst if item.recommendation is not None and item.recommendation.verdict == "assayed"]
    if fixes:
        heading(console, "Next")
        line(console, f"assay simulate --query {fixes[0].query_id} --rec {fixes[0].recommendation.id}", style="bold")
        line(console, f"assay runbook {fixes[0].recommendation.id}", style="bold")


async def _source(asker: Asker, dsn: str | None, source: str | None) -> str:
    """Return the id of the database to scan; connect it when it is new."""
    if dsn is None:
        if source is not None:
            return (await asker.ask("sources.get", {"id": source})).id
        page = await asker.ask("sources.list", {"limit": 2})
        if page.total == 1:
            return page.items[0].id
        cure = "assay scan postgresql://account@host/database" if not page.total else "Name it: --source NAME"
        raise Invalid(f"{page.total} databases are connected.", field="source", cure=cure)
    where, account, database = whereabouts(dsn)
    known = await asker.ask("sources.list", {"limit": 500})
    for had in known.items:
        if had.where == where and had.account == account:
            seen = await asker.ask("sources.check", {"id": had.id})
            if seen.state == "offline":  # perhaps the password is new
                await asker.ask("sources.edit", {"id": had.id, "version": had.version, "dsn": dsn})
            return had.id
    return await _connect(asker, dsn, database, where)


async def _connect(asker: Asker, dsn: str, database: str, where: str) -> str:
    place = re.sub(r"[^\w.@:-]+", "-", f"{database}@{where.rpartition('/')[0]}")[:70]
    for name in (database[:70] or "database", place, *(f"{place}-{n}" for n in range(2, 20))):
        try:
            return (await asker.ask("sources.connect", {"name": name, "dsn": dsn})).id
        except Conflict:
            continue
    raise Conflict(f"Twenty databases are called {place} already.", field="name", cure="assay sources connect --name …")


def whereabouts(dsn: str) -> tuple[str, str, str]:
    """Return where a DSN points to, as a source shows it, its account and its database; "" for what it leaves open."""
    try:
        if "://" in dsn:
            parts = urlsplit(dsn)
            host, port, account = parts.hostname or "", parts.port, unquote(parts.username or "")
            database = unquote(parts.path.lstrip("/"))
        else:
            split = (pair.partition("=") for pair in shlex.split(dsn))
            pairs = {name: value for name, _, value in split}
            host, account = pairs.get("host", ""), pairs.get("user", "")
            port, database = int(pairs.get("port", "5432")), pairs.get("dbname", "")
    except ValueError:
        return "", "", ""
    database = database or account
    place = f"[{host}]" if ":" in host else host or "localhost"
    return f"{place}:{port or 5432}/{database}", account, database
