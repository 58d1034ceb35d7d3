"""The worker's metrics."""
