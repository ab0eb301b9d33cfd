"""Language models propose indexes, rewrites and wording: what they are told, and what is made of what they say."""
