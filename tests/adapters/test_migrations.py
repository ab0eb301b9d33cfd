"""Our database is brought to the tables that the program expects, or left as it was."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import textwrap
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import pytest

import assay
from assay.adapters.store.migrations import drift, locations_of, migrate, pending, refuse_newer
from assay.ports.errors import Internal, Unavailable
from assay.ports.tables import metadata

ROOMS = [f"assay.{module.name}" for module in iter_modules(assay.__path__) if module.ispkg]


@pytest.fixture
def room(tmp_path: Path) -> Path:
    """A throw-away room's migrations folder with its first revision."""
    folder = tmp_path / "toy" / "migrations"
    folder.mkdir(parents=True)
    write(folder, 1, 'op.create_table("toys", sa.Column("id", sa.Integer, primary_key=True))')
    return folder


def write(folder: Path, number: int, *statements: str) -> None:
    before = "None" if number == 1 else repr(f"toy_{number - 1:04}")
    label = "('toy',)" if number == 1 else "None"
    body = textwrap.indent("\n".join(statements), "    ")
    (folder / f"{number:04}_toys.py").write_text(
        f"import sqlalchemy as sa\nfrom alembic import op\nrevision = 'toy_{number:04}'\n"
        f"down_revision = {before}\nbranch_labels = {label}\ndepends_on = None\n\ndef upgrade():\n{body}\n"
    )


def tables(path: Path) -> set[str]:
    with sqlite3.connect(path) as file:
        return {name for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def backups(path: Path) -> list[Path]:
    return sorted(path.parent.glob("*.backup"))


def test_the_migrated_tables_are_those_that_the_rooms_name(tmp_path: Path) -> None:
    for package in ROOMS:
        for name in ("_store", "_tables"):
            if (Path(str(import_module(package).__file__)).parent / f"{name}.py").exists():
                import_module(f"{package}.{name}")
    path = tmp_path / "assay.db"
    applied = migrate(path, locations_of(ROOMS))
    assert "evidence_0001" in applied
    assert set(metadata.tables) <= tables(path)
    assert drift(path, metadata) == []
    assert migrate(path, locations_of(ROOMS)) == []


def test_every_revision_belongs_to_its_room(tmp_path: Path) -> None:
    for location in locations_of(ROOMS):
        room = location.parent.name
        assert all(name.startswith(f"{room}_") for name in pending(tmp_path / "none.db", [location])), room
    assert not (tmp_path / "none.db").exists()


def test_only_what_is_missing_is_applied_and_the_old_file_is_kept(tmp_path: Path, room: Path) -> None:
    path = tmp_path / "assay.db"
    assert migrate(path, [room]) == ["toy_0001"]
    assert backups(path) == []
    with sqlite3.connect(path) as file:
        file.execute("INSERT INTO toys VALUES (1)")
    write(room, 2, 'op.add_column("toys", sa.Column("name", sa.Text))', "op.execute(\"UPDATE toys SET name = 'ball'\")")
    write(room, 3, 'op.create_index("ix_toys_name", "toys", ["name"])')
    assert pending(path, [room]) == ["toy_0002", "toy_0003"]
    assert migrate(path, [room]) == ["toy_0002", "toy_0003"]
    with sqlite3.connect(path) as file:
        assert file.execute("SELECT id, name FROM toys").fetchall() == [(1, "ball")]
    (kept,) = backups(path)
    with sqlite3.connect(kept) as file:
        assert file.execute("SELECT * FROM toys").fetchall() == [(1,)]
    assert oct(kept.stat().st_mode)[-3:] == "600"


def test_a_room_that_comes_later_joins_a_database_that_is_in_use(tmp_path: Path, room: Path) -> None:
    path = tmp_path / "assay.db"
    evidence = locations_of(["assay.evidence"])
    migrate(path, evidence)
    assert migrate(path, [*evidence, room]) == ["toy_0001"]
    assert {"toys", "evidence_entries"} <= tables(path)


def test_a_newer_database_refuses_an_older_program_and_is_not_touched(tmp_path: Path, room: Path) -> None:
    path = tmp_path / "assay.db"
    write(room, 2, 'op.create_table("later", sa.Column("id", sa.Integer, primary_key=True))')
    migrate(path, [room])
    (room / "0002_toys.py").unlink()
    before = path.read_bytes()
    for act in (migrate, pending, refuse_newer):
        with pytest.raises(Unavailable, match=r"newer Assay.*toy_0002") as refused:
            act(path, [room])
        assert "Upgrade" in str(refused.value.details["cure"])
    assert path.read_bytes() == before and backups(path) == []


def test_a_revision_that_fails_leaves_nothing_of_itself_and_all_before_it(tmp_path: Path, room: Path) -> None:
    path = tmp_path / "assay.db"
    write(room, 2, 'op.create_table("second", sa.Column("id", sa.Integer, primary_key=True))')
    write(
        room,
        3,
        'op.create_table("third", sa.Column("id", sa.Integer, primary_key=True))',
        'op.execute("INSERT INTO third VALUES (1)")',
        'op.execute("INSERT INTO nowhere VALUES (1)")',
    )
    with pytest.raises(Internal, match=r"toy_0003.*nowhere"):
        migrate(path, [room])
    assert {"toys", "second"} <= tables(path) and "third" not in tables(path)
    write(room, 3, 'op.create_table("third", sa.Column("id", sa.Integer, primary_key=True))')
    assert migrate(path, [room]) == ["toy_0003"]


def test_three_copies_are_kept(tmp_path: Path, room: Path) -> None:
    path = tmp_path / "assay.db"
    migrate(path, [room])
    for number in range(2, 8):
        write(room, number, f'op.create_table("t{number}", sa.Column("id", sa.Integer, primary_key=True))')
        migrate(path, [room])
    assert len(backups(path)) == 3


def test_processes_that_start_together_migrate_once(tmp_path: Path, room: Path) -> None:
    path = tmp_path / "assay.db"
    act = (
        "import sys; from pathlib import Path; from assay.adapters.store.migrations import migrate; "
        "print(len(migrate(Path(sys.argv[1]), [Path(sys.argv[2])])))"
    )
    command = [sys.executable, "-c", act, str(path), str(room)]
    three = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    assert sorted(process.communicate(timeout=60)[0].strip() for process in three) == ["0", "0", "1"]


def test_a_file_that_is_no_database_is_named(tmp_path: Path, room: Path) -> None:
    path = tmp_path / "assay.db"
    path.write_bytes(b"this is a letter to my aunt " * 100)
    with pytest.raises(Unavailable, match="no SQLite database"):
        migrate(path, [room])
    with pytest.raises(Unavailable, match="nowhere"):
        migrate(tmp_path / "nowhere" / "assay.db", [room])
