"""Notes: a room that exists only for tests, with one operation of every shape."""
