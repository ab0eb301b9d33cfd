"""Run the shop's workload: all of it in rounds, so that every statement has a history, then gently, without end."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import psycopg
from psycopg.types.string import StrDumperUnknown

from assay_lab import healthy, statements
from assay_lab.facts import Draw, read_facts
from assay_lab.statements import Statement

STATEMENTS: tuple[Statement, ...] = (*statements.SEEDS, *statements.SUFFERING, *healthy.READS, *healthy.WRITES)
ROUNDS = 5
"""Enough that each statement was called five times, which is what rules ask for before they speak."""

_TIMEOUT_MS = 4_000
_PAUSE = 0.25
_SLOW_SHARE = 0.04
"""Of the statements while the workload ticks over: a few slow ones a minute."""


class Workload:
    """The shop's applications, all in one: what they ask of the database with this DSN."""

    def __init__(self, dsn: str, seed: int = 1) -> None:
        self._dsn = dsn
        self._seed = seed

    def run(
        self, rounds: int = ROUNDS, progress: Callable[[str, float], None] = lambda _step, _share: None
    ) -> dict[str, float]:
        """Run every statement in each of so many rounds; return the seconds spent on each, by name."""
        spent: dict[str, float] = dict.fromkeys((statement.name for statement in STATEMENTS), 0.0)
        with self._connections() as (bound, text, draw):
            for number in range(rounds):
                for place, statement in enumerate(STATEMENTS):
                    progress("Running the workload", (number + place / len(STATEMENTS)) / rounds)
                    began = time.perf_counter()
                    for _ in range(statement.calls):
                        _ask(statement, bound, text, draw)
                    spent[statement.name] += time.perf_counter() - began
        return spent

    def keep_running(self, stop: threading.Event) -> None:
        """Ask a few statements a second until told to stop; wait for the server where it is away."""
        chance = random.Random(self._seed)
        slow = [statement for statement in STATEMENTS if statement.slow]
        quick = [statement for statement in STATEMENTS if not statement.slow]
        while not stop.is_set():
            try:
                with self._connections() as (bound, text, draw):
                    while not stop.wait(_PAUSE):
                        if chance.random() < _SLOW_SHARE:
                            _ask(chance.choice(slow), bound, text, draw)
                        else:
                            _ask(chance.choices(quick, [s.calls for s in quick])[0], bound, text, draw)
            except psycopg.OperationalError:
                stop.wait(1)

    @contextmanager
    def _connections(self) -> Generator[tuple[psycopg.Connection, psycopg.ClientCursor[Any], Draw]]:
        """Two sessions: one that binds parameters, one that writes values into the text."""
        options = f"-c statement_timeout={_TIMEOUT_MS}"
        with (
            psycopg.connect(self._dsn, autocommit=True, application_name="shop", options=options) as bound,
            psycopg.connect(self._dsn, autocommit=True, application_name="shop-reports", options=options) as reports,
        ):
            # Numbers travel untyped, or the same statement would be another one for each size of number.
            bound.adapters.register_dumper(int, _Untyped)
            bound.adapters.register_dumper(datetime, _Untyped)
            with psycopg.connect(self._dsn, options="-c pg_stat_statements.track=none") as reader:
                facts = read_facts(reader)
            yield bound, psycopg.ClientCursor(reports), Draw(facts, self._seed)


class _Untyped(StrDumperUnknown):
    def dump(self, obj: object) -> bytes:
        return str(obj).encode()


def _ask(statement: Statement, bound: psycopg.Connection, text: psycopg.ClientCursor[Any], draw: Draw) -> None:
    """Ask once in each way that this statement is asked; one that takes too long is given up."""
    asked = statement.sql.encode()
    if statement.way in ("bound", "both"):
        _unless_slow(lambda: _fetch(bound.execute(asked, statement.values(draw) or None)))
    if statement.way in ("text", "both"):
        _unless_slow(lambda: _fetch(text.execute(asked, statement.values(draw) or None)))


def _unless_slow(ask: Callable[[], None]) -> None:
    try:
        ask()
    except psycopg.errors.QueryCanceled:
        return


def _fetch(cursor: psycopg.Cursor[Any]) -> None:
    if cursor.description is not None:
        cursor.fetchall()


def has_run(dsn: str) -> bool:
    """Whether the workload's history is there: it outlives a restart, but not a crash.

    On a busy machine a slow statement may have been given up in some rounds; that is no reason to start over.
    """
    with psycopg.connect(dsn, autocommit=True, options="-c pg_stat_statements.track=none") as connection:
        found = connection.execute(
            """SELECT count(*) FROM pg_stat_statements JOIN pg_database d ON d.oid = dbid
            WHERE d.datname = current_database() AND calls >= %s""",
            (ROUNDS,),
        ).fetchone()
    return found is not None and found[0] >= 0.8 * len(STATEMENTS)
