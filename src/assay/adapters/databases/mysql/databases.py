"""Lends readers of a MySQL or MariaDB, and makes accounts there."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager

import pymysql

from assay.adapters.databases.mysql import dsn as dsns
from assay.adapters.databases.mysql import faults
from assay.adapters.databases.mysql.reader import MysqlReader, connect
from assay.ports.databases import Limits, Reader, Whereabouts
from assay.ports.errors import AssayError
from assay.ports.secret import Secret

_DEFAULT = Limits()
_ADMIN = Limits(statement_ms=60_000, lock_ms=5_000)


class MysqlDatabases:
    """Lends readers; thread-safe, since each visit has a connection of its own, which ends with it."""

    def whereabouts(self, dsn: Secret) -> Whereabouts:
        """Say which database a DSN means, and as whom."""
        return dsns.read(dsn).whereabouts

    def as_account(self, dsn: Secret, account: str, password: Secret) -> Secret:
        """Return the DSN of the same database for another account."""
        return dsns.write(dsns.read(dsn), account, password)

    @contextmanager
    def reader(self, dsn: Secret, limits: Limits = _DEFAULT) -> Generator[Reader]:
        """Connect, and disconnect at the end."""
        reader = MysqlReader(dsns.read(dsn), limits)
        try:
            yield reader
        finally:
            reader.end()

    def administer(self, dsn: Secret, statements: Sequence[str]) -> None:
        """Run statements of ours one by one; `statement` in an error counts from 1. What ran before it stays."""
        target = dsns.read(dsn)
        try:
            link = connect(target, _ADMIN)
        except (pymysql.err.Error, OSError) as failure:
            raise faults.of_connecting(failure, target) from None
        done = 0
        try:
            with link.cursor() as cursor:
                for text in statements:
                    cursor.execute(text)
                    done += 1
        except (pymysql.err.Error, OSError) as failure:
            error: AssayError = faults.of_statement(failure, target.whereabouts.where)
            raise type(error)(error.message, **{**error.details, "statement": done + 1}) from None
        finally:
            link.close()
