"""The embedded engine: a question in words becomes ranked queries, with no language model."""
