"""Ways of visiting somebody else's PostgreSQL."""
