"""Models: which language models are configured, in which order they are asked, and what they cost."""
