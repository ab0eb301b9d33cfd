"""Throw-away databases that are attacked as the account that `assay init` makes, and a way to see that nothing changed."""

# ruff: noqa: E501
from __future__ import annotations

import hashlib
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import psycopg
from psycopg import sql

from ask.guard.schema import DDL, POSTGRES_DDL, mysql_ddl
from assay.adapters.databases.door import EngineDatabases
from assay.ports.databases import Limits, Reader
from assay.ports.secret import Secret
from assay.sources.init_asker import ASKER, asker_statements
from assay.sources.model import InitSource
from assay_lab.mariadb import MariaServer
from assay_lab.server import Server

PLANTED = "planted-hunter2-secret"
PASSWORD = Secret("asker-s3cret-pass")
SIGNS = (PLANTED, "root:x:0:0", PASSWORD.reveal(), "SCRAM-SHA-256$", "mysql_native_password")
"""What must never be in an answer."""
LIMITS = Limits(statement_ms=400, lock_ms=100)
State = dict[str, Any]


class World(Protocol):
    """One database under attack."""

    folder: Path
    """Writable by everybody: files that an attack makes would lie here."""

    @contextmanager
    def visit(self) -> Iterator[Reader]:
        """A session as the least account."""
        ...

    def state(self) -> State:
        """Everything that an attack could have changed, as the administrator sees it when no visit is going on."""
        ...


def listing(folder: Path) -> list[tuple[str, int]]:
    return sorted((str(path.relative_to(folder)), path.stat().st_size) for path in folder.rglob("*"))


class Postgres:
    """A database for which `assay init --account asker --revoke-functions` ran; one table is kept from the account."""

    def __init__(self, server: Server, folder: Path) -> None:
        self.folder = folder
        self._server, self._dsn = server, server.create_database("second_layer")
        self._databases = EngineDatabases()
        self._admin = psycopg.connect(self._dsn, autocommit=True)
        for statement in (DDL.replace("{json}", "JSONB") + POSTGRES_DDL).split(";\n"):
            if statement.strip():
                self._admin.execute(statement.encode())
        self._admin.execute("CREATE TABLE IF NOT EXISTS secrets (id int, password text)")
        self._admin.execute(f"INSERT INTO secrets VALUES (1, '{PLANTED}')")
        self._admin.execute("CREATE SEQUENCE s; CREATE EXTENSION dblink; CREATE EXTENSION tablefunc")
        self._admin.execute("SELECT lo_from_bytea(4242, 'large')")
        asked = InitSource(database="second_layer", account="asker", revoke_functions=True)
        self._databases.administer(Secret(self._dsn), asker_statements(asked, PASSWORD))
        self._admin.execute(f"REVOKE SELECT ON secrets FROM {ASKER}")
        self._admin.execute("LISTEN x")
        self.dsn = self._databases.as_account(Secret(self._dsn), ASKER, PASSWORD)

    @contextmanager
    def visit(self) -> Iterator[Reader]:
        with self._databases.reader(self.dsn, LIMITS) as reader:
            yield reader

    def state(self) -> State:
        ask = self._admin.execute
        tables = [
            row[0]
            for row in ask("SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' AND oid > 16384 ORDER BY 1")
        ]
        rows = {
            name: ask(
                sql.SQL("SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {} t").format(sql.SQL(name))
            ).fetchone()
            for name in tables
        }  # pyright: ignore[reportArgumentType]
        with self.visit() as reader:  # the session is kept between visits: nothing may stay in it
            own = reader.rows("SELECT name, setting FROM pg_settings WHERE name NOT LIKE 'plpgsql.%' ORDER BY name")
        return {
            "rows": rows,
            "large objects": ask("SELECT oid FROM pg_largeobject_metadata ORDER BY 1").fetchall(),
            "sequence": ask("SELECT last_value, is_called FROM s").fetchall(),
            "functions": ask("SELECT count(*), sum(oid::bigint) FROM pg_proc").fetchall(),
            "relations": ask("SELECT count(*), sum(oid::bigint) FROM pg_class").fetchall(),
            "roles": ask("SELECT rolname, rolsuper, rolpassword FROM pg_authid WHERE rolname = %s", [ASKER]).fetchall(),
            "databases": ask("SELECT count(*) FROM pg_database").fetchall(),
            "locks": ask("SELECT locktype, mode FROM pg_locks WHERE pid <> pg_backend_pid() AND (locktype = 'advisory' OR database = (SELECT oid FROM pg_database WHERE datname = current_database()))").fetchall(),
            "sessions": ask("SELECT usename, count(*), min(state) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() GROUP BY 1 ORDER BY 1").fetchall(),
            "notified": [note.payload for note in self._admin.notifies(timeout=0)],
            "server settings": ask("SELECT md5(string_agg(name || reset_val, '|' ORDER BY name)) FROM pg_settings").fetchall(),
            "own settings": own,
            "alive": ask("SELECT pg_backend_pid()").fetchall(),
            "files": listing(self.folder),
        }  # fmt: skip

    def close(self) -> None:
        self._databases.close()
        self._admin.execute(f"DROP OWNED BY {ASKER}")
        self._admin.close()
        with psycopg.connect(self._server.dsn(), autocommit=True) as admin:
            admin.execute("DROP DATABASE second_layer WITH (FORCE)")
            admin.execute(f"DROP ROLE {ASKER}")


