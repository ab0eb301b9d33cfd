"""The attacks of the guard's tests reach the database unchecked: the account, the session and its limits hold alone."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from ask.guard.attacks import ALL, attacks
from ask.second_layer.cannot import NOT_SENT, SHOWS
from ask.second_layer.worlds import PLANTED, SIGNS, State, World
from assay.ask.graph import Dialect
from assay.ports.databases import Estimate, Reader
from assay.ports.errors import AssayError, Refused, TimedOut

KINDS = [(dialect, kind) for dialect in ALL for kind in sorted({kind for kind, _ in attacks(dialect)})]


def planned(reader: Reader, sent: str) -> Estimate:
    """What the engine expects, or the error that kept it from planning."""
    (found,) = reader.estimates((sent,))
    if isinstance(found, AssayError):
        raise found
    return found


def strike(world: World, text: str) -> tuple[str, str]:
    """Plan it and run it as the least account; return how that ended, and everything that came back."""
    sent = text.replace("/tmp/", f"{world.folder}/")
    ended, back = "rows", ""
    with world.visit() as reader:
        for way in (lambda: planned(reader, sent), lambda: reader.read(sent, 100)):
            try:
                back += str(way())
            except (Refused, TimedOut) as error:
                ended, back = type(error).__name__, back + error.message + str(error.details)
            except AssayError as error:
                # it ended by our own patience, or took the session down
                ended = f"{type(error).__name__}: {error.message}"
    return ended, back


def changed(before: State, after: State) -> dict[str, Any]:
    return {name: (before[name], after[name]) for name in before if before[name] != after[name]}


@pytest.mark.parametrize(("dialect", "kind"), KINDS)
def test_nothing_changes_and_nothing_secret_comes_back(
    worlds: dict[Dialect, World], dialect: Dialect, kind: str
) -> None:
    world = worlds[dialect]
    wrong: dict[str, object] = {}
    before = world.state()
    for one, text in attacks(dialect):
        if one != kind or text in NOT_SENT.get(dialect, {}):
            continue
        ended, back = strike(world, text)
        after = world.state()
        if found := changed(before, after):
            wrong[text[:120]] = found
            before = after
        elif ended not in ("rows", "Refused", "TimedOut"):
            wrong[text[:120]] = ended
        elif signs := [sign for sign in SIGNS if sign in back]:
            wrong[text[:120]] = signs
    assert wrong == {}


@pytest.mark.parametrize(("dialect", "text"), [(dialect, text) for dialect in ALL for text in SHOWS[dialect]])
def test_what_this_layer_cannot_stop_is_listed_because_it_really_works(
    worlds: dict[Dialect, World], dialect: Dialect, text: str
) -> None:
    with worlds[dialect].visit() as reader:
        assert reader.read(text, 1).rows, SHOWS[dialect][text]


def test_the_secrets_are_there_and_an_account_that_may_would_see_them(worlds: dict[Dialect, World]) -> None:
    """Without this the test above could pass for want of anything to find."""
    postgres: Any = worlds["postgres"]
    mysql: Any = worlds["mysql"]
    assert (PLANTED,) in postgres._admin.execute("SELECT password FROM secrets").fetchall()
    assert mysql._one("SELECT password FROM vault.secrets") == [(PLANTED,)]


def test_a_change_of_each_kind_would_be_seen(worlds: dict[Dialect, World]) -> None:
    postgres: Any = worlds["postgres"]
    before = postgres.state()
    admin = postgres._admin
    admin.execute("INSERT INTO customers (id, name) VALUES (99, 'x')")
    admin.execute("SELECT pg_notify('x', 'y'), nextval('s'), lo_create(4343)")
    (postgres.folder / "left").touch()
    with psycopg.connect(postgres._dsn, autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(1)")
        seen = changed(before, postgres.state())
    admin.execute("DELETE FROM customers WHERE id = 99; SELECT setval('s', 1, false), lo_unlink(4343)")
    (postgres.folder / "left").unlink()
    assert {"rows", "sequence", "large objects", "notified", "locks", "files"} <= set(seen)
