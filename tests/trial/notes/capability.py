"""The door of notes."""

from __future__ import annotations

from assay.kernel.catalogue import Capability, Retention
from trial.notes import operations, reactions
from trial.notes._store import heard, notes
from trial.notes.events import NOTE_ADDED

NOTES = Capability(
    name="notes",
    title="Notes",
    group="Ground",
    operations=operations.ALL,
    package="trial.notes",
    reactions={NOTE_ADDED: (reactions.write_down, reactions.count_up)},
    announces=(NOTE_ADDED,),
    tables=(notes, heard),
    retention=(Retention(notes, "at", "keep_history_days"),),
)
