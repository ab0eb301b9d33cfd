"""What a PostgreSQL workload suffers from, and what would help, proved by the planner."""
