"""Ways to language models: the OpenAI and the Anthropic protocol, and a local file in a child process of ours."""
