"""ASGI middleware: keys, bounds, HEAD."""
