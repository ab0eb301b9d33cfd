"""Databases that people connect: their credentials, sealed, and their schema, introspected."""
