"""Plugins outside this process: which there are, what they were given, found, started and supervised."""
