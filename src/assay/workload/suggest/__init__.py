"""Language models propose indexes and rewrites: what they are told, and what is made of what they say."""
