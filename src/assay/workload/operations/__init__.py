"""What can be asked of a workload: one short typed function each."""
