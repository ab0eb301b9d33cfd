"""Brings our SQLite file to the tables that this program expects: each room's revisions, applied in order.

A room keeps its revisions in `<package>/migrations/NNNN_words.py`, each with `revision` ("room_0001"),
`down_revision`, `upgrade()`; the first one has `branch_labels = ("room",)`.
"""

from __future__ import annotations

import contextlib
import fcntl
import importlib.util
import os
import sqlite3
from collections.abc import Generator, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, MetaData, create_engine, event, inspect
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import NullPool

from assay.adapters.store.faults import explain
from assay.ports.errors import Internal, Unavailable

_BACKUPS = 3


def locations_of(packages: Iterable[str]) -> tuple[Path, ...]:
    """Return the `migrations` folders of those packages that have one."""
    found: list[Path] = []
    for package in packages:
        spec = importlib.util.find_spec(package)
        for folder in (spec.submodule_search_locations or ()) if spec else ():
            path = Path(folder) / "migrations"
            if path.is_dir():
                found.append(path)
    return tuple(dict.fromkeys(found))


def pending(database: Path, locations: Sequence[Path]) -> list[str]:
    """Return the revisions that `migrate` would apply, in order; raises as it does, changes nothing."""
    script = _script(locations)
    if not _holds_data(database):
        return _ahead(script, ())
    with _connect(database) as connection:
        return _ahead(script, _known_heads(database, script, connection))


def migrate(database: Path, locations: Sequence[Path]) -> list[str]:
    """Apply every revision that is missing, each in a transaction of its own, and return them in order.

    A file that holds data is first copied to `<name>.before-<time>.backup` beside it (the newest three are kept).
    Processes that start together wait for one another.

    Raises Unavailable when the database was written by a newer Assay or cannot be written; Internal when a revision
    fails: everything before it stays applied, nothing of it does.
    """
    script = _script(locations)
    with _alone(database):
        missing = pending(database, locations)
        if not missing:
            return []
        if _holds_data(database):
            _back_up(database)
        applied: list[str] = []
        try:
            with _connect(database) as connection:
                _apply(script, connection, applied)
        except (DatabaseError, sqlite3.Error) as error:
            raise _failed(database, missing[len(applied)] if len(applied) < len(missing) else "", error) from error
        return applied


def refuse_newer(database: Path, locations: Sequence[Path]) -> None:
    """Raise Unavailable when the database has revisions that this program does not know."""
    pending(database, locations)


def drift(database: Path, metadata: MetaData) -> list[Any]:
    """Return how the file's tables differ from the metadata, as Alembic says it; empty when they are the same."""
    with _connect(database) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        return list(cast("Sequence[Any]", compare_metadata(context, metadata)))


def _script(locations: Sequence[Path]) -> ScriptDirectory:
    # The directory itself is not used: there is no env.py and no ini file, only the rooms' own folders.
    return ScriptDirectory(dir=str(Path(__file__).parent), version_locations=[str(path) for path in locations])


def _ahead(script: ScriptDirectory, heads: tuple[str, ...]) -> list[str]:
    done = {revision.revision for revision in script.iterate_revisions(heads, "base")} if heads else set[str]()
    return [r.revision for r in reversed(list(script.walk_revisions())) if r.revision not in done]


def _known_heads(database: Path, script: ScriptDirectory, connection: Connection) -> tuple[str, ...]:
    heads = MigrationContext.configure(connection).get_current_heads()
    for head in heads:
        try:
            script.get_revision(head)
        except CommandError:
            raise Unavailable(
                f"{database} was written by a newer Assay: it has the revision {head}, unknown to this program.",
                cure="Upgrade the program, or point ASSAY_HOME to another folder. Nothing was changed.",
                revision=head,
            ) from None
    return heads


def _apply(script: ScriptDirectory, connection: Connection, applied: list[str]) -> None:
    def upgrade(heads: Any, _: MigrationContext) -> Any:
        return script._upgrade_revs("heads", heads)  # pyright: ignore[reportPrivateUsage]

    def note(*, step: Any, **_: Any) -> None:
        applied.extend(step.up_revision_ids)

    context = MigrationContext.configure(
        connection,
        opts={
            "fn": upgrade,
            "transactional_ddl": True,
            "transaction_per_migration": True,
            "on_version_apply": (note,),
        },
    )
    with Operations.context(context):
        context.run_migrations()


@contextlib.contextmanager
def _connect(database: Path) -> Generator[Connection]:
    engine = create_engine("sqlite://", creator=lambda: _open(database), poolclass=NullPool)
    # The driver would begin too late and commit before DDL; we begin ourselves.
    event.listen(engine, "begin", _begin)
    try:
        with engine.connect() as connection:
            yield connection
    except sqlite3.Error as error:
        raise explain(error, database) from error
    except DatabaseError as error:
        if isinstance(error.orig, sqlite3.Error) and not _is_ours(error.orig):
            raise explain(error.orig, database) from error
        raise
    finally:
        engine.dispose()


def _is_ours(error: sqlite3.Error) -> bool:
    """Whether a statement is at fault, not the file or the disk."""
    return (getattr(error, "sqlite_errorname", None) or "SQLITE_ERROR").startswith(("SQLITE_ERROR", "SQLITE_CONSTR"))


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _open(database: Path) -> sqlite3.Connection:
    with contextlib.suppress(FileExistsError):
        os.close(os.open(database, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    return sqlite3.connect(database, isolation_level=None, timeout=30.0)


@contextlib.contextmanager
def _alone(database: Path) -> Generator[None]:
    """Hold a lock that a second process that migrates waits for."""
    try:
        handle = os.open(database.with_name(f"{database.name}.migrating"), os.O_CREAT | os.O_RDWR, 0o600)
    except OSError as error:
        raise Unavailable(
            f"The folder of {database} cannot be written: {error.strerror}.",
            cure="Make it, and make it writable for the user that runs Assay.",
        ) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _holds_data(database: Path) -> bool:
    try:
        if not database.exists() or database.stat().st_size == 0:
            return False
    except OSError as error:
        raise Unavailable(f"{database} cannot be read: {error.strerror}.") from error
    with _connect(database) as connection:
        return bool(inspect(connection).get_table_names())


def _back_up(database: Path) -> None:
    at = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
    copy = database.with_name(f"{database.name}.before-{at}.backup")
    try:
        os.close(os.open(copy, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        with contextlib.closing(_open(database)) as source, contextlib.closing(sqlite3.connect(copy)) as target:
            source.backup(target)
    except (OSError, sqlite3.Error) as error:
        copy.unlink(missing_ok=True)
        raise Unavailable(
            f"{database} could not be copied before its tables are changed: {error}.",
            cure="Free some space on that disk. Nothing was changed.",
        ) from error
    for old in sorted(database.parent.glob(f"{database.name}.before-*.backup"))[:-_BACKUPS]:
        old.unlink(missing_ok=True)


def _failed(database: Path, revision: str, error: Exception) -> Internal:
    return Internal(
        f"The tables of {database} could not be brought to revision {revision}: {error}",
        cure="Go on with the program that wrote it; the copy beside the file is from before.",
        revision=revision,
    )
