"""One TLS context for all HTTP clients of a process.

A client without one loads the certificate authorities anew, which takes 20 ms of a processor, also
where it asks over plain HTTP.
"""

import ssl
from functools import cache

import httpx


@cache
def tls_context() -> ssl.SSLContext:
    """Return a context that checks certificates as httpx does by default."""
    return httpx.create_ssl_context()
