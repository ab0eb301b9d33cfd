"""A second capability: it touches its own room only, is named once in `main`, and appears on every face."""

from __future__ import annotations

import asyncio
import importlib
import json
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from mcp import Client
from typer.testing import CliRunner

from assay import main
from assay.faces.cli.app import build as build_cli
from assay.faces.mcp.server import make
from assay.faces.openapi import document
from assay.faces.rest.app import build as build_rest
from assay.faces.tools import tools
from assay.kernel.catalogue import Capability, Catalogue
from assay.kernel.own import HOUSE, JOBS
from assay.runtime.settings import Settings

ROOM = {
    "__init__.py": '"""Weather: how it is outside."""\n',
    "model.py": '''
"""The nouns of weather."""

from assay.kernel.assayed import Assayed
from assay.kernel.values import Paged, Value


class Report(Assayed):
    """How it is at a place."""

    place: str
    degrees: float


class SayWeather(Value):
    """How it is at a place."""

    place: str
    degrees: float


class ListWeather(Paged):
    """Reports, by place."""
''',
    "_store.py": '''
"""The table of reports."""

from sqlalchemy import Column, Float, MetaData, String, Table

weather = Table("weather", MetaData(), Column("place", String(80), primary_key=True), Column("degrees", Float),
                Column("evidence", String(40)))
''',
    "migrations/0001_weather.py": '''
"""Reports."""

import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "weather_0001", None, ("weather",), None


def upgrade() -> None:
    """Make the table."""
    op.create_table("weather", sa.Column("place", sa.String(80), primary_key=True), sa.Column("degrees", sa.Float()),
                    sa.Column("evidence", sa.String(40)))
''',
    "operations.py": '''
"""What can be asked of the weather."""

from assay.kernel.context import Context
from assay.kernel.operation import Get, Post, operation
from assay.kernel.paging import page_of_rows
from assay.kernel.values import Page
from assay.ports.ledger import Proof, Tried
from assay.ports.store import Change
from sqlalchemy import insert, select

from weather._store import weather
from weather.model import ListWeather, Report, SayWeather


@operation("weather.say", effect="write", needs="weather:say", http=Post("/api/v1/weather"),
           when="you looked out of the window")
async def say(asked: SayWeather, ctx: Context) -> Report:
    """Say how it is at a place."""
    ids = await ctx.prove([Proof("weather.look", asked.place, "It was seen.", [Tried("Looked outside", True)])])
    ctx.change(Change(insert(weather).values(place=asked.place, degrees=asked.degrees, evidence=ids[0])))
    return Report(place=asked.place, degrees=asked.degrees, verdict="assayed", evidence=ids)


@operation("weather.list", effect="read", needs="weather:read", http=Get("/api/v1/weather"),
           when="you wonder what to wear")
async def list_weather(asked: ListWeather, ctx: Context) -> Page[Report]:
    """List how it is everywhere."""
    rows, total, cursor = await page_of_rows(ctx.store, select(weather).order_by(weather.c.place), asked)
    items = tuple(Report(place=row["place"], degrees=row["degrees"], verdict="assayed", evidence=(row["evidence"],))
                  for row in rows)
    return Page[Report](items=items, total=total, next_cursor=cursor)
''',
    "capability.py": '''
"""The door of weather."""

from assay.kernel.catalogue import Capability

from weather import operations
from weather._store import weather

WEATHER = Capability(name="weather", title="Weather", group="Operations", package="weather", tables=(weather,),
                     operations=(operations.say, operations.list_weather))
''',
}


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Capability]:
    for name, text in ROOM.items():
        file = tmp_path / "rooms" / "weather" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text.lstrip())
    monkeypatch.syspath_prepend(str(tmp_path / "rooms"))
    made: Capability = importlib.import_module("weather.capability").WEATHER
    monkeypatch.setattr(main, "ROOMS", (*main.ROOMS, made))
    yield made
    for name in [name for name in sys.modules if name.partition(".")[0] == "weather"]:
        del sys.modules[name]


def test_a_second_room_is_on_every_face(room: Capability, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    catalogue = Catalogue([*main.ROOMS, JOBS, HOUSE])

    asyncio.run(_over_rest(settings))
    said = _over_the_command_line(catalogue, settings, "say", "--place", "Madrid", "--degrees", "31.5")
    assert (said["place"], said["verdict"]) == ("Madrid", "assayed")
    listed = asyncio.run(_over_mcp(settings))
    assert listed == _over_the_command_line(catalogue, settings, "list")
    assert [item["place"] for item in listed["items"]] == ["Leipzig", "Madrid", "Oslo"]

    paths = document(catalogue, "1")["paths"]
    assert set(paths["/api/v1/weather"]) == {"get", "post"}
    assert {"weather_say", "weather_list"} <= {tool["name"] for tool in tools(catalogue)}


async def _over_rest(settings: Settings) -> None:
    async with main.open_house(settings) as (house, token):
        transport = httpx.ASGITransport(build_rest(house, page=None))
        headers = {"authorization": f"Bearer {token.reveal()}"}
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=headers) as client:
            made = await client.post("/api/v1/weather", json={"place": "Oslo", "degrees": -3})
            assert made.status_code == 200, made.text
            evidence = (await client.get(f"/api/v1/evidence/{made.json()['evidence'][0]}")).json()
            assert (evidence["kind"], evidence["passed"]) == ("weather.look", True)
            wrong = await client.post("/api/v1/weather", json={"place": "Oslo"})
            assert (wrong.status_code, wrong.json()["error"]["details"]["field"]) == (422, "degrees")
            rooms = (await client.get("/api/v1/capabilities")).json()["capabilities"]
            mine = next(one for one in rooms if one["name"] == "weather")
            assert [one["name"] for one in mine["operations"]] == ["weather.say", "weather.list"]


async def _over_mcp(settings: Settings) -> Any:
    async with (
        main.open_house(settings) as (house, token),
        Client(make(house, lambda _: token), mode="legacy") as client,
    ):
        said = await client.call_tool("weather_say", {"place": "Leipzig", "degrees": 12})
        assert not said.is_error, said
        return (await client.call_tool("weather_list", {})).structured_content


def _over_the_command_line(catalogue: Catalogue, settings: Settings, *words: str) -> Any:
    app = build_cli(catalogue, partial(main.open_house, settings))
    ran = CliRunner().invoke(app, ["weather", *words, "--json"], catch_exceptions=False)
    assert ran.exit_code == 0, ran.output
    return json.loads(ran.stdout)


def test_a_room_that_claims_what_was_never_checked_gets_no_answer_out(
    room: Capability, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    operations = importlib.import_module("weather.operations")
    model = importlib.import_module("weather.model")

    async def lie(asked: Any, ctx: Any) -> Any:
        """Say what nobody looked at."""
        return model.Report(place=asked.place, degrees=asked.degrees, verdict="assayed", evidence=("E-31337",))

    object.__setattr__(operations.say, "run", lie)

    async def ask() -> None:
        async with main.open_house(Settings(home=tmp_path / "home")) as (house, token):
            with pytest.raises(Exception, match="the ledger does not hold"):
                await house.call("weather.say", {"place": "Oslo", "degrees": 1}, credential=token)

    asyncio.run(ask())
