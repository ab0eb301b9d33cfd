"""The ledger keeps the promises of `ports.ledger`, for many at once and in several processes."""

from __future__ import annotations

import asyncio
import math
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from assay.adapters.store.sqlite import SqliteStore
from assay.adapters.vault.sealing import SealingVault
from assay.evidence import chain
from assay.evidence._store import entries, payloads, writers
from assay.evidence.ledger import LEASE, SealedLedger, number_of
from assay.evidence.notes import WRITERS
from assay.kernel.values import now
from assay.ports.errors import Invalid, Unavailable
from assay.ports.store import Change

from . import recorder
from .ledgers import Home, new_home, proof

Run = Callable[[Callable[[SealedLedger, SqliteStore, SealingVault], Awaitable[Any]]], Any]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return new_home(tmp_path / "home")


@pytest.fixture
def run(home: Home) -> Run:
    """Run an asynchronous test with a ledger of its own."""

    def go(test: Callable[[SealedLedger, SqliteStore, SealingVault], Awaitable[Any]]) -> Any:
        return home.run(lambda store, vault: test(SealedLedger(store, vault), store, vault))

    return go


def test_ids_count_up_in_the_order_of_the_proofs_and_are_held(run: Run, home: Home) -> None:
    async def test(ledger: SealedLedger, store: SqliteStore, vault: SealingVault) -> None:
        assert await ledger.record([]) == ()
        assert await ledger.record([proof(0), proof(1)]) == ("E-1", "E-2")
        assert await ledger.record([proof(2)]) == ("E-3",)
        fresh = SealedLedger(store, vault)
        for one in (ledger, fresh):
            assert await one.holds(["E-1", "E-3", "E-2", "E-2"]) and await one.holds([])
            for wrong in ("E-4", "E-0", "E--1", "E-1x", "1", "", "E-١", "E-" + "9" * 30):
                assert not await one.holds(["E-1", wrong]), wrong

    run(test)
    assert home.verify().whole


def test_nothing_of_what_is_sealed_can_be_read_in_the_file(run: Run, home: Home) -> None:
    async def test(ledger: SealedLedger, store: SqliteStore, vault: SealingVault) -> None:
        await ledger.record([proof(1, facts={"marker": "Xyzzy-in-facts"}, reproduce="Xyzzy-by-hand")])

    run(test)
    assert b"Xyzzy" not in home.database.read_bytes()


def test_the_same_proof_twice_has_two_digests(run: Run) -> None:
    async def test(ledger: SealedLedger, store: SqliteStore, vault: SealingVault) -> None:
        await ledger.record([proof(1), proof(1)])
        assert len({row["digest"] for row in await store.rows(select(entries.c.digest))}) == 2

    run(test)


def test_many_at_once_share_commits_and_make_one_whole_chain(run: Run, home: Home) -> None:
    async def test(ledger: SealedLedger, store: SqliteStore, vault: SealingVault) -> None:
        await ledger.record([proof(0)])
        before = store.commits
        ids = await asyncio.gather(*(ledger.record([proof(n), proof(n + 1)]) for n in range(200)))
        assert sorted(number_of(id) or 0 for pair in ids for id in pair) == list(range(2, 402))
        assert store.commits - before < 100

    run(test)
    found = home.verify()
    assert found.whole and found.checked == 401


@pytest.mark.parametrize("wrong", [math.nan, math.inf, {1, 2}, b"bytes", object()])
def test_facts_that_are_no_json_are_refused_and_nothing_is_written(run: Run, home: Home, wrong: object) -> None:
    async def test(ledger: SealedLedger, store: SqliteStore, vault: SealingVault) -> None:
        with pytest.raises(Invalid, match="written down"):
            await ledger.record([proof(0), proof(1, facts={"deep": [wrong]})])
        assert await store.rows(select(entries.c.number)) == []

    run(test)


def test_odd_texts_survive(run: Run, home: Home) -> None:
    odd = ["", "\x00", "'; DROP TABLE evidence_entries; --", "половина \ud800 пары", "😀" * 1_000, "\u2028"]

    async def test(ledger: SealedLedger, store: SqliteStore, vault: SealingVault) -> None:
        await ledger.record([proof(0, claim=text, subject=text, facts={text: text}) for text in odd])

    run(test)
    found = home.verify()
    assert found.whole and found.checked == len(odd)


