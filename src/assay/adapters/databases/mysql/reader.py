"""One visit to a MySQL or MariaDB: a session that only reads, within the server's own limits of time."""

from __future__ import annotations

import re
import ssl
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import pymysql
from pymysql.converters import conversions
from pymysql.cursors import SSCursor

from assay.adapters.databases.mysql import cells, faults
from assay.adapters.databases.mysql.dsn import Target
from assay.adapters.databases.mysql.estimate import estimate
from assay.adapters.databases.mysql.powers import powers
from assay.adapters.databases.several import one_by_one
from assay.ports.databases import Estimate, Grid, Limits, Row, ServerFacts
from assay.ports.errors import Refused, TimedOut, Unavailable

GRACE_S = 2.0
"""Silence for so much longer than the statement's time is a dead server."""
_MOST_BYTES = 64_000_000
_UNCONVERTED: Any = {kind: write for kind, write in conversions.items() if not isinstance(kind, int)}
"""How parameters are written, but not how values are read: they come as the server wrote them."""
_TEXT_CHANGES = ("ANSI_QUOTES", "ANSI", "PIPES_AS_CONCAT", "NO_BACKSLASH_ESCAPES", "IGNORE_SPACE",
                 "HIGH_NOT_PRECEDENCE", "ORACLE", "MSSQL", "DB2", "POSTGRESQL", "MAXDB")  # fmt: skip
"""Modes in which the same text means something else."""
_BEFORE = r"(?:\s|--\s[^\n]*\n|\#[^\n]*\n|/\*(?![!M]).*?\*/)*"
"""Space and comments, but not those that a server runs."""
_FIRST = re.compile(_BEFORE + r"\(*\s*(SELECT|WITH|VALUES|TABLE)\b", re.IGNORECASE | re.DOTALL)
_SHOWS = re.compile(_BEFORE + r"(SHOW|DESCRIBE|DESC|EXPLAIN)\b", re.IGNORECASE | re.DOTALL)
FACTS = "SELECT VERSION() AS version, DATABASE() AS name, CURRENT_USER() AS account"
GRANTS = "SHOW GRANTS FOR CURRENT_USER"
_Failures = (pymysql.err.Error, OSError, UnicodeError, ValueError)


class MysqlReader:
    """Implements `ports.databases.Reader` on a connection of its own."""

    cautions: tuple[str, ...] = ()

    def __init__(self, target: Target, limits: Limits) -> None:
        self._where, self._limits = target.whereabouts.where, limits
        self._facts: ServerFacts | None = None
        try:
            self._link = connect(target, limits)
        except _Failures as failure:
            raise faults.of_connecting(failure, target) from None
        try:
            self._harden()
        except BaseException:
            self.end()
            raise

    def _harden(self) -> None:
        version = str(self._one("SELECT VERSION() AS version")["version"])
        if int(version.split(".")[0]) < 8:  # MariaDB begins at 10
            cure = "Connect MySQL 8.0 or MariaDB 10.3, or later."
            raise Unavailable(f"{self._where} runs version {version}, which is too old. {cure}", cure=cure)
        modes = str(self._one("SELECT @@SESSION.sql_mode AS modes")["modes"]).split(",")
        lock_s = max(1, round(self._limits.lock_ms / 1_000))
        seconds = self._limits.statement_ms / 1_000
        in_time = "max_statement_time" if "MariaDB" in version else "max_execution_time"
        patience = seconds if "MariaDB" in version else self._limits.statement_ms
        self._tell("SET SESSION sql_mode = %s", ",".join(mode for mode in modes if mode not in _TEXT_CHANGES))
        self._tell(f"SET SESSION {in_time} = %s", patience)
        self._tell(f"SET SESSION lock_wait_timeout = {lock_s}, SESSION innodb_lock_wait_timeout = {lock_s}")
        self._tell("SET SESSION TRANSACTION READ ONLY")

    @property
    def facts(self) -> ServerFacts:
        """Where this session is, and what its grants allow; read once per visit."""
        if self._facts is None:
            self._facts = facts_of(self._one(FACTS), self.rows(GRANTS))
        return self._facts

    def rows(self, sql: str, params: Sequence[object] | Mapping[str, object] = ()) -> list[Row]:
        """Run one statement of ours; values come as text, since no converter has touched them."""
        with self._translated(), self._link.cursor(pymysql.cursors.DictCursor) as cursor:
            cursor.execute(sql, params or None)
            return list(cursor.fetchall())

    def estimate(self, query: str) -> Estimate:
        """What EXPLAIN FORMAT=JSON says of one query."""
        _must_begin_as_query(query)
        return estimate(str(next(iter(self._one("EXPLAIN FORMAT=JSON " + query).values()))))

    def estimates(self, queries: Iterable[str]) -> list[Estimate | Refused | TimedOut]:
        """One after the other."""
        return one_by_one(self.estimate, queries)

    def read(self, query: str, at_most: int, *, skip: int = 0) -> Grid:
        """Read row by row in a read-only transaction that is rolled back.

        EXPLAIN comes first, with the query as a part of another: the server refuses there whatever is no query, and
        one that writes a file (INTO OUTFILE), which the transaction would not stop. What a function does outside of
        the transaction neither can exclude: which may be called is for the caller to check, and for the account's
        grants.
        """
        shows = _SHOWS.match(query) is not None and "\0" not in query
        if not shows:
            _must_begin_as_query(query)
        self.rows("START TRANSACTION READ ONLY")
        try:
            if not shows:
                self.rows(f"EXPLAIN SELECT EXISTS ({query.rstrip().removesuffix(';')}\n)")
            return self._read(query, at_most, skip)
        finally:
            with suppress(*_Failures):
                if self._link.open:
                    self._link.rollback()

    def _read(self, query: str, at_most: int, skip: int) -> Grid:
        with self._translated():
            self._tell("SET SESSION sql_select_limit = %s", skip + at_most + 1)
            rows, size = list[tuple[Any, ...]](), 0
            with self._link.cursor(SSCursor) as cursor:
                cursor.execute(query)
                columns = [(str(one[0]), int(one[1])) for one in cursor.description or ()]
                while skip and cursor.fetchone() is not None:
                    skip -= 1
                while len(rows) <= at_most and (row := cursor.fetchone()) is not None:
                    rows.append(row)
                    size += sum(len(value) for value in row if isinstance(value, (str, bytes)))
                    if size > _MOST_BYTES:
                        raise Refused(f"The rows are more than {_MOST_BYTES // 1_000_000} MB; ask for fewer.")
            self._tell("SET SESSION sql_select_limit = DEFAULT")
        return cells.grid(columns, rows, at_most)

    def end(self) -> None:
        """Close the connection: locks by name and variables end with it."""
        if self._link.open:
            self._link.close()

    def _one(self, sql: str) -> Row:
        found = self.rows(sql)
        if not found:
            raise faults.lost(self._where, "it gave no row where one was expected")
        return found[0]

    def _tell(self, sql: str, *params: object) -> None:
        self.rows(sql, params)

    @contextmanager
    def _translated(self) -> Generator[None]:
        if not self._link.open:
            raise faults.lost(self._where)
        try:
            yield
        except _Failures as failure:
            error = faults.of_statement(failure, self._where)
            if isinstance(error, Unavailable) and self._link.open:
                self._link.close()
            raise error from None


