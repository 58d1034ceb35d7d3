"""The TLS context that all HTTP clients of a process share."""

import ssl

from hcdv_stream.client import Client
from hcdv_stream.runtime.tls_context import tls_context


def test_it_checks_certificates_and_names() -> None:
    assert tls_context().verify_mode is ssl.CERT_REQUIRED
    assert tls_context().check_hostname


def test_clients_load_the_authorities_once(monkeypatch) -> None:
    tls_context()
    loaded = []
    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", lambda *_, **__: loaded.append(1))
    with Client(), Client("https://values.example"):
        assert loaded == []
