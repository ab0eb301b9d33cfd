"""A SQL database served as a store of atest: what a call asks, of which database, and what is answered."""
