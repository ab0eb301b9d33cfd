"""Visits PostgreSQL 12 and later with psycopg 3: connects read-only and with timeouts, lends, administers."""

from __future__ import annotations

import math
import threading
from collections.abc import Generator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import LiteralString, cast

import psycopg
from psycopg.conninfo import make_conninfo

from assay.adapters.databases import dsn as dsns
from assay.adapters.databases import faults
from assay.adapters.databases.lending import Lending
from assay.adapters.databases.session import PostgresSession, open_wire
from assay.adapters.databases.throttle import Throttle
from assay.adapters.databases.wire import Wire
from assay.ports.databases import Limits, Reader, Session, Whereabouts
from assay.ports.errors import AssayError, Unavailable
from assay.ports.secret import Secret

OLDEST = 120_000
GRACE_S = 2.0
"""Silence for so much longer than the statement timeout is a dead server."""
_DEAD_PEER = {"keepalives": "1", "keepalives_idle": "1", "keepalives_interval": "1", "keepalives_count": "2"}
_ADMIN = Limits(statement_ms=60_000, lock_ms=5_000)
_DEFAULT = Limits()
_UNTRACKED = "SET pg_stat_statements.track = 'none'"


class PostgresDatabases:
    """Implements `ports.databases.Databases`; thread-safe.

    Args:
        keep: idle sessions kept per database.
        at_most: sessions open per database.
        idle_s: an idle session is closed after so long.
    """

    def __init__(self, *, keep: int = 4, at_most: int = 8, idle_s: float = 60.0) -> None:
        self._lending = Lending(keep=keep, at_most=at_most, idle_s=idle_s)
        self._throttles: dict[object, Throttle] = {}
        self._lock = threading.Lock()

    def whereabouts(self, dsn: Secret) -> Whereabouts:
        """Say which database a DSN means, and as whom."""
        return dsns.read(dsn).whereabouts

    def as_account(self, dsn: Secret, account: str, password: Secret) -> Secret:
        """Return the DSN of the same database for another account, as key=value."""
        options = {
            name: value
            for name, value in dsns.read(dsn).options.items()
            if name not in ("passfile", "sslkey", "sslcert")
        }
        return Secret(make_conninfo("", **{**options, "user": account, "password": password.reveal()}))

    def reader(self, dsn: Secret, limits: Limits = _DEFAULT) -> AbstractContextManager[Reader]:
        """Lend a session: it is a reader too."""
        return self.session(dsn, limits)

    @contextmanager
    def session(self, dsn: Secret, limits: Limits = _DEFAULT) -> Generator[Session]:
        """Lend a session."""
        target = dsns.read(dsn)
        key = (dsn, limits)
        wire = self._lending.take(key, lambda: _connect(target, limits), limits.connect_s)
        session = PostgresSession(wire, self._throttle(target, limits))
        try:
            yield session
        finally:
            try:
                session.end()
            finally:
                self._lending.give(key, wire)

    def administer(self, dsn: Secret, statements: Sequence[str]) -> None:
        """Run statements of ours in one read-write transaction; `statement` in an error counts from 1."""
        target = dsns.read(dsn)
        wire = _open(target, _ADMIN, read_only=False)
        done = 0
        try:
            with wire.transaction():
                for text in statements:
                    wire.execute(cast("LiteralString", text))
                    done += 1
        except psycopg.Error as failure:
            error = faults.of_statement(failure, wire.where, gone=wire.lost)
            # never the statement itself: it may hold the verifier of a new password
            raise type(error)(error.message, **{**error.details, "statement": done + 1}) from None
        finally:
            wire.close()

    def close(self) -> None:
        """Close every kept session."""
        self._lending.close()

    def _throttle(self, target: dsns.Target, limits: Limits) -> Throttle:
        key = (target.whereabouts.where, limits.plans_at_once, limits.plans_per_s)
        with self._lock:
            if key not in self._throttles:
                patience = limits.statement_ms / 1_000 + GRACE_S
                self._throttles[key] = Throttle(limits.plans_at_once, limits.plans_per_s, patience)
            return self._throttles[key]


def _open(target: dsns.Target, limits: Limits, *, read_only: bool) -> Wire:
    settings = {
        "statement_timeout": str(limits.statement_ms),
        "lock_timeout": str(limits.lock_ms),
        "idle_in_transaction_session_timeout": "10000",
        "standard_conforming_strings": "on",
    }
    if read_only:
        settings["default_transaction_read_only"] = "on"
    # Given at connection, not by SET: behind a pooler a SET would stay with a session that others use.
    options = " ".join([target.options.get("options", ""), *(f"-c {k}={v}" for k, v in settings.items())]).strip()
    conninfo = make_conninfo(
        **{
            **_DEAD_PEER,
            "tcp_user_timeout": str(int(GRACE_S * 1_000)),
            **target.options,
            "application_name": "assay",
            "client_encoding": "UTF8",
            "connect_timeout": str(max(2, math.ceil(limits.connect_s))),
            "options": options,
        }
    )
    try:
        return open_wire(conninfo, target.whereabouts.where, limits.statement_ms / 1_000 + GRACE_S)
    except (psycopg.Error, OSError, UnicodeError) as failure:
        raise faults.of_connecting(failure, target) from None


def _connect(target: dsns.Target, limits: Limits) -> Wire:
    wire = _open(target, limits, read_only=True)
    try:
        where, version = target.whereabouts.where, wire.info.server_version
        if version < OLDEST:
            cure = "Connect a server of version 12 or later."
            raise Unavailable(f"{where} runs PostgreSQL {version // 10_000}, which is too old. {cure}", cure=cure)
        row = wire.execute(
            "SELECT current_setting('default_transaction_read_only') AS read_only,"
            " (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user) AS super"
        ).fetchone()
        if row is None or row["read_only"] != "on":
            cure = "Connect to PostgreSQL itself, not through a connection pooler."
            raise Unavailable(f"{where} does not keep the settings of a session. {cure}", cure=cure)
        if row["super"]:
            # Only a superuser may: our EXPLAINs then push nobody's statements out of pg_stat_statements. The account
            # that `assay init` makes has the same by ALTER ROLE.
            with suppress(psycopg.errors.InsufficientPrivilege):
                wire.execute(_UNTRACKED)
    except psycopg.Error as failure:
        error = faults.of_statement(failure, wire.where, gone=wire.lost)
        wire.close()
        raise error from None
    except AssayError:
        wire.close()
        raise
    return wire
