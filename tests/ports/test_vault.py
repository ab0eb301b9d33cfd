"""Every vault keeps the promises of `ports.vault`: what is sealed opens here, unchanged, under its own name only."""

from __future__ import annotations

import base64
import os
import secrets
import stat
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.adapters.vault.keys import read_key
from assay.adapters.vault.memory import MemoryVault
from assay.adapters.vault.sealing import SealingVault, open_vault
from assay.ports.errors import Invalid, Unavailable
from assay.ports.secret import Secret

KEY = bytes(range(32))


@pytest.fixture(params=["file", "memory"])
def vault(request: pytest.FixtureRequest, tmp_path: Path) -> SealingVault:
    return MemoryVault() if request.param == "memory" else open_vault(tmp_path / "keys" / "master.key")


def test_what_is_sealed_opens_under_its_own_name(vault: SealingVault) -> None:
    for plain in (b"", b"postgresql://profiler_ro:geheim@db/shop", os.urandom(100_000)):
        sealed = vault.seal(plain, about="source/s_1")
        assert plain == vault.open(sealed, about="source/s_1")
        assert not plain or plain not in sealed
        assert vault.seal(plain, about="source/s_1") != sealed
        with pytest.raises(Invalid, match="source/s_2"):
            vault.open(sealed, about="source/s_2")


@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_a_changed_byte_anywhere_is_found(data: st.DataObject) -> None:
    vault = MemoryVault(KEY)
    sealed = vault.seal(b"geheim", about="x")
    place = data.draw(st.integers(0, len(sealed) - 1))
    changed = bytearray(sealed)
    changed[place] ^= data.draw(st.integers(1, 255))
    for wrong in (bytes(changed), sealed[:place]):
        with pytest.raises(Invalid):
            vault.open(wrong, about="x")


def test_another_key_opens_nothing(vault: SealingVault) -> None:
    with pytest.raises(Invalid, match="another key"):
        MemoryVault().open(vault.seal(b"x", about="a"), about="a")


def test_keys_differ_by_purpose_and_by_master_and_stay_the_same(vault: SealingVault) -> None:
    assert vault.key("a") == vault.key("a") != vault.key("b")
    assert len(vault.key("a")) == 32
    assert MemoryVault(KEY).key("a") == MemoryVault(KEY).key("a") != vault.key("a")


def test_a_note_is_replaced_and_read_back(vault: SealingVault) -> None:
    assert vault.anchor_read("ledger-w1") is None
    for note in (b"one", b"", os.urandom(4_000), b"\x00" * 10, b"two"):
        vault.anchor_write("ledger-w1", note)
        assert vault.anchor_read("ledger-w1") == note
    assert vault.anchor_read("ledger-w2") is None
    with pytest.raises(Invalid, match="no name"):
        vault.anchor_write("../elsewhere", b"")


def test_a_note_that_is_too_long_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="4000"):
        SealingVault(KEY, tmp_path).anchor_write("a", b"x" * 4_001)


@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_a_torn_write_leaves_the_note_before_it(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("notes")
    vault = SealingVault(KEY, folder)
    notes = data.draw(st.lists(st.binary(max_size=300), min_size=2, max_size=5))
    for note in notes[:-1]:
        vault.anchor_write("a", note)
    before = (folder / "a").read_bytes()
    vault.anchor_write("a", notes[-1])
    after = (folder / "a").read_bytes()
    places = [place for place, (one, other) in enumerate(zip(before, after, strict=True)) if one != other]
    torn = data.draw(st.sampled_from(places))
    (folder / "a").write_bytes(after[:torn] + before[torn:])
    assert vault.anchor_read("a") in (notes[-2], notes[-1])


def test_a_damaged_note_is_not_a_missing_one(tmp_path: Path) -> None:
    vault = SealingVault(KEY, tmp_path)
    vault.anchor_write("a", b"one")
    (tmp_path / "a").write_bytes(b"scribble" * 100)
    assert vault.anchor_read("a") == b""
    vault.anchor_write("a", b"two")
    assert vault.anchor_read("a") == b"two"


def test_threads_that_replace_a_note_leave_one_of_theirs(tmp_path: Path) -> None:
    vault = SealingVault(KEY, tmp_path)
    threads = [
        threading.Thread(target=lambda n=n: [vault.anchor_write("a", b"%d" % n * 50) for _ in range(20)])
        for n in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert vault.anchor_read("a") in {b"%d" % n * 50 for n in range(4)}


def test_the_key_file_is_made_once_and_only_for_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "master.key"
    sealed = open_vault(path).seal(b"x", about="a")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [file.name for file in path.parent.iterdir()] == ["master.key"]
    again = open_vault(path)
    assert again.open(sealed, about="a") == b"x"
    again.anchor_write("a", b"note")
    assert stat.S_IMODE((path.parent / "anchors" / "a").stat().st_mode) == 0o600


def test_processes_that_start_together_agree_on_one_key(tmp_path: Path) -> None:
    found: list[bytes] = []
    barrier = threading.Barrier(8)

    def start() -> None:
        barrier.wait()
        found.append(open_vault(tmp_path / "master.key").key("a"))

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8 and len(set(found)) == 1


def test_a_missing_key_is_not_replaced_when_there_is_sealed_data(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="missing"):
        open_vault(tmp_path / "master.key", make=False)
    assert not (tmp_path / "master.key").exists()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_key_file_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "master.key"
    path.write_text(KEY.hex())
    path.chmod(mode)
    with pytest.raises(Invalid, match="read by others") as refused:
        open_vault(path)
    assert refused.value.details["cure"] == f"chmod 600 {path}"
    assert KEY.hex() not in str(refused.value)


@pytest.mark.parametrize(
    "written",
    [
        KEY.hex(),
        KEY.hex().upper() + "\n",
        base64.b64encode(KEY).decode(),
        base64.urlsafe_b64encode(b"\xff" * 32).decode().rstrip("="),
    ],
)
def test_a_key_is_read_from_hex_and_base64(written: str, tmp_path: Path) -> None:
    key = read_key(written, "ASSAY_KEY")
    assert key in (KEY, b"\xff" * 32)
    assert open_vault(tmp_path / "none", Secret(written)).key("a") == SealingVault(key, tmp_path).key("a")
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("wrong", ["", "geheim!", KEY.hex()[:-2], base64.b64encode(KEY + b"x").decode(), "ä" * 64])
def test_a_wrong_key_is_named_and_not_shown(wrong: str, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="ASSAY_KEY") as refused:
        open_vault(tmp_path / "none", Secret(wrong))
    assert not wrong or wrong not in f"{refused.value} {refused.value.details}"
    path = tmp_path / "master.key"
    path.write_bytes(secrets.token_bytes(40) + b"\xff")
    path.chmod(0o600)
    with pytest.raises(Invalid, match=r"master\.key"):
        open_vault(path)


def test_a_vault_never_shows_its_key() -> None:
    vault = MemoryVault(KEY)
    assert repr(vault) == "MemoryVault(***)"


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("a file where a folder should be")
    with pytest.raises(Unavailable, match="keys"):
        open_vault(tmp_path / "keys" / "master.key")
    with pytest.raises(Unavailable):
        SealingVault(KEY, tmp_path / "keys").anchor_write("a", b"")
