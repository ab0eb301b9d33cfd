"""The files that say which stores and plugins there are, as atest writes them: read, written, watched."""
