"""AI for engineering operations, self-hosted, in which nothing is shown until it has been assayed."""