class Maria:
    """A database of MariaDB for which `assay init --engine mariadb` ran, beside another with a secret."""

    def __init__(self, server: MariaServer, folder: Path) -> None:
        self.folder = folder
        self._server, self._databases = server, EngineDatabases()
        for name in ("second_layer", "vault"):
            server.create_database(name)
        self._admin = server.connect("second_layer")
        for statement in mysql_ddl():
            self._one(statement)
        self._one("CREATE TABLE vault.secrets (id int, password varchar(80))")
        self._one(f"INSERT INTO vault.secrets VALUES (1, '{PLANTED}')")
        self._one("CREATE SEQUENCE s")
        root = server.dsn("second_layer")
        self._databases.administer(
            Secret(root), asker_statements(InitSource(database="second_layer", engine="mariadb"), PASSWORD)
        )
        self.dsn = self._databases.as_account(Secret(root), ASKER, PASSWORD)

    def _one(self, statement: str) -> list[Any]:
        with self._admin.cursor() as cursor:
            cursor.execute(statement)
            return list(cursor.fetchall())

    @contextmanager
    def visit(self) -> Iterator[Reader]:
        with self._databases.reader(self.dsn, LIMITS) as reader:
            yield reader

    def _gone(self) -> int:
        """Wait, as long as one statement may take, until the server has ended what was disconnected."""
        for _ in range(200):
            left = self._one(f"SELECT count(*) FROM information_schema.processlist WHERE user = '{ASKER}'")[0][0]
            if left == 0:
                break
            self._one("DO SLEEP(0.02)")
        return left

    def state(self) -> State:
        volatile = "'timestamp', 'pseudo_thread_id', 'rand_seed1', 'rand_seed2', 'gtid_binlog_pos', 'last_gtid', 'warning_count', 'error_count', 'identity', 'last_insert_id', 'in_transaction'"
        sessions = self._gone()
        tables = [
            row[0]
            for row in self._one(
                "SELECT table_name FROM information_schema.tables WHERE table_schema = 'second_layer' AND table_type = 'BASE TABLE' ORDER BY 1"
            )
        ]
        return {
            "sessions": sessions,
            "rows": {name: self._one(f"CHECKSUM TABLE `{name}` EXTENDED") for name in tables},
            "sequence": self._one("SELECT next_not_cached_value FROM s"),
            "relations": self._one("SELECT table_schema, count(*), max(create_time) FROM information_schema.tables WHERE table_schema NOT IN ('information_schema', 'performance_schema', 'sys') GROUP BY 1 ORDER BY 1"),
            "routines": self._one("SELECT count(*) FROM information_schema.routines"),
            "functions": self._one("SELECT count(*) FROM mysql.func"),
            "accounts": self._one("SELECT user, host, priv FROM mysql.global_priv ORDER BY 1, 2"),
            "databases": self._one("SHOW DATABASES"),
            "named locks": self._one("SELECT IS_USED_LOCK('x')"),
            "transactions": self._one("SELECT count(*) FROM information_schema.innodb_trx"),
            "settings": self._one(f"SELECT variable_name, variable_value FROM information_schema.global_variables WHERE lower(variable_name) NOT IN ({volatile}) ORDER BY 1"),
            "files": listing(self.folder),
        }  # fmt: skip

    def close(self) -> None:
        for statement in (f"DROP USER '{ASKER}'@'%'", "DROP DATABASE second_layer", "DROP DATABASE vault"):
            self._one(statement)
        self._admin.close()


class Sqlite:
    """A file beside another with a secret; SQLite has no accounts, so the file itself has none."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "shop.db"
        for path, script in (
            (self.path, DDL.replace("{json}", "TEXT")),
            (folder / "vault.db", f"CREATE TABLE secrets (id, password); INSERT INTO secrets VALUES (1, '{PLANTED}')"),
        ):
            connection = sqlite3.connect(path)
            connection.executescript(script)
            connection.close()
        self._databases = EngineDatabases()
        self.dsn = Secret(f"sqlite://{self.path}")

    @contextmanager
    def visit(self) -> Iterator[Reader]:
        with self._databases.reader(self.dsn, LIMITS) as reader:
            yield reader

    def state(self) -> State:
        with sqlite3.connect(self.path, isolation_level=None) as other:  # nobody holds a lock on it
            other.execute("BEGIN EXCLUSIVE")
            other.execute("ROLLBACK")
        other.close()
        files = {
            name: hashlib.sha256((self.folder / name).read_bytes()).hexdigest() for name, _ in listing(self.folder)
        }
        return {"files": files, "open": sum("shop.db" in _target(fd) for fd in Path("/proc/self/fd").iterdir())}

    def close(self) -> None:
        self._databases.close()


def _target(fd: Path) -> str:
    try:
        return str(fd.readlink())
    except OSError:
        return ""


def open_folder(folder: Path) -> Path:
    """Let everybody write into a folder that attacks may try to fill."""
    folder.chmod(stat.S_IRWXU | stat.S_IRWXG | stat.S_IRWXO)
    return folder
