"""Ways of visiting somebody else's databases: PostgreSQL here, the other engines in folders of their own."""
