"""What we need from the world, as Protocols, with what crosses them."""
