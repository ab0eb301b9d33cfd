"""MCP: every operation that says when to use it, as a tool for a language model's client."""
