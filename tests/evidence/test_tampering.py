"""Whoever has the database but not the key can change nothing in the ledger that its verification does not find."""

from __future__ import annotations

import random
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assay.adapters.store.sqlite import SqliteStore
from assay.adapters.vault.memory import MemoryVault
from assay.adapters.vault.sealing import SealingVault
from assay.evidence import chain
from assay.evidence.ledger import SealedLedger

from .ledgers import Home, fill, new_home, proof

SEEDS = st.integers(0, 2**32)
Tamper = Callable[[sqlite3.Connection, random.Random], None]
slow = settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def genuine(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """An untouched ledger; tests work on copies."""
    home = new_home(tmp_path_factory.mktemp("ledger") / "home")
    fill(home)
    return home


@pytest.fixture
def ruined(genuine: Home, tmp_path: Path) -> Iterator[Callable[[Tamper, int], tuple[str, ...]]]:
    """Tamper with a fresh copy of the database, and say what the verification finds."""
    count = iter(range(10_000))

    def ruin(tamper: Tamper, seed: int) -> tuple[str, ...]:
        home = genuine.copy(tmp_path / str(next(count)))
        with closing(sqlite3.connect(home.database)) as file:
            file.execute("PRAGMA foreign_keys = OFF")
            file.execute("PRAGMA synchronous = OFF")
            tamper(file, random.Random(seed))
            file.commit()
        found = home.verify()
        shutil.rmtree(home.folder)
        assert found.whole is (not found.broken)
        return found.broken

    return ruin


def numbers(file: sqlite3.Connection, where: str = "1") -> list[int]:
    return [n for (n,) in file.execute(f"SELECT number FROM evidence_entries WHERE {where} ORDER BY number")]


def columns(file: sqlite3.Connection, table: str) -> list[str]:
    return [name for _, name, *_ in file.execute(f"PRAGMA table_info({table})")]


def test_an_untouched_ledger_is_whole(genuine: Home) -> None:
    found = genuine.verify()
    assert found.whole and found.broken == ()
    assert (found.checked, found.expired, found.checkpoints) == (48, 12, 4)


VALUES = (None, "", "x", 0, 1, -1, 2**40, 1.5, b"\x00\xff", "2026-01-01T00:00:00.000000+00:00", "0" * 64)


@slow
@given(seed=SEEDS, value=st.sampled_from(VALUES))
@pytest.mark.parametrize(
    "column",
    ["number", "writer", "sequence", "kind", "subject", "claim", "passed", "replayable", "at", "valid_until", "digest",
     "before", "mac", "expired_at", "expired_mac"],
)  # fmt: skip
def test_a_changed_column_of_an_entry_is_found(ruined, column: str, value: object, seed: int) -> None:
    changed: list[bool] = []

    def tamper(file: sqlite3.Connection, chance: random.Random) -> None:
        everything = f"SELECT number, typeof({column}), {column} FROM evidence_entries ORDER BY number"
        before = file.execute(everything).fetchall()
        number = chance.choice(numbers(file))
        with suppress(sqlite3.DatabaseError):  # the table itself refuses
            file.execute(f"UPDATE evidence_entries SET {column} = ? WHERE number = ?", (value, number))
        changed.append(file.execute(everything).fetchall() != before)

    found = ruined(tamper, seed)
    assert bool(found) is any(changed), (column, value, found)


def one_character(text: str, chance: random.Random) -> str:
    place = chance.randrange(len(text))
    return text[:place] + chr((ord(text[place]) + 1) % 0x7F or 1) + text[place + 1 :]


def change_a_claim(file: sqlite3.Connection, chance: random.Random) -> None:
    number = chance.choice(numbers(file))
    (claim,) = file.execute("SELECT claim FROM evidence_entries WHERE number = ?", (number,)).fetchone()
    file.execute("UPDATE evidence_entries SET claim = ? WHERE number = ?", (one_character(claim, chance), number))


def flip_an_outcome(file: sqlite3.Connection, chance: random.Random) -> None:
    file.execute("UPDATE evidence_entries SET passed = 1 - passed WHERE number = ?", (chance.choice(numbers(file)),))


def damage_a_text(file: sqlite3.Connection, chance: random.Random) -> None:
    number = chance.choice(numbers(file))
    file.execute("UPDATE evidence_entries SET claim = CAST(x'ff41' AS TEXT) WHERE number = ?", (number,))


def delete_one(file: sqlite3.Connection, chance: random.Random) -> None:
    _delete(file, [chance.choice(numbers(file))])


def delete_a_range(file: sqlite3.Connection, chance: random.Random) -> None:
    all_ = numbers(file)
    start = chance.randrange(len(all_))
    _delete(file, all_[start : start + chance.randint(1, 20)])


def delete_everything(file: sqlite3.Connection, chance: random.Random) -> None:
    for table in ("entries", "payloads", "checkpoints", "writers"):
        file.execute(f"DELETE FROM evidence_{table}")


def delete_a_writer(file: sqlite3.Connection, chance: random.Random) -> None:
    writer = chance.choice(["w1", "w2"])
    _delete(file, numbers(file, f"writer = '{writer}'"))
    file.execute("DELETE FROM evidence_writers WHERE writer = ?", (writer,))
    file.execute("DELETE FROM evidence_checkpoints")


def truncate(file: sqlite3.Connection, chance: random.Random) -> None:
    all_ = numbers(file)
    _delete(file, all_[-chance.randint(1, len(all_)) :])
    file.execute("DELETE FROM evidence_checkpoints")


def truncate_with_fitting_checkpoints(file: sqlite3.Connection, chance: random.Random) -> None:
    kept = chance.choice([0, 12, 24, 36])
    _delete(file, [number for number in numbers(file) if number > kept])
    file.execute("DELETE FROM evidence_checkpoints WHERE number > ?", (kept // 12,))


def replace_a_suffix(file: sqlite3.Connection, chance: random.Random) -> None:
    """Everything after a place, written anew, with codes that fit one another under a key of the thief's own."""
    vault = MemoryVault()
    key = vault.key(chain.KEY)
    start = chance.randrange(len(numbers(file)))
    macs: dict[str, str] = {}
    file.row_factory = sqlite3.Row
    for row in file.execute("SELECT *, NULL AS sealed FROM evidence_entries ORDER BY number").fetchall():
        entry, mac = chain.read(dict(row))
        if entry.number > start:
            content = chain.packed({"checks": [], "facts": {}, "reproduce": None, "replay": None})
            forged = {name: getattr(entry, name) for name in chain.Entry.__slots__}
            forged |= {"passed": True, "digest": chain.digest(content), "before": macs.get(entry.writer, "")}
            mac = chain.Entry(**forged).code(key)
            sealed = vault.seal(content, about=chain.about(forged["digest"]))
            file.execute(
                "UPDATE evidence_entries SET passed = 1, digest = ?, before = ?, mac = ?, expired_at = NULL,"
                " expired_mac = NULL WHERE number = ?",
                (forged["digest"], forged["before"], mac, entry.number),
            )
            file.execute("REPLACE INTO evidence_payloads VALUES (?, ?)", (entry.number, sealed))
        macs[entry.writer] = mac
    file.row_factory = None


def repeat_an_entry_at_the_end(file: sqlite3.Connection, chance: random.Random) -> None:
    names = [name for name in columns(file, "evidence_entries") if name not in ("number", "sequence")]
    number = chance.choice(numbers(file))
    rest = ", ".join(names)
    file.execute(
        f"INSERT INTO evidence_entries (number, sequence, {rest}) SELECT"
        " (SELECT max(number) + 1 FROM evidence_entries),"
        f" (SELECT max(sequence) + 1 FROM evidence_entries b WHERE b.writer = a.writer), {rest}"
        " FROM evidence_entries a WHERE number = ?",
        (number,),
    )
    file.execute(
        "INSERT INTO evidence_payloads SELECT (SELECT max(number) FROM evidence_entries), sealed FROM evidence_payloads"
        " WHERE number = ?",
        (number,),
    )


def insert_a_forged_entry(file: sqlite3.Connection, chance: random.Random) -> None:
    """Room is made for it in the middle: later numbers and sequences move on by one."""
    at = chance.choice(numbers(file))
    (writer, sequence) = file.execute(
        "SELECT writer, sequence FROM evidence_entries WHERE number = ?", (at,)
    ).fetchone()
    for number in reversed([n for n in numbers(file) if n >= at]):
        file.execute("UPDATE evidence_entries SET number = number + 1 WHERE number = ?", (number,))
        file.execute("UPDATE evidence_payloads SET number = number + 1 WHERE number = ?", (number,))
        moved = "UPDATE evidence_entries SET sequence = sequence + 1 WHERE number = ? AND writer = ?"
        file.execute(moved, (number + 1, writer))
    names = columns(file, "evidence_entries")
    values = dict(zip(names, file.execute("SELECT * FROM evidence_entries LIMIT 1").fetchone(), strict=True))
    values |= {"number": at, "writer": writer, "sequence": sequence, "mac": f"{chance.getrandbits(256):064x}"}
    file.execute(f"INSERT INTO evidence_entries VALUES ({', '.join('?' * len(names))})", tuple(values.values()))


def insert_an_entry_of_a_new_writer(file: sqlite3.Connection, chance: random.Random) -> None:
    names = columns(file, "evidence_entries")
    rest = ", ".join(names[3:])
    file.execute(
        f"INSERT INTO evidence_entries (number, writer, sequence, {rest})"
        f" SELECT 1000, 'w9', 1, {rest} FROM evidence_entries WHERE number = 1"
    )


def swap_places(file: sqlite3.Connection, chance: random.Random) -> None:
    one, other = chance.sample(numbers(file, "writer = 'w1'"), 2)
    (first,) = file.execute("SELECT sequence FROM evidence_entries WHERE number = ?", (one,)).fetchone()
    (second,) = file.execute("SELECT sequence FROM evidence_entries WHERE number = ?", (other,)).fetchone()
    for sequence, number in ((-1, one), (first, other), (second, one)):
        file.execute("UPDATE evidence_entries SET sequence = ? WHERE number = ?", (sequence, number))


def swap_numbers(file: sqlite3.Connection, chance: random.Random) -> None:
    one, other = chance.sample(numbers(file), 2)
    for table in ("entries", "payloads"):
        for to, number in ((-1, one), (one, other), (other, -1)):
            file.execute(f"UPDATE evidence_{table} SET number = ? WHERE number = ?", (to, number))


def change_an_id(file: sqlite3.Connection, chance: random.Random) -> None:
    number = chance.choice(numbers(file))
    for table in ("entries", "payloads"):
        file.execute(f"UPDATE evidence_{table} SET number = ? WHERE number = ?", (1000 + number, number))


def swap_contents(file: sqlite3.Connection, chance: random.Random) -> None:
    one, other = chance.sample([n for (n,) in file.execute("SELECT number FROM evidence_payloads")], 2)
    for to, number in ((-1, one), (one, other), (other, -1)):
        file.execute("UPDATE evidence_payloads SET number = ? WHERE number = ?", (to, number))


def change_a_content(file: sqlite3.Connection, chance: random.Random) -> None:
    number, sealed = chance.choice(file.execute("SELECT number, sealed FROM evidence_payloads").fetchall())
    changed = bytearray(sealed)
    changed[chance.randrange(len(changed))] ^= chance.randint(1, 255)
    file.execute("UPDATE evidence_payloads SET sealed = ? WHERE number = ?", (bytes(changed), number))


def empty_a_content(file: sqlite3.Connection, chance: random.Random) -> None:
    value = chance.choice([b"", "text", 5, 10**15])
    number = chance.choice(file.execute("SELECT number FROM evidence_payloads").fetchall())[0]
    file.execute("UPDATE evidence_payloads SET sealed = ? WHERE number = ?", (value, number))


def delete_a_content(file: sqlite3.Connection, chance: random.Random) -> None:
    (number,) = chance.choice(file.execute("SELECT number FROM evidence_payloads").fetchall())
    file.execute("DELETE FROM evidence_payloads WHERE number = ?", (number,))


def pretend_that_a_content_expired(file: sqlite3.Connection, chance: random.Random) -> None:
    (number,) = chance.choice(file.execute("SELECT number FROM evidence_payloads").fetchall())
    file.execute("DELETE FROM evidence_payloads WHERE number = ?", (number,))
    file.execute(
        "UPDATE evidence_entries SET (expired_at, expired_mac) = (SELECT expired_at, expired_mac FROM evidence_entries"
        " WHERE expired_at IS NOT NULL ORDER BY random() LIMIT 1) WHERE number = ?",
        (number,),
    )


def leave_a_content_without_its_entry(file: sqlite3.Connection, chance: random.Random) -> None:
    file.execute("INSERT INTO evidence_payloads SELECT 1000, sealed FROM evidence_payloads LIMIT 1")


def delete_the_checkpoints(file: sqlite3.Connection, chance: random.Random) -> None:
    file.execute("DELETE FROM evidence_checkpoints")


def delete_some_checkpoints(file: sqlite3.Connection, chance: random.Random) -> None:
    for number in chance.sample([1, 2, 3, 4], chance.randint(1, 3)):
        file.execute("DELETE FROM evidence_checkpoints WHERE number = ?", (number,))


def edit_a_checkpoint(file: sqlite3.Connection, chance: random.Random) -> None:
    number, column = chance.randint(1, 4), chance.choice(["at", "heads", "before", "mac", "number"])
    (kept,) = file.execute(f"SELECT {column} FROM evidence_checkpoints WHERE number = ?", (number,)).fetchone()
    value = 99 if column == "number" else one_character(kept, chance) if kept else "x"
    file.execute(f"UPDATE evidence_checkpoints SET {column} = ? WHERE number = ?", (value, number))


def add_a_checkpoint(file: sqlite3.Connection, chance: random.Random) -> None:
    file.execute("INSERT INTO evidence_checkpoints SELECT number + 1, at, heads, mac, mac FROM evidence_checkpoints"
                 " ORDER BY number DESC LIMIT 1")  # fmt: skip


def drop_a_table(file: sqlite3.Connection, chance: random.Random) -> None:
    file.execute(f"DROP TABLE evidence_{chance.choice(['entries', 'payloads', 'checkpoints'])}")


def loosen_the_table_and_hide_a_row(file: sqlite3.Connection, chance: random.Random) -> None:
    file.execute("CREATE TABLE loose AS SELECT * FROM evidence_entries")
    file.execute("DROP TABLE evidence_entries")
    file.execute("ALTER TABLE loose RENAME TO evidence_entries")
    number = chance.choice(numbers(file))
    what = chance.choice(
        ["number = NULL", "number = 'x'", "sequence = NULL", f"number = {number % 48 + 1}", "mac = NULL"]
    )
    file.execute(f"UPDATE evidence_entries SET {what} WHERE number = ?", (number,))


def _delete(file: sqlite3.Connection, gone: list[int]) -> None:
    for table in ("payloads", "entries"):
        file.executemany(f"DELETE FROM evidence_{table} WHERE number = ?", [(number,) for number in gone])


@slow
@given(seed=SEEDS)
@pytest.mark.parametrize(
    "tamper",
    [
        change_a_claim, flip_an_outcome, damage_a_text, delete_one, delete_a_range, delete_everything, delete_a_writer,
        truncate, truncate_with_fitting_checkpoints, replace_a_suffix, repeat_an_entry_at_the_end,
        insert_a_forged_entry, insert_an_entry_of_a_new_writer, swap_places, swap_numbers, change_an_id,
        swap_contents, change_a_content,
        empty_a_content, delete_a_content, pretend_that_a_content_expired, leave_a_content_without_its_entry,
        delete_the_checkpoints, delete_some_checkpoints, edit_a_checkpoint, add_a_checkpoint, drop_a_table,
        loosen_the_table_and_hide_a_row,
    ],
    ids=lambda tamper: tamper.__name__,
)  # fmt: skip
def test_tampering_is_found(ruined, tamper: Tamper, seed: int) -> None:
    found = ruined(tamper, seed)
    assert found
    assert len(found) <= 20 and all(len(fault) < 400 for fault in found)


def go_on(home: Home, size: int) -> tuple[str, ...]:
    """Record with a process of its own."""

    async def act(store: SqliteStore, vault: SealingVault) -> tuple[str, ...]:
        return await SealedLedger(store, vault).record([proof(n) for n in range(size)])

    return home.run(act)


def put_back(home: Home, old: bytes) -> None:
    for file in home.folder.glob("assay.db*"):
        file.unlink()
    home.database.write_bytes(old)


@pytest.mark.parametrize("size", [1, 3])
def test_an_older_copy_of_the_whole_database_is_found_and_stays_found(genuine: Home, tmp_path: Path, size: int) -> None:
    home = genuine.copy(tmp_path / "home")
    old = home.database.read_bytes()
    go_on(home, size)
    assert home.verify().whole
    put_back(home, old)
    (fault,) = home.verify().broken
    assert re.match(rf"E-{48 + size} of writer w\d is missing, though the note beside the key names it", fault)
    # Going on does not hide it, and gives no number a second time.
    assert go_on(home, 1) == (f"E-{49 + size}",)
    for _ in range(2):
        assert any("was cut off" in fault or fault.startswith(f"E-{48 + size} of") for fault in home.verify().broken)
        go_on(home, 1)


def test_a_missing_note_beside_the_key_is_found(genuine: Home, tmp_path: Path) -> None:
    for name in ("w1", "checkpoints"):
        home = genuine.copy(tmp_path / name)
        (home.folder / "keys" / "anchors" / f"ledger-{name}").unlink()
        assert any("note beside the key" in fault for fault in home.verify().broken)


def test_a_changed_or_foreign_note_is_found(genuine: Home, tmp_path: Path) -> None:
    home = genuine.copy(tmp_path / "home")
    vault = home.vault()
    one, other = vault.anchor_read("ledger-w1"), vault.anchor_read("ledger-w2")
    assert one is not None and other is not None
    for wrong in (other, one.replace(b'"sequence":', b'"sequence":1'), b"", b"{}", one[:-10], b"\xff"):
        vault.anchor_write("ledger-w1", wrong)
        assert any("chain w1" in fault for fault in home.verify().broken)


def test_another_key_fits_nothing(genuine: Home, tmp_path: Path) -> None:
    home = genuine.copy(tmp_path / "home")
    shutil.rmtree(home.folder / "keys")
    found = home.verify()
    assert not found.whole and len(found.broken) == 20 and "more faults" in found.broken[-1]
