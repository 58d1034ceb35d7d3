"""The HTTP API: a process that reads what workers keep, and answers from one update at a time."""
