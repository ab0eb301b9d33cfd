"""Language models propose SQL: what they are told, what is made of what they say, and how it is ranked."""
