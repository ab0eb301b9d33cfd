"""A throw-away capability with the shapes that are hardest to carry: a stream, a job with an upload, a nested page."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import AsyncIterator
from typing import Literal

from pydantic import Field
from sqlalchemy import Column, Float, Integer, MetaData, String, Table, delete, insert, select, update

from assay.kernel.assayed import Assayed, Verdict
from assay.kernel.catalogue import Capability
from assay.kernel.context import Context
from assay.kernel.operation import Delete, Get, Post, Put, operation
from assay.kernel.paging import page_of_rows
from assay.kernel.upload import Upload
from assay.kernel.values import Camel, Page, Paged, Value
from assay.ports.errors import (
    AssayError,
    Conflict,
    Forbidden,
    Limited,
    NotFound,
    Refused,
    TimedOut,
    Unavailable,
)
from assay.ports.ledger import Proof, Tried
from assay.ports.store import Change
from assay.ports.workers import Progress

own = MetaData()
toys = Table(
    "toys", own,
    Column("id", String(40), primary_key=True), Column("name", String(80), unique=True, nullable=False),
    Column("colour", String(20), nullable=False), Column("price", Float, nullable=False),
    Column("version", Integer, nullable=False),
)  # fmt: skip

Colour = Literal["red", "green", "blue"]


class Part(Value):
    """A part of a toy, made of parts."""

    name: str
    """With "quotes", <angles> and naïve Ünïcode."""
    parts: tuple[Part, ...] = ()


class Toy(Value):
    """A toy."""

    id: str
    name: str
    colour: Colour
    price: float
    parts: tuple[Part, ...]
    version: int


class ListToys(Paged):
    """Which toys."""

    colour: Colour | None = None
    tags: tuple[str, ...] = ()
    """Words in the name, all of them."""
    cheap: bool | None = None
    below: float | None = Field(default=None, gt=0)


class FindToy(Value):
    """Which toy."""

    id: str


class MakeToy(Value):
    """A toy to make."""

    name: str = Field(min_length=1, max_length=80)
    colour: Colour = "red"
    price: float = Field(default=1.0, ge=0)
    secret: str | None = Field(default=None, repr=False, json_schema_extra={"writeOnly": True})


class PaintToy(Value):
    """Which toy to paint."""

    id: str
    version: int
    colour: Colour


class BreakToy(Value):
    """Which toy to break."""

    id: str
    version: int


class Count(Value):
    """How far to count."""

    to: int = Field(default=3, ge=0, le=10_000)
    every_ms: float = Field(default=0, ge=0)
    fail_at: int | None = None


class Counted(Value):
    """One step."""

    number: int


class Blueprint(Value):
    """A drawing to build from."""

    name: str = Field(min_length=1)
    drawing: Upload = Field(max_length=200_000)
    steps: int = Field(default=3, ge=0, le=1_000)
    step_ms: float = Field(default=1, ge=0)
    fail: bool = False


class Built(Value):
    """What was built."""

    name: str
    bytes: int
    sha256: str


class Price(Assayed):
    """What a toy is worth."""

    toy: str
    worth: float


class Ask(Value):
    """Which error to raise."""

    error: Literal[
        "NOT_FOUND",
        "CONFLICT",
        "FORBIDDEN",
        "RATE_LIMITED",
        "REFUSED",
        "UNAVAILABLE",
        "DEADLINE_EXCEEDED",
        "bug",
        "none",
    ]


class LabelToy(Camel):
    """What stands on a label, in a family of paths that speaks camelCase."""

    toy_name: str
    font_size: int = 12


class LabelLine(Camel):
    """A line of a label."""

    line_text: str
    letter_count: int


class Label(Camel):
    """A label, with nouns inside of nouns."""

    label_lines: tuple[LabelLine, ...]
    by_word: dict[str, int]
    """Its keys are words of the caller, which nobody spells anew."""


def _toy(row: dict) -> Toy:
    wheel = Part(name='wheel "A" <b>&ü', parts=(Part(name="tyre"), Part(name="rim", parts=(Part(name="bolt"),))))
    return Toy(**row, parts=(wheel, Part(name="body")))


async def _row(ctx: Context, id: str) -> dict:
    rows = await ctx.store.rows(select(toys).where(toys.c.id == id))
    if not rows:
        raise NotFound(f"There is no toy {id}.", field="id")
    return dict(rows[0])


@operation("toys.list", effect="read", needs="toys:read", http=Get("/api/v1/toys"), when="you want toys")
async def list_toys(asked: ListToys, ctx: Context) -> Page[Toy]:
    """List toys by name, with all their parts."""
    query = select(toys).order_by(toys.c.name)
    if asked.colour:
        query = query.where(toys.c.colour == asked.colour)
    if asked.below is not None:
        query = query.where(toys.c.price < asked.below)
    if asked.cheap is not None:
        query = query.where((toys.c.price < 10) if asked.cheap else (toys.c.price >= 10))
    for tag in asked.tags:
        query = query.where(toys.c.name.contains(tag, autoescape=True))
    rows, total, cursor = await page_of_rows(ctx.store, query, asked)
    return Page[Toy](items=tuple(_toy(dict(row)) for row in rows), total=total, next_cursor=cursor)


@operation(
    "toys.get",
    effect="read",
    needs="toys:read",
    http=Get("/api/v1/toys/{id}"),
    errors=[NotFound],
    when="you know its id",
)
async def get(asked: FindToy, ctx: Context) -> Toy:
    """Show one toy."""
    return _toy(await _row(ctx, asked.id))


@operation(
    "toys.make",
    effect="write",
    needs="toys:make",
    http=Post("/api/v1/toys"),
    errors=[Conflict],
    when="a toy is missing",
)
async def make(asked: MakeToy, ctx: Context) -> Toy:
    """Make a toy."""
    row = {
        "id": f"toy_{secrets.token_hex(6)}",
        "name": asked.name,
        "colour": asked.colour,
        "price": asked.price,
        "version": 1,
    }
    taken = Conflict(f"There is a toy called {asked.name!r} already.", field="name")
    ctx.change(Change(insert(toys).values(**row), otherwise=taken))
    return _toy(row)


@operation(
    "toys.paint",
    effect="write",
    needs="toys:paint",
    http=Put("/api/v1/toys/{id}"),
    errors=[NotFound, Conflict],
    when="its colour is wrong",
)
async def paint(asked: PaintToy, ctx: Context) -> Toy:
    """Paint a toy."""
    row = await _row(ctx, asked.id)
    mine = (toys.c.id == asked.id, toys.c.version == asked.version)
    stale = Conflict(f"{row['name']} has changed.", field="version", version=row["version"])
    new = {"colour": asked.colour, "version": asked.version + 1}
    ctx.change(Change(update(toys).where(*mine).values(**new), expect=1, otherwise=stale))
    return _toy({**row, **new})


@operation(
    "toys.smash",
    effect="write",
    needs="toys:smash",
    http=Delete("/api/v1/toys/{id}"),
    errors=[NotFound, Conflict],
    when="it is in the way",
)
async def smash(asked: BreakToy, ctx: Context) -> Toy:
    """Break a toy."""
    row = await _row(ctx, asked.id)
    mine = (toys.c.id == asked.id, toys.c.version == asked.version)
    stale = Conflict(f"{row['name']} has changed.", field="version", version=row["version"])
    ctx.change(Change(delete(toys).where(*mine), expect=1, otherwise=stale))
    return _toy(row)


@operation("toys.label", effect="read", needs="toys:read", http=Post("/api/v1/toys:label"), when="you need a label")
async def label(asked: LabelToy, ctx: Context) -> Label:
    """Lay out a label."""
    words = asked.toy_name.split()
    lines = tuple(LabelLine(line_text=word, letter_count=len(word)) for word in words)
    return Label(label_lines=lines, by_word=dict.fromkeys(words, asked.font_size))


@operation("toys.count", effect="stream", needs="toys:read", http=Get("/api/v1/toys:count"), when="you like numbers")
async def count(asked: Count, ctx: Context) -> AsyncIterator[Counted]:
    """Count, one number at a time."""
    for number in range(1, asked.to + 1):
        if asked.every_ms:
            await asyncio.sleep(asked.every_ms / 1000)
        if number == asked.fail_at:
            raise Unavailable("The abacus broke.", cure="Buy one.")
        yield Counted(number=number)


@operation(
    "toys.build",
    effect="job",
    needs="toys:build",
    http=Post("/api/v1/toys:build"),
    errors=[Refused],
    when="you have a drawing",
)
async def build(asked: Blueprint, ctx: Context) -> Built:
    """Build from a drawing, step by step."""
    for step in range(asked.steps):
        ctx.report(Progress(f"Building {asked.name}", step + 1, asked.steps))
        await asyncio.sleep(asked.step_ms / 1000)
    if asked.fail:
        raise Refused("The drawing cannot be built.", field="drawing", cure="Draw it again.")
    return Built(name=asked.name, bytes=len(asked.drawing), sha256=hashlib.sha256(asked.drawing).hexdigest())


@operation(
    "toys.price",
    effect="write",
    needs="toys:read",
    http=Post("/api/v1/toys/{id}:price"),
    errors=[NotFound],
    when="you want to sell it",
)
async def price(asked: FindToy, ctx: Context) -> Price:
    """Say what a toy is worth, with the evidence."""
    row = await _row(ctx, asked.id)
    proof = Proof(
        "toys.price", asked.id, f"{row['name']} is worth {row['price']}", (Tried("Looked at the label", True),)
    )
    return Price(verdict=Verdict.ASSAYED, evidence=await ctx.prove([proof]), toy=row["name"], worth=row["price"])


@operation("toys.boast", effect="read", needs="toys:read", http=Get("/api/v1/toys/{id}/boast"), when="never")
async def boast(asked: FindToy, ctx: Context) -> Price:
    """Claim what nobody checked."""
    return Price(verdict=Verdict.ASSAYED, evidence=("E-999999999",), toy=asked.id, worth=1e9)


@operation("toys.fail", effect="read", needs="toys:read", http=Get("/api/v1/toys-fail"), when="you test errors",
           errors=[NotFound, Conflict, Forbidden, Limited, Refused, Unavailable, TimedOut])  # fmt: skip
async def fail(asked: Ask, ctx: Context) -> Counted:
    """Fail as asked."""
    if asked.error == "none":
        return Counted(number=0)
    if asked.error == "bug":
        raise RuntimeError("a secret detail that nobody may see")
    if asked.error == "RATE_LIMITED":
        raise Limited("Too many toys.", retry_after=2.4)
    kinds = {kind.code: kind for kind in AssayError.__subclasses__()}
    raise kinds[asked.error](f"It ended in {asked.error}.", field="error", cure="Ask for another.")


TOYS = Capability(
    name="toys", title="Toys", group="Ground", package="faces.toyroom",
    operations=(list_toys, get, make, paint, smash, label, count, build, price, boast, fail),
    announces=("toys.ToyMade",),
)  # fmt: skip
