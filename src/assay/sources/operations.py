"""What can be asked of sources: connect, list, edit, check, remove, introspect, make their accounts."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete, insert, select, update

from assay.kernel.context import Context
from assay.kernel.operation import Delete, Get, Post, Put, operation
from assay.kernel.paging import cursor_after, offset_of
from assay.kernel.values import Empty, Page, now
from assay.ports.databases import Databases
from assay.ports.errors import AssayError, Conflict, Invalid, NotFound, Refused, Unavailable
from assay.ports.secret import Secret
from assay.ports.store import Change, Row
from assay.sources._store import sources
from assay.sources.cache import SchemaCache
from assay.sources.check import check_session
from assay.sources.events import SOURCE_CONNECTED, SOURCE_EDITED, SOURCE_REMOVED
from assay.sources.init import READER, ROLES, init_statements
from assay.sources.init_asker import ASKER, asker_statements
from assay.sources.model import (
    ConnectSource,
    EditSource,
    FindSchema,
    FindSource,
    InitScript,
    InitSource,
    ListSources,
    RemoveSource,
    Schema,
    Source,
    SourceCheck,
)
from assay.sources.private import write_private
from assay.sources.schemas import read_any, refuse_unknown
from assay.sources.visit import look, reachable, which


def source_of(row: Row) -> Source:
    """Make the noun of a stored row, without what is sealed in it."""
    return Source(**{name: row[name] for name in Source.model_fields})


@operation("sources.list", effect="read", needs="sources:read", http=Get("/api/v1/sources"), graph=True,
           when="you need to know which databases are connected, and whether they answer")  # fmt: skip
async def list_sources(asked: ListSources, ctx: Context) -> Page[Source]:
    """List connected databases by name, with the state that the last check found."""
    words = (asked.search or "").casefold()
    rows = [row for row in await reachable(ctx) if words in f"{row['name']} {row['where']}".casefold()]
    offset = offset_of(asked.cursor)
    shown = tuple(source_of(row) for row in rows[offset : offset + asked.limit])
    return Page[Source](items=shown, total=len(rows), next_cursor=cursor_after(offset, len(shown), len(rows)))


@operation("sources.get", effect="read", needs="sources:read", http=Get("/api/v1/sources/{id}"), errors=[NotFound],
           graph=True)  # fmt: skip
async def get(asked: FindSource, ctx: Context) -> Source:
    """Show one connected database."""
    return source_of(await which(ctx, asked.id))


@operation("sources.connect", effect="write", needs="sources:connect", http=Post("/api/v1/sources"),
           errors=[Invalid, Conflict, Unavailable])  # fmt: skip
async def connect(asked: ConnectSource, ctx: Context) -> Source:
    """Connect a database: sign in once to see that it answers, seal the credentials, remember it."""
    row: dict[str, Any] = {"id": f"s_{secrets.token_hex(6)}", "name": asked.name, "created_at": now(), "version": 1}
    row |= {"allow_powerful_account": asked.allow_powerful_account, "private_columns": asked.private_columns}
    row |= await _sealed(ctx, row["id"], asked.dsn, asked.private_columns)
    ctx.change(Change(insert(sources).values(**row), otherwise=_taken(asked.name)))
    ctx.announce(SOURCE_CONNECTED, row["id"], {"source": row["id"], "name": asked.name})
    return source_of(row)


def _taken(name: str) -> Conflict:
    return Conflict(f"A database called {name!r} is connected already.", field="name")


async def _sealed(ctx: Context, id: str, dsn: str, private: Sequence[str]) -> dict[str, Any]:
    """Sign in with a DSN; return the columns that depend on it.

    Raises what the sign-in raises, and Invalid for a private column that is not there.
    """
    secret = Secret(dsn)
    databases = ctx.port(Databases)
    there = databases.whereabouts(secret)

    def sign_in() -> SourceCheck:
        with databases.reader(secret) as reader:
            if private:
                refuse_unknown(read_any(reader, id, private), private)
            return check_session(reader, id)

    seen = await ctx.workers.in_thread(sign_in)
    return {
        "engine": there.engine, "where": there.where, "account": there.account,
        "sealed": ctx.vault.seal(dsn.encode(), about=f"source:{id}"), **_state(seen),
    }  # fmt: skip


def _state(seen: SourceCheck) -> dict[str, Any]:
    return {
        "state": seen.state, "state_reason": seen.state_reason, "server_version": seen.server_version,
        "checked_at": seen.checked_at,
    }  # fmt: skip


@operation("sources.edit", effect="write", needs="sources:edit", http=Put("/api/v1/sources/{id}"),
           errors=[Invalid, NotFound, Conflict, Unavailable])  # fmt: skip
async def edit(asked: EditSource, ctx: Context) -> Source:
    """Rename a connected database, or give it new credentials; what is null stays."""
    row = await which(ctx, asked.id)
    changed: dict[str, Any] = {"version": asked.version + 1}
    if asked.name is not None:
        other = await ctx.store.rows(
            select(sources.c.id).where(sources.c.name == asked.name, sources.c.id != row["id"])
        )
        if other:
            raise _taken(asked.name)
        changed["name"] = asked.name
    if asked.allow_powerful_account is not None:
        changed["allow_powerful_account"] = asked.allow_powerful_account
    private = row["private_columns"] if asked.private_columns is None else asked.private_columns
    changed["private_columns"] = private
    if asked.dsn is not None:
        changed |= await _sealed(ctx, row["id"], asked.dsn, private)
    elif asked.private_columns:
        await look(ctx, row, lambda reader: refuse_unknown(read_any(reader, row["id"], private), private))
    mine = (sources.c.id == row["id"], sources.c.version == asked.version)
    ctx.change(Change(update(sources).where(*mine).values(**changed), expect=1, otherwise=_stale(row)))
    ctx.announce(SOURCE_EDITED, row["id"], {"source": row["id"], "name": changed.get("name", row["name"])})
    return source_of({**row, **changed})


def _stale(row: Row) -> Conflict:
    return Conflict(f"{row['name']} has changed since you read it.", field="version", version=row["version"])


@operation("sources.remove", effect="write", needs="sources:remove", http=Delete("/api/v1/sources/{id}"),
           errors=[NotFound, Conflict])  # fmt: skip
async def remove(asked: RemoveSource, ctx: Context) -> Source:
    """Forget a connected database, its credentials and what was recorded of it; evidence stays in the ledger."""
    row = await which(ctx, asked.id)
    mine = (sources.c.id == row["id"], sources.c.version == asked.version)
    ctx.change(Change(delete(sources).where(*mine), expect=1, otherwise=_stale(row)))
    ctx.announce(SOURCE_REMOVED, row["id"], {"source": row["id"], "name": row["name"]})
    return source_of(row)


@operation("sources.check", effect="write", needs="sources:read", http=Post("/api/v1/sources/{id}/check"),
           errors=[NotFound], when="a database does not answer, or an answer lacks something of it")  # fmt: skip
async def check(asked: FindSource, ctx: Context) -> SourceCheck:
    """Sign in to a connected database and say which grants or extensions are missing, and what works without them."""
    row = await which(ctx, asked.id)
    try:
        seen = await look(ctx, row, check_session, row["id"])
    except AssayError as error:
        seen = SourceCheck(source=row["id"], engine=row["engine"], state="offline", state_reason=error.message,
                           took_ms=0.0, checked_at=now())  # fmt: skip
    ctx.change(Change(update(sources).where(sources.c.id == row["id"]).values(**_state(seen))))
    return seen


@operation("sources.check_all", effect="write", needs="sources:read", http=Post("/api/v1/sources:check"), timeout_s=120)
async def check_all(asked: Empty, ctx: Context) -> Page[SourceCheck]:
    """Check every connected database; a schedule does this every minute."""
    rows = await reachable(ctx)
    seen = [await ctx.call("sources.check", {"id": row["id"]}) for row in rows]
    return Page[SourceCheck](items=tuple(seen), total=len(seen))


@operation("sources.schema", effect="read", needs="sources:read", http=Get("/api/v1/sources/{id}/schema"),
           errors=[NotFound, Unavailable], when="you need a database's tables, columns, keys and indexes")  # fmt: skip
async def schema(asked: FindSchema, ctx: Context) -> Schema:
    """Show a database's schema with sizes and statistics; at most a few minutes old, never older than a change."""
    row = await which(ctx, asked.id)
    read = await ctx.port(SchemaCache).of(ctx, row, fresh=asked.fresh)
    if asked.table is None:
        return read
    schema_name, _, name = asked.table.rpartition(".")
    table = read.find(name, schema_name or None)
    if table is None:
        raise NotFound(f"{row['name']} has no table {asked.table!r} that {row['account']} may see.", field="table")
    return read.model_copy(update={"tables": (table,)})


