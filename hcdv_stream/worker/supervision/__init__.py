"""Looking after a running worker: health, heartbeat, verification."""
