"""Every store keeps the promises of `ports.store`: atomic units, durable when acknowledged, read as the types say."""

from __future__ import annotations

import asyncio
import random
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import (
    Boolean,
    Column,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    bindparam,
    create_engine,
    delete,
    func,
    insert,
    literal,
    select,
    text,
    update,
)
from sqlalchemy.dialects.sqlite import insert as upsert

from assay.adapters.store.memory import MemoryStore
from assay.adapters.store.sqlite import SqliteStore
from assay.ports.errors import Conflict, Internal, NotFound, Unavailable
from assay.ports.store import Change, Transaction
from assay.ports.tables import Json, UtcDateTime

from . import store_writer

metadata = MetaData()
things = Table(
    "things",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("at", UtcDateTime),
    Column("body", Json),
    Column("open", Boolean, nullable=False, default=True),
    Column("blob", LargeBinary),
    Column("made", Text, default=lambda: "made by default"),
    Column("touched", Integer, onupdate=7),
)
AT = datetime(2026, 2, 3, 4, 5, 6, 123456, tzinfo=UTC)


def thing(id: int, **more: Any) -> dict[str, Any]:
    return {"id": id, "name": f"thing {id}", "at": AT, "body": {"n": id}, **more}


@pytest.fixture(params=["file", "memory"])
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[Callable[[Any], Coroutine[Any, Any, Any]]], Any]:
    """Run an asynchronous test with an open store that has the table `things`, and close it."""

    @asynccontextmanager
    async def opened() -> AsyncIterator[SqliteStore]:
        store = MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "assay.db")
        tables(store.path)
        try:
            yield store
        finally:
            await store.close()

    async def go(test: Callable[[Any], Coroutine[Any, Any, Any]]) -> Any:
        async with opened() as store:
            return await test(store)

    return lambda test: asyncio.run(go(test))


def tables(path: Path, kept: MetaData = metadata) -> None:
    engine = create_engine(f"sqlite:///{path}")
    kept.create_all(engine)
    engine.dispose()


def test_what_is_committed_reads_back_as_the_types_say(run) -> None:
    async def test(store: SqliteStore) -> None:
        odd = {"ключ": ["😀", None, 1.5, True, {"a\u0000b": "'; DROP TABLE things; --"}]}
        row = thing(1, body=odd, open=False, blob=b"\x00\xff")
        elsewhere = AT.astimezone(timezone(timedelta(hours=-7)))
        await store.commit([Change(insert(things).values(row)), Change(insert(things).values(thing(2, at=elsewhere)))])
        first, second = await store.rows(select(things).order_by(things.c.id))
        assert first["body"] == odd and first["open"] is False and first["blob"] == b"\x00\xff"
        assert first["at"] == AT and first["at"].tzinfo is UTC
        assert second["at"] == AT and second["open"] is True
        assert first["made"] == "made by default" and first["touched"] is None

    run(test)


def test_null_json_and_null_times_come_back_as_none(run) -> None:
    async def test(store: SqliteStore) -> None:
        await store.commit([Change(insert(things).values(thing(1, body=None, at=None)))])
        assert [row["body"] for row in await store.rows(select(things).where(things.c.body.is_(None)))] == [None]
        assert (await store.rows(select(things)))[0]["at"] is None

    run(test)


def test_a_unit_is_all_or_nothing(run) -> None:
    async def test(store: SqliteStore) -> None:
        await store.commit([Change(insert(things).values(thing(1)))])
        with pytest.raises(Conflict):
            await store.commit([Change(insert(things).values(thing(2))), Change(insert(things).values(thing(1)))])
        with pytest.raises(Conflict):
            await store.commit([Change(insert(things).values([thing(3), thing(4), thing(1)]))])
        with pytest.raises(Conflict):
            await store.commit([Change(insert(things), rows=[thing(5), thing(1)])])
        assert [row["id"] for row in await store.rows(select(things.c.id))] == [1]

    run(test)


def test_an_expectation_that_is_not_met_undoes_its_unit_and_only_that(run) -> None:
    async def test(store: SqliteStore) -> None:
        await store.commit([Change(insert(things).values(thing(1)))])
        stale = update(things).where(things.c.id == 1, things.c.name == "other").values(name="new")
        outcomes = await asyncio.gather(
            store.commit([Change(insert(things).values(thing(2)), expect=1)]),
            store.commit([Change(insert(things).values(thing(3))), Change(stale, 1, NotFound("gone"))]),
            store.commit([Change(insert(things).values(thing(4)), expect=1)]),
            store.commit([Change(stale, expect=1)]),
            return_exceptions=True,
        )
        assert [type(outcome) for outcome in outcomes] == [type(None), NotFound, type(None), Internal]
        assert [row["id"] for row in await store.rows(select(things.c.id).order_by(things.c.id))] == [1, 2, 4]

    run(test)


