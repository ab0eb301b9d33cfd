"""What Assay is shown on: a shop on a PostgreSQL of its own, with every problem planted that should be found."""
