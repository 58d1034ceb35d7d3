"""Tables in, values out: the valuation of files, without Kafka."""
