"""What can be asked of accounts: signing in and out, who one is, tokens for programs."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete, func, insert, select

from assay.accounts._store import tokens
from assay.accounts.gate import TokenGate
from assay.accounts.model import (
    Issued,
    IssueLink,
    IssueToken,
    ListTokens,
    Me,
    RevokeToken,
    SignedIn,
    SignedOut,
    SignIn,
    TokenLine,
)
from assay.accounts.tokens import digest, fresh
from assay.kernel.context import Context
from assay.kernel.operation import Delete, Get, Post, operation
from assay.kernel.paging import page_of_rows
from assay.kernel.values import Empty, Page, now
from assay.ports.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from assay.ports.store import Change, Row


def _me(row: Row) -> Me:
    return Me(id=row["caller_id"], name=row["name"], roles=tuple(row["roles"]), scopes=tuple(row["scopes"]))


@operation("accounts.sign_in", effect="write", needs=None, http=Post("/api/v1/sign-in"), errors=[Unauthenticated])
async def sign_in(asked: SignIn, ctx: Context) -> SignedIn:
    """Exchange the one-time token of a sign-in URL for a session."""
    refused = Unauthenticated(
        "This sign-in URL was used already, has expired or is not ours.", field="token", cure="assay url"
    )
    usable = (tokens.c.digest == digest(asked.token), tokens.c.kind == "link", tokens.c.expires_at > now())
    rows = await ctx.store.rows(select(tokens).where(*usable))
    if not rows:
        raise refused
    row = rows[0]
    lasts = timedelta(days=ctx.settings.keep_sessions_days)
    session, kept = fresh(
        "session", caller_id=row["caller_id"], name=row["name"], roles=row["roles"], scopes=row["scopes"], lasts=lasts
    )
    ctx.change(
        Change(delete(tokens).where(tokens.c.id == row["id"]), expect=1, otherwise=refused),
        Change(insert(tokens).values(**kept)),
    )
    return SignedIn(session=session, me=_me(kept), expires_at=kept["expires_at"])


@operation("accounts.sign_out", effect="write", needs="accounts:read", http=Post("/api/v1/sign-out"))
async def sign_out(asked: Empty, ctx: Context) -> SignedOut:
    """End every session of this caller; tokens of programs stay."""
    mine = (tokens.c.caller_id == ctx.caller.id, tokens.c.kind == "session")
    count = await ctx.store.rows(select(func.count().label("n")).select_from(tokens).where(*mine))
    ctx.change(Change(delete(tokens).where(*mine)))
    ctx.port(TokenGate).forget()
    return SignedOut(ended=count[0]["n"])


@operation("accounts.me", effect="read", needs="accounts:read", http=Get("/api/v1/me"))
async def me(asked: Empty, ctx: Context) -> Me:
    """Say who is calling, with which roles and scopes."""
    caller = ctx.caller
    return Me(id=caller.id, name=caller.name, roles=tuple(sorted(caller.roles)), scopes=tuple(sorted(caller.scopes)))


@operation("accounts.link", effect="write", needs="accounts:link", http=Post("/api/v1/sign-in-links"))
async def link(asked: IssueLink, ctx: Context) -> Issued:
    """Make the one-time token of a sign-in URL, for the caller themself."""
    caller = ctx.caller
    token, row = fresh(
        "link", caller_id=caller.id, name=caller.name, roles=caller.roles, scopes=caller.scopes,
        lasts=timedelta(minutes=asked.minutes),
    )  # fmt: skip
    ctx.change(Change(insert(tokens).values(**row)))
    return Issued(id=row["id"], token=token, expires_at=row["expires_at"])


@operation("accounts.issue", effect="write", needs="accounts:issue", http=Post("/api/v1/tokens"), errors=[Forbidden])
async def issue(asked: IssueToken, ctx: Context) -> Issued:
    """Make a token for a program: shown once, never wider than the caller's own roles and scopes."""
    caller = ctx.caller
    wider = [scope for scope in asked.scopes if not caller.reaches(*[*scope.split(":", 1), ""][:2])]
    if wider or ("admin" in asked.roles and "admin" not in caller.roles):
        raise Forbidden("A token may not reach further than its maker.", field="scopes" if wider else "roles")
    token, row = fresh(
        "token", caller_id=f"program:{asked.name}", name=asked.name, roles=asked.roles, scopes=asked.scopes,
        lasts=timedelta(days=asked.days),
    )  # fmt: skip
    ctx.change(Change(insert(tokens).values(**row)))
    return Issued(id=row["id"], token=token, expires_at=row["expires_at"])


@operation("accounts.tokens", effect="read", needs="accounts:issue", http=Get("/api/v1/tokens"), errors=[Invalid])
async def list_tokens(asked: ListTokens, ctx: Context) -> Page[TokenLine]:
    """List tokens and sessions that still work, newest first; never the tokens themselves."""
    query = select(tokens).where(tokens.c.expires_at > now())
    if asked.kind is not None:
        query = query.where(tokens.c.kind == asked.kind)
    ordered = query.order_by(tokens.c.created_at.desc(), tokens.c.id)
    rows, total, cursor = await page_of_rows(ctx.store, ordered, asked)
    items = tuple(TokenLine(**{name: row[name] for name in TokenLine.model_fields}) for row in rows)
    return Page[TokenLine](items=items, total=total, next_cursor=cursor)


@operation("accounts.revoke", effect="write", needs="accounts:issue", http=Delete("/api/v1/tokens/{id}"),
           errors=[NotFound, Conflict])  # fmt: skip
async def revoke(asked: RevokeToken, ctx: Context) -> SignedOut:
    """End a token or session at once."""
    rows = await ctx.store.rows(select(tokens.c.version).where(tokens.c.id == asked.id))
    if not rows:
        raise NotFound(f"There is no token {asked.id}.", field="id")
    stale = Conflict(f"Token {asked.id} has changed.", field="version", version=rows[0]["version"])
    mine = (tokens.c.id == asked.id, tokens.c.version == asked.version)
    ctx.change(Change(delete(tokens).where(*mine), expect=1, otherwise=stale))
    ctx.port(TokenGate).forget()
    return SignedOut(ended=1)
