"""The worker's side of Kafka: group, log, connections."""