def test_a_ledger_that_starts_again_takes_up_its_chain_once_the_lease_has_lapsed(run: Run, home: Home) -> None:
    async def test(ledger: SealedLedger, store: SqliteStore, vault: SealingVault) -> None:
        async def chains() -> list[str]:
            return [row["writer"] for row in await store.rows(select(entries.c.writer).order_by(entries.c.number))]

        await ledger.record([proof(0)])
        await SealedLedger(store, vault).record([proof(1)])
        assert await chains() == ["w1", "w2"]
        await store.commit([Change(update(writers).values(lease_until=now() - LEASE))])
        other = SealedLedger(store, vault)
        await other.record([proof(2)])
        await ledger.record([proof(3)])  # finds its chain taken, and takes another
        await other.record([proof(4)])
        assert await chains() == ["w1", "w2", "w1", "w2", "w1"]
        dead = f"{socket.gethostname()}:999999:0 x"
        await store.commit([Change(update(writers).values(holder=dead))])
        await SealedLedger(store, vault).record([proof(5)])
        assert (await chains())[-1] == "w1"

    run(test)
    assert home.verify().whole


def test_a_seventeenth_writer_is_told_to_wait(run: Run) -> None:
    async def test(ledger: SealedLedger, store: SqliteStore, vault: SealingVault) -> None:
        for n in range(len(WRITERS)):
            await SealedLedger(store, vault).record([proof(n)])
        with pytest.raises(Unavailable, match="16 processes"):
            await ledger.record([proof(0)])

    run(test)


def test_a_note_that_cannot_be_written_is_an_error_of_the_record(run: Run, home: Home) -> None:
    async def test(ledger: SealedLedger, store: SqliteStore, vault: SealingVault) -> None:
        await ledger.record([proof(0)])
        note = home.folder / "keys" / "anchors" / "ledger-w1"
        kept = note.read_bytes()
        note.unlink()
        note.mkdir()
        with pytest.raises(Unavailable, match="ledger-w1"):
            await ledger.record([proof(1)])
        note.rmdir()
        note.write_bytes(kept)
        await ledger.record([proof(2)])

    run(test)
    found = home.verify()
    assert found.whole and found.checked == 3


def test_a_cut_under_a_running_program_is_found_and_stays_found(run: Run, home: Home) -> None:
    async def test(ledger: SealedLedger, store: SqliteStore, vault: SealingVault) -> None:
        await ledger.record([proof(n) for n in range(5)])
        old = entries.c.number > 3
        await store.commit(
            [Change(payloads.delete().where(payloads.c.number > 3)), Change(entries.delete().where(old))]
        )
        assert await ledger.record([proof(5)]) == ("E-6",)
        assert await ledger.record([proof(6)]) == ("E-7",)

    run(test)
    found = home.verify()
    assert [fault for fault in found.broken if "cut off after 3, though 5" in fault]


def test_two_processes_write_two_chains_that_are_whole(home: Home) -> None:
    command = [sys.executable, recorder.__file__, str(home.folder), "40"]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    ids = [line for process in both for line in process.communicate(timeout=100)[0].split()]
    assert [process.returncode for process in both] == [0, 0]
    assert sorted(number_of(id) or 0 for id in ids) == list(range(1, 81))
    found = home.verify()
    assert found.whole and found.checked == 80


def test_an_entry_s_code_covers_each_field() -> None:
    key = b"k" * 32
    entry = chain.Entry(1, "w1", 1, "k", "s", "c", True, False, "a", None, "d", "b")
    codes = {entry.code(key), entry.code(b"l" * 32)}
    for name in chain.Entry.__slots__:
        value = getattr(entry, name)
        other = not value if isinstance(value, bool) else value + 1 if isinstance(value, int) else f"{value}x"
        fields = {field: getattr(entry, field) for field in chain.Entry.__slots__} | {name: other}
        codes.add(chain.Entry(**fields).code(key))
    assert len(codes) == 2 + len(chain.Entry.__slots__)
    assert chain.code(key, "entry", "1") != chain.code(key, "entry", 1) != chain.code(key, "note", 1)