def test_a_key_that_exists_raises_what_the_change_says(run) -> None:
    async def test(store: SqliteStore) -> None:
        await store.commit([Change(insert(things).values(thing(1)))])
        taken = Conflict("That name is taken.", field="name")
        with pytest.raises(Conflict, match="That name is taken"):
            await store.commit([Change(insert(things).values(thing(2, name="thing 1")), otherwise=taken)])
        with pytest.raises(Conflict, match=r"things\.name"):
            await store.commit([Change(insert(things).values(thing(2, name="thing 1")))])

    run(test)


def test_a_late_change_sees_what_came_before_it_and_may_refuse(run) -> None:
    async def test(store: SqliteStore) -> None:
        seen: list[int] = []

        def late(transaction: Transaction) -> None:
            count = transaction.rows(select(func.count().label("n")).select_from(things))[0]["n"]
            seen.append(count)
            if count >= 3:
                raise Conflict("There are enough.")
            assert transaction.run(insert(things).values(thing(100 + count))) == 1
            assert transaction.run(insert(things), [thing(200 + count), thing(300 + count)]) == 2
            assert transaction.run(insert(things), []) == 0

        await store.commit([Change(insert(things).values(thing(1))), late])
        with pytest.raises(Conflict, match="enough"):
            await store.commit([Change(insert(things).values(thing(2))), late])
        assert seen == [1, 5]
        assert {row["id"] for row in await store.rows(select(things.c.id))} == {1, 101, 201, 301}

    run(test)


def test_a_fault_inside_a_late_change_reaches_its_caller_and_the_writer_goes_on(run) -> None:
    async def test(store: SqliteStore) -> None:
        def broken(_: Transaction) -> None:
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await store.commit([Change(insert(things).values(thing(1))), broken])
        await store.commit([Change(insert(things).values(thing(2)))])
        assert [row["id"] for row in await store.rows(select(things.c.id))] == [2]

    run(test)


def test_own_commits_are_read_at_once(run) -> None:
    async def test(store: SqliteStore) -> None:
        for number in range(50):
            await store.commit([Change(insert(things).values(thing(number)))])
            newest = await asyncio.gather(*(store.rows(select(func.max(things.c.id).label("last"))) for _ in range(4)))
            assert [rows[0]["last"] for rows in newest] == [number] * 4

    run(test)


def test_units_that_wait_share_one_commit(run) -> None:
    async def test(store: SqliteStore) -> None:
        gate = threading.Event()
        first = asyncio.create_task(store.commit([lambda _: gate.wait(10) and None]))
        others = [asyncio.create_task(store.commit([Change(insert(things).values(thing(n)))])) for n in range(200)]
        await asyncio.sleep(0)
        before = store.commits
        gate.set()
        await asyncio.gather(first, *others)
        assert store.commits - before <= 10
        assert (await store.rows(select(func.count().label("n")).select_from(things)))[0]["n"] == 200

    run(test)


def test_enqueued_units_keep_their_place_before_later_commits(run) -> None:
    async def test(store: SqliteStore) -> None:
        store.enqueue([Change(insert(things).values(thing(1)))])
        for number in range(20):
            store.enqueue([Change(update(things).where(things.c.id == 1).values(name=f"name {number}"))])
        await store.commit([Change(update(things).where(things.c.name == "name 19").values(touched=1), expect=1)])

    run(test)


def test_an_enqueued_unit_that_fails_is_counted_and_harms_no_other(run) -> None:
    async def test(store: SqliteStore) -> None:
        store.enqueue([Change(insert(things).values(thing(1)))])
        store.enqueue([Change(insert(things).values(thing(1)))])
        store.enqueue([Change(insert(things).values(thing(2)))])
        await store.commit([Change(insert(things).values(thing(3)))])
        assert store.lost == 1
        assert len(await store.rows(select(things.c.id))) == 3

    run(test)


def test_ten_thousand_rows_go_in_and_out(run) -> None:
    async def test(store: SqliteStore) -> None:
        rows = [thing(n, body=[n]) for n in range(10_000)]
        await store.commit([Change(insert(things), rows=rows[:5_000], expect=5_000)])
        await store.commit([Change(insert(things).values(rows[5_000:]), expect=5_000)])
        back = await store.rows(select(things).order_by(things.c.id))
        assert len(back) == 10_000
        assert back[9_999]["body"] == [9_999] and back[4_999]["made"] == "made by default"

    run(test)


