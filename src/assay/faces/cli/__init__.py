"""The command line: every operation of the catalogue as a command, and short words for what people do most."""
