"""Outbox, jobs, schedule, settings and telemetry: what keeps the rooms running."""