def test_statements_of_one_shape_keep_their_own_values(run) -> None:
    async def test(store: SqliteStore) -> None:
        await store.commit([Change(insert(things), rows=[thing(n) for n in range(30)])])
        for wanted in ([1], [2, 3], [4, 5, 6], [], [29]):
            found = await store.rows(select(things.c.id).where(things.c.id.in_(wanted)).order_by(things.c.id))
            assert [row["id"] for row in found] == wanted
        for low, high in ((1, 4), (5, 6), (28, 40)):
            found = await store.rows(select(things.c.id).where(things.c.id.between(low, high), things.c.at == AT))
            assert [row["id"] for row in found] == list(range(low, min(high, 29) + 1))
        some = select(things.c.id).where(things.c.name == bindparam("name"))
        for number in (3, 8):
            assert [row["id"] for row in await store.rows(some.params(name=f"thing {number}"))] == [number]

    run(test)


def test_upserts_expressions_and_plain_sql_work(run) -> None:
    async def test(store: SqliteStore) -> None:
        for name in ("one", "two"):
            put = upsert(things).values(thing(1, name=name))
            await store.commit([Change(put.on_conflict_do_update(index_elements=["id"], set_={"name": name}))])
        rows = [thing(1), thing(2)]
        put = upsert(things).values(rows)
        keep = put.on_conflict_do_update(index_elements=["id"], set_={"name": put.excluded.name, "touched": 5})
        await store.commit([Change(keep)])
        await store.commit([Change(insert(things).values([thing(3, name=func.upper("x")), thing(4)]))])
        await store.commit([Change(update(things).where(things.c.id == 4).values(name=things.c.name + "!"))])
        names = [row["name"] for row in await store.rows(select(things.c.name).order_by(things.c.id))]
        assert names == ["thing 1", "thing 2", "X", "thing 4!"]
        assert (await store.rows(select(things.c.touched).where(things.c.id == 4)))[0]["touched"] == 7
        plain = text("SELECT id, name FROM things WHERE id = :id").bindparams(id=3)
        assert await store.rows(plain) == [{"id": 3, "name": "X"}]
        other = things.alias()
        joined = select(things.c.id, other.c.id, literal(5).label("five")).join(other, other.c.id == things.c.id + 1)
        assert len((await store.rows(joined.order_by(things.c.id)))[0]) == 3

    run(test)


def test_returning_counts_its_rows(run) -> None:
    async def test(store: SqliteStore) -> None:
        await store.commit([Change(insert(things), rows=[thing(n) for n in range(5)])])
        gone: list[int] = []

        def late(transaction: Transaction) -> None:
            removed = delete(things).where(things.c.id < 2).returning(things.c.id)
            gone.extend(row["id"] for row in transaction.rows(removed))

        await store.commit([late, Change(delete(things).where(things.c.id > 3).returning(things.c.id), expect=1)])
        assert sorted(gone) == [0, 1]

    run(test)


def test_a_reader_cannot_write_and_does_not_wait_for_the_writer(run) -> None:
    async def test(store: SqliteStore) -> None:
        gate = threading.Event()
        held = asyncio.create_task(
            store.commit([Change(insert(things).values(thing(1))), lambda _: gate.wait(10) and None])
        )
        assert await asyncio.wait_for(store.rows(select(things)), 5) == []
        gate.set()
        await held
        with pytest.raises(Unavailable):
            await store.rows(delete(things))

    run(test)


def test_what_cannot_be_stored_is_refused_with_its_reason(run) -> None:
    async def test(store: SqliteStore) -> None:
        with pytest.raises(Internal, match="NOT NULL"):
            await store.commit([Change(insert(things).values(thing(1, name=None)))])
        with pytest.raises(ValueError, match="time zone"):
            await store.commit([Change(insert(things).values(thing(1, at=AT.replace(tzinfo=None))))])
        with pytest.raises(ValueError, match="JSON"):
            await store.commit([Change(insert(things).values(thing(1, body=float("nan"))))])
        with pytest.raises(Unavailable, match="brought up to date") as missing:
            await store.rows(text("SELECT * FROM nowhere"))
        assert missing.value.details["cure"] == "Run `assay migrate`."
        await store.commit([Change(insert(things).values(thing(1)))])

    run(test)


