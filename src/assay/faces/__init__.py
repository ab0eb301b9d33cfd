"""REST, CLI and MCP: each reads the catalogue and calls the kernel."""
