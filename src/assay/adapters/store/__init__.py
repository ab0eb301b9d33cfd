"""Ways of having our own database."""