def facts_of(row: Row, grants: Sequence[Row]) -> ServerFacts:
    """What the row of FACTS and those of GRANTS say."""
    numbers = [int(part) for part in re.findall(r"\d+", str(row["version"]))[:3]]
    found = powers([str(next(iter(grant.values()))) for grant in grants])
    version = re.match(r"[\d.]+(-MariaDB)?", str(row["version"]))
    return ServerFacts(
        version=version[0] if version else str(row["version"]),
        version_num=sum(part * weight for part, weight in zip(numbers, (10_000, 100, 1), strict=False)),
        database=str(row["name"]),
        user=str(row["account"]),
        superuser=any(power.startswith(("ALL PRIVILEGES on *.*", "SUPER")) for power in found),
        engine="mysql",
        powers=found,
    )


def _must_begin_as_query(query: str) -> None:
    if not _FIRST.match(query) or "\0" in query:
        raise Refused("Only a statement that begins with SELECT, WITH, VALUES or TABLE is run.")


def _encrypted_only() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


_PREFERRED = _encrypted_only()


class _Link(pymysql.Connection):  # pyright: ignore[reportMissingTypeArgument]
    """PyMySQL reads all of the system's authorities for every connection, 20 ms, also where it checks none."""

    def _create_ssl_ctx(self, sslp: Any) -> ssl.SSLContext:
        return sslp if isinstance(sslp, ssl.SSLContext) else _PREFERRED


def connect(target: Target, limits: Limits) -> pymysql.Connection[Any]:
    """Connect with utf8mb4, timeouts, one statement a message and no local files; raises PyMySQL's error."""
    mode, patience = target.options.get("ssl-mode", "PREFERRED"), limits.statement_ms / 1_000 + GRACE_S
    return _Link(
        host=target.host,
        port=target.port,
        unix_socket=target.options.get("socket"),
        user=target.account,
        password=target.password.reveal().encode(),
        database=target.database,
        charset="utf8mb4",
        connect_timeout=max(1, round(limits.connect_s)),
        read_timeout=patience,
        write_timeout=patience,
        local_infile=False,
        autocommit=True,
        conv=_UNCONVERTED,
        program_name="assay",
        ssl=_tls(mode, target.options.get("ssl-ca")),
        ssl_disabled=mode == "DISABLED",
    )


def _tls(mode: str, authority: str | None) -> ssl.SSLContext | None:
    if mode in ("PREFERRED", "DISABLED"):
        return None
    context = ssl.create_default_context(cafile=authority)
    context.check_hostname = mode == "VERIFY_IDENTITY"
    context.verify_mode = ssl.CERT_REQUIRED if mode.startswith("VERIFY") else ssl.CERT_NONE
    return context
