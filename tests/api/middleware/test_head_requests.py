"""HEAD: the headers that GET has, and nothing else."""

import pytest

ASKED = [
    "/v1/examples?limit=3",
    "/v1/examples/p0s00001",
    "/v1/examples/nobody",
    "/v1/examples?limt=3",
    "/v1/summary",
    "/v1/select?share=0.2",
    "/livez",
    "/openapi.json",
    "/docs",
    "/",
    "/nowhere",
]

AGE_DIGITS = 40
"""How much longer two ages and two times may be than others."""


@pytest.mark.parametrize("url", ASKED)
def test_it_has_the_headers_of_get_and_no_body(client, url):
    whole, head = client.get(url), client.head(url)
    assert (head.status_code, head.content) == (whole.status_code, b"")
    names = ["content-type", "etag", "cache-control"]
    if "hcdv-age-seconds" in whole.headers:  # whose digits are more or fewer a moment later
        length = int(whole.headers["content-length"])
        assert abs(int(head.headers["content-length"]) - length) < AGE_DIGITS
    else:
        names.append("content-length")
    assert [head.headers.get(name) for name in names] == [whole.headers.get(name) for name in names]
    if tag := whole.headers.get("etag"):
        assert client.head(url, headers={"If-None-Match": tag}).status_code == 304


@pytest.mark.parametrize("url", ["/v1/events", "/v1/export?format=csv"])
def test_what_is_streamed_ends_with_its_headers(client, url):
    head = client.head(url)
    assert head.status_code == 200
    assert head.content == b""


def test_what_is_only_posted_has_no_head(client):
    assert client.head("/v1/examples:batchGet").status_code == 405
