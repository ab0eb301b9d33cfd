"""Facts that notes announces."""

NOTE_ADDED = "notes.NoteAdded"
