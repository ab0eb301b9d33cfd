"""Ways of reading a database through a plugin that somebody runs: every statement is a question to its store."""
