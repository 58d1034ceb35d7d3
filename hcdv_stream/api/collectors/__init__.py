"""What Prometheus collects of views when it asks: values and their freshness."""
