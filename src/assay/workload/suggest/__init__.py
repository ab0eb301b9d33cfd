"""Language models propose indexes: what they are told, and what is made of what they say."""
