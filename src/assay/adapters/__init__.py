"""Ways of having what the ports ask for, one folder a port; only `main` imports them."""
