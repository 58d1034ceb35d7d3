"""Kafka-compatible brokers: the embedded one, and topics on any."""
