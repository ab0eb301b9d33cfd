"""Ways of visiting somebody else's MySQL or MariaDB."""
