"""The way to a connected database: which one is meant, its credentials unsealed, a session in a thread."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import or_, select

from assay.kernel.context import Context
from assay.ports.databases import Databases, Engine, Reader, Session
from assay.ports.errors import Invalid, NotFound, UnsupportedDatabase
from assay.ports.secret import Secret
from assay.ports.store import Row
from assay.sources._store import sources

Given = ParamSpec("Given")
Result = TypeVar("Result")


async def reachable(ctx: Context) -> Sequence[Row]:
    """Sources within the caller's scopes, by name."""
    rows = await ctx.store.rows(select(sources).order_by(sources.c.name))
    return [row for row in rows if ctx.caller.reaches("database", row["id"])]


async def which(ctx: Context, named: str | None, engine: Engine | None = None) -> Row:
    """Return the source that is meant: by id or name, or the only one there is.

    Args:
        engine: the only one that will do; None is any.

    Raises NotFound when there is none, Invalid when several could be meant, UnsupportedDatabase for another engine.
    """
    if named is None:
        rows = [row for row in await reachable(ctx) if engine is None or row["engine"] == engine]
        if not rows:
            raise NotFound(
                "No database is connected.", field="source", cure="assay sources connect --name NAME --dsn DSN"
            )
        if len(rows) > 1:
            names = [row["name"] for row in rows]
            raise Invalid(
                f"source: say which database is meant, one of {', '.join(names)}.", field="source", known=names
            )
        return rows[0]
    rows = await ctx.store.rows(select(sources).where(or_(sources.c.id == named, sources.c.name == named)))
    seen = [row for row in rows if ctx.caller.reaches("database", row["id"])]
    if not seen:
        raise NotFound(f"There is no database {named!r}.", field="source")
    if engine is not None and seen[0]["engine"] != engine:
        raise UnsupportedDatabase(
            f"source: this works on {engine} only, and {seen[0]['name']} is {seen[0]['engine']}.",
            field="source",
            engine=seen[0]["engine"],
        )
    return seen[0]


def by_plugin(row: Row) -> bool:
    """Whether a source is read through a plugin, which has readers and no sessions."""
    return str(row["where"]).startswith("plugin://")


def unseal(ctx: Context, row: Row) -> Secret:
    """Return a source's DSN; raises Invalid when it was sealed under another key."""
    return Secret(ctx.vault.open(row["sealed"], about=f"source:{row['id']}").decode())


async def visit(
    ctx: Context,
    row: Row,
    thinking: Callable[Concatenate[Session, Given], Result],
    *args: Given.args,
    **kwargs: Given.kwargs,
) -> Result:
    """Run synchronous thinking with a session of a PostgreSQL source, in a bounded thread."""
    databases = ctx.port(Databases)
    dsn = unseal(ctx, row)

    def work() -> Result:
        with databases.session(dsn) as session:
            return thinking(session, *args, **kwargs)

    return await ctx.workers.in_thread(work)


async def look(
    ctx: Context,
    row: Row,
    thinking: Callable[Concatenate[Reader, Given], Result],
    *args: Given.args,
    **kwargs: Given.kwargs,
) -> Result:
    """Run synchronous thinking with a reader of a source of whatever engine, in a bounded thread."""
    databases = ctx.port(Databases)
    dsn = unseal(ctx, row)

    def work() -> Result:
        with databases.reader(dsn) as reader:
            return thinking(reader, *args, **kwargs)

    return await ctx.workers.in_thread(work)
