"""Notes kept beside the key, outside of the database: how long each chain was when its last entry was acknowledged.

Without them an older copy of the whole database would look whole.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from assay.evidence.chain import Broken, code, same
from assay.ports.vault import Vault

WRITERS = tuple(f"w{n}" for n in range(1, 17))
"""Chains that may exist, one a process that writes at the same time."""
CHECKPOINTS = "checkpoints"
_SCARS = 10


@dataclass(frozen=True, slots=True)
class Note:
    """The last acknowledged entry of a chain."""

    chain: str
    """A writer, or CHECKPOINTS."""
    sequence: int = 0
    number: int = 0
    mac: str = ""
    highest: int = 0
    """The highest number known to have been given in any chain: none is given twice, not even after a cut."""
    cuts: tuple[str, ...] = ()
    """Each time the database was found behind the note, in words: what was lost stays lost, and stays told."""

    def cut(self, words: str) -> Note:
        """The same note with one more scar."""
        return replace(self, cuts=(*self.cuts, words)[-_SCARS:])

    def at(self, sequence: int, number: int, mac: str) -> Note:
        """The same note further on (or, after a cut, further back)."""
        return replace(self, sequence=sequence, number=number, mac=mac, highest=max(self.highest, number))


def read_note(vault: Vault, key: bytes, chain: str) -> Note | None:
    """Return the note of a chain, None when there is none; raises Broken when it is not ours."""
    kept = vault.anchor_read(f"ledger-{chain}")
    if kept is None:
        return None
    try:
        text, mac = kept.decode("ascii").split("\n")[:2]
        if not same(mac, code(key, "note", text)):
            raise Broken(f"The note beside the key for chain {chain} was changed")
        read: Mapping[str, Any] = json.loads(text)
        note = replace(Note(**read), cuts=tuple(read["cuts"]))
    except (ValueError, KeyError, TypeError):
        raise Broken(f"The note beside the key for chain {chain} cannot be read") from None
    if note.chain != chain:
        raise Broken(f"The note beside the key for chain {chain} is that of {note.chain}")
    return note


def write_note(vault: Vault, key: bytes, note: Note) -> None:
    """Replace the note of a chain; raises Unavailable."""
    text = json.dumps(asdict(note), separators=(",", ":"))
    vault.anchor_write(f"ledger-{note.chain}", f"{text}\n{code(key, 'note', text)}\n".encode("ascii"))


def take_up(vault: Vault, key: bytes, chain: str, head: tuple[int, int, str] | None, *, noticed: str) -> Note:
    """Compare the note of a chain with where the database says it ends, before it is continued.

    Args:
        head: sequence, number and code of the chain's last row, None when it has none.
        noticed: the time, for a scar.

    Returns:
        The note from which to go on. Where the database is behind, the note gets a scar at once, so that going on
        does not hide what was cut off.
    """
    sequence, number, mac = head or (0, 0, "")
    try:
        note = read_note(vault, key, chain)
    except Broken as broken:
        note = Note(chain, sequence, number, mac).cut(f"{broken}, noticed {noticed}")
        write_note(vault, key, note)
        return note
    if note is None:
        note = Note(chain, sequence, number, mac)
        if head is not None:
            note = note.cut(f"The note beside the key for chain {chain} was missing, noticed {noticed}")
        write_note(vault, key, note)
    elif sequence < note.sequence or (sequence == note.sequence and not same(mac, note.mac)):
        note = behind(note, sequence, number, mac, noticed=noticed)
        write_note(vault, key, note)
    return note


def behind(note: Note, sequence: int, number: int, mac: str, *, noticed: str) -> Note:
    """The note with a scar: the database ends before (or otherwise than) what was acknowledged."""
    here = f"after {sequence}" if sequence else "at its beginning"
    words = (
        f"Chain {note.chain} was cut off {here}, though {note.sequence} rows were acknowledged: "
        f"an older copy of the database was put back, or its end was removed; noticed {noticed}"
    )
    return note.cut(words).at(sequence, number, mac)
