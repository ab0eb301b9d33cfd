"""The one door to databases: the scheme of a DSN chooses the engine."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from assay.adapters.databases.mysql.databases import MysqlDatabases
from assay.adapters.databases.mysql.dsn import SCHEMES
from assay.adapters.databases.plugin.databases import PluginDatabases
from assay.adapters.databases.postgres import PostgresDatabases
from assay.adapters.databases.sqlite.databases import SqliteDatabases
from assay.ports.databases import Limits, Reader, Session, Whereabouts
from assay.ports.errors import UnsupportedDatabase
from assay.ports.plugin_databases import NoPluginStores
from assay.ports.secret import Secret

_DEFAULT = Limits()


class EngineDatabases:
    """Implements `ports.databases.Databases` for every engine; thread-safe.

    Args:
        off_limits: folders whose SQLite files nobody may connect, since they are the program's own.
        plugins: the way to databases that plugins read; without it there are none.
    """

    def __init__(self, off_limits: Sequence[Path] = (), plugins: PluginDatabases | None = None) -> None:
        self._postgres = PostgresDatabases()
        self._mysql = MysqlDatabases()
        self._sqlite = SqliteDatabases(off_limits)
        self._plugins = plugins or PluginDatabases(NoPluginStores(), None)

    def whereabouts(self, dsn: Secret) -> Whereabouts:
        """Say which database a DSN means, and as whom."""
        return self._of(dsn).whereabouts(dsn)

    def as_account(self, dsn: Secret, account: str, password: Secret) -> Secret:
        """Return the DSN of the same database for another account."""
        return self._with_accounts(dsn).as_account(dsn, account, password)

    def reader(self, dsn: Secret, limits: Limits = _DEFAULT) -> AbstractContextManager[Reader]:
        """Lend a session of whatever engine the DSN names."""
        return self._of(dsn).reader(dsn, limits)

    def session(self, dsn: Secret, limits: Limits = _DEFAULT) -> AbstractContextManager[Session]:
        """Lend a session of a PostgreSQL."""
        if self._of(dsn) is self._plugins:
            raise self._plugins.refuse()
        if self._of(dsn) is not self._postgres:
            engine = self.whereabouts(dsn).engine
            raise UnsupportedDatabase(f"This works on PostgreSQL only, and this database is {engine}.", engine=engine)
        return self._postgres.session(dsn, limits)

    def administer(self, dsn: Secret, statements: Sequence[str]) -> None:
        """Run statements of ours and disconnect."""
        self._with_accounts(dsn).administer(dsn, statements)

    def close(self) -> None:
        """Close every kept session."""
        self._postgres.close()

    def _of(self, dsn: Secret) -> PostgresDatabases | MysqlDatabases | SqliteDatabases | PluginDatabases:
        scheme = dsn.reveal().strip().partition(":")[0].lower()
        if scheme in ("sqlite", "plugin"):
            return self._sqlite if scheme == "sqlite" else self._plugins
        return self._mysql if scheme in SCHEMES else self._postgres

    def _with_accounts(self, dsn: Secret) -> PostgresDatabases | MysqlDatabases | PluginDatabases:
        found = self._of(dsn)
        if isinstance(found, SqliteDatabases):
            raise UnsupportedDatabase("SQLite has no accounts: whoever may read the file may read all of it.")
        return found
