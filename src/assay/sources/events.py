"""Facts that sources announces."""

from __future__ import annotations

SOURCE_CONNECTED = "sources.SourceConnected"
SOURCE_EDITED = "sources.SourceEdited"
SOURCE_REMOVED = "sources.SourceRemoved"
