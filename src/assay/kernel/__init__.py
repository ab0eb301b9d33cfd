"""Operation, catalogue, call, context, caller and assayed answers: the one way into every room."""
