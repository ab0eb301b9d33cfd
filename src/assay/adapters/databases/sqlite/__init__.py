"""Ways of reading somebody else's SQLite file."""
