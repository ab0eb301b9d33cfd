"""Worker processes and threads for thinking that would hold up the event loop."""