@operation("sources.init", effect="write", needs="sources:init", http=Post("/api/v1/sources:init"),
           errors=[Invalid, Unavailable, Refused], timeout_s=60)  # fmt: skip
async def init(asked: InitSource, ctx: Context) -> InitScript:
    """Write the statements that make least-privilege accounts and extensions; run them once when given a sign-in.

    The administrator's sign-in is used for that and kept nowhere; the new accounts' passwords are made here and
    written to a file that only this user may read.
    """
    if asked.apply_dsn is None:
        return InitScript(statements=_statements(asked, None), applied=False, dsn_hint=_hint(asked, None))
    administrator = Secret(asked.apply_dsn)
    databases = ctx.port(Databases)
    there = databases.whereabouts(administrator)
    if there.engine != ("mysql" if asked.engine == "mariadb" else asked.engine):
        raise Invalid(
            f"apply_dsn: this is {there.engine}, and the statements are for {asked.engine}.", field="apply_dsn"
        )
    passwords = {role: Secret(secrets.token_urlsafe(24)) for role in _accounts(asked)}
    statements = _statements(asked, passwords)
    await ctx.workers.in_thread(databases.administer, administrator, statements)
    lines = [
        f"{role.upper()}_DSN={databases.as_account(administrator, role, password).reveal()}\n"
        for role, password in passwords.items()
    ]
    folder = ctx.settings.home / "accounts"
    file = await ctx.workers.in_thread(write_private, folder, f"{asked.database}.env", "".join(lines))
    return InitScript(statements=statements, applied=True, dsn_hint=_hint(asked, there.where), password_file=str(file))


def _accounts(asked: InitSource) -> tuple[str, ...]:
    if asked.account == "asker" or asked.engine == "mariadb":
        return (ASKER,)
    return ROLES


def _statements(asked: InitSource, passwords: Mapping[str, Secret] | None) -> tuple[str, ...]:
    if asked.engine == "mariadb" and asked.account == "profiler":
        raise Invalid("account: in MariaDB there is only asker.", field="account")
    if ASKER in _accounts(asked):
        return asker_statements(asked, passwords[ASKER] if passwords else None)
    return init_statements(asked, passwords)


def _hint(asked: InitSource, where: str | None) -> str:
    role = ASKER if ASKER in _accounts(asked) else READER
    if asked.engine == "mariadb":
        return f"mysql://{role}:…@{where or f'HOST:3306/{asked.database}'}"
    return f"postgresql://{role}:…@{where or f'HOST:5432/{asked.database}'}"
