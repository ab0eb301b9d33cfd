"""REST: every operation of the catalogue over HTTP, the page, the API's documentation, health and metrics."""
