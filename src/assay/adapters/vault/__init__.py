"""Ways of sealing secrets."""
