"""What can be asked of plugins: their stores, the plugins themselves, queries, pages."""