def test_closing_commits_what_is_enqueued_and_may_be_said_twice(tmp_path: Path) -> None:
    tables(tmp_path / "assay.db")

    async def write() -> None:
        store = SqliteStore(tmp_path / "assay.db")
        for number in range(500):
            store.enqueue([Change(insert(things).values(thing(number)))])
        await asyncio.gather(store.close(), store.close())
        for act in (lambda: store.commit([Change(delete(things))]), lambda: store.rows(select(things))):
            with pytest.raises(Unavailable, match="closed"):
                await act()
        with pytest.raises(Unavailable, match="closed"):
            store.enqueue([Change(delete(things))])

    asyncio.run(write())
    assert [file.name for file in tmp_path.iterdir()] == ["assay.db"]
    with sqlite3.connect(tmp_path / "assay.db") as file:
        assert file.execute("SELECT count(*) FROM things").fetchone() == (500,)
    assert oct((tmp_path / "assay.db").stat().st_mode)[-3:] in ("600", "644")


def test_a_new_file_is_private(tmp_path: Path) -> None:
    async def make() -> None:
        await SqliteStore(tmp_path / "new.db").close()

    asyncio.run(make())
    assert oct((tmp_path / "new.db").stat().st_mode)[-3:] == "600"


def test_a_locked_file_is_named_as_such_after_the_wait(tmp_path: Path) -> None:
    tables(tmp_path / "assay.db")

    async def write() -> None:
        store = SqliteStore(tmp_path / "assay.db", wait_s=0.2)
        other = sqlite3.connect(tmp_path / "assay.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable, match="locked") as locked:
            await store.commit([Change(insert(things).values(thing(1)))])
        assert "cure" in locked.value.details
        other.execute("COMMIT")
        await store.commit([Change(insert(things).values(thing(1)))])
        other.close()
        await store.close()

    asyncio.run(write())


def test_a_full_disk_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    tables(tmp_path / "assay.db")

    async def write() -> None:
        store = SqliteStore(tmp_path / "assay.db")
        await store.commit([Change(insert(things).values(thing(1)))])
        pages = store._writer.execute("PRAGMA page_count").fetchone()[0]
        await store.commit([lambda _: store._writer.execute(f"PRAGMA max_page_count = {pages + 2}") and None])
        with pytest.raises(Unavailable, match="full"):
            await store.commit([Change(insert(things).values(thing(2, blob=b"x" * 100_000)))])
        await store.commit([lambda _: store._writer.execute("PRAGMA max_page_count = 1000000") and None])
        await store.commit([Change(insert(things).values(thing(3)))])
        assert [row["id"] for row in await store.rows(select(things.c.id))] == [1, 3]
        await store.close()

    asyncio.run(write())


@pytest.mark.parametrize("content", [b"not a database, but long enough to be looked at" * 100, None])
def test_a_file_that_is_no_database_or_no_file_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "assay.db"
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    with pytest.raises(Unavailable) as wrong:
        SqliteStore(path)
    assert str(path) in wrong.value.message and "cure" in wrong.value.details


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="nowhere"):
        SqliteStore(tmp_path / "nowhere" / "assay.db")


def test_two_processes_that_count_lose_no_count(tmp_path: Path) -> None:
    path = tmp_path / "assay.db"
    tables(path, store_writer.metadata)
    with sqlite3.connect(path) as file:
        file.execute("INSERT INTO counters VALUES ('both', 0)")
    command = [sys.executable, store_writer.__file__, "count", str(path), "150"]
    both = [subprocess.Popen(command) for _ in range(2)]
    assert [process.wait(100) for process in both] == [0, 0]
    with sqlite3.connect(path) as file:
        assert file.execute("SELECT value FROM counters").fetchone() == (300,)


def test_kill_9_loses_no_acknowledged_unit_and_leaves_no_half(tmp_path: Path) -> None:
    path = tmp_path / "assay.db"
    tables(path, store_writer.metadata)
    chance = random.Random()
    acknowledged: set[int] = set()
    for _ in range(4):
        command = [sys.executable, store_writer.__file__, "acknowledge", str(path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            acknowledged.add(int(process.stdout.readline()))
            time.sleep(chance.uniform(0, 0.2))  # the point of the kill is what is drawn
            process.kill()
            acknowledged.update(int(line) for line in process.stdout.read().split("\n")[:-1] if line)
        with sqlite3.connect(path) as file:
            assert file.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            units = dict(file.execute("SELECT of, count(*) FROM halves GROUP BY of").fetchall())
        assert set(units.values()) == {2}
        assert acknowledged <= units.keys()


def test_a_foreign_key_that_leads_nowhere_is_a_conflict(tmp_path: Path) -> None:
    path = tmp_path / "assay.db"
    tables(path, store_writer.metadata)

    async def write() -> None:
        store = SqliteStore(path)
        with pytest.raises(Conflict, match="not there"):
            await store.commit([Change(insert(store_writer.children).values(id="nobody"))])
        await store.close()

    asyncio.run(write())
