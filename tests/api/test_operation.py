import re

from prometheus_client.parser import text_string_to_metric_families

from tests.api.world import Client, app_of


def samples(client):
    text = client.get("/metrics").text
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_requests_are_counted_by_the_template_of_their_route(state_dir, owners):
    client = Client(app_of(state_dir))
    for path in ("/v1/examples/a", "/v1/examples/b/c", "/v1/summary", "/x/1", "/x/2"):
        client.get(path)
    found = samples(client)
    counts = {key[1:]: value for key, value in found.items() if key[0] == "hcdv_api_requests_total"}
    get = ("method", "GET")
    assert counts == {
        (get, ("route", "/v1/examples/{id:path}"), ("status", "404")): 2.0,
        (get, ("route", "/v1/summary"), ("status", "200")): 1.0,
        (get, ("route", "unmatched"), ("status", "404")): 2.0,
    }
    assert found["hcdv_api_request_seconds_count", ("route", "/v1/examples/{id:path}")] == 2.0


def test_the_view_is_measured(state_dir, owners):
    found = samples(Client(app_of(state_dir)))
    assert found[("hcdv_api_examples",)] == sum(len(owner.engine) for owner in owners)
    assert found[("hcdv_api_partitions",)] == 2.0
    assert found[("hcdv_api_refresh_seconds_count",)] == 2.0  # one for each partition
    assert found[("hcdv_api_view_age_seconds",)] > 1e9  # these updates were written at 0
    assert 0.0 <= found[("hcdv_api_look_age_seconds",)] < 60.0


def test_two_applications_in_one_process_do_not_share_metrics(state_dir, owners):
    first, second = Client(app_of(state_dir)), Client(app_of(state_dir))
    first.get("/v1/summary")
    assert not any(key[0] == "hcdv_api_requests_total" for key in samples(second))


def test_openapi_describes_every_answer_and_every_error(client):
    page = client.get("/openapi.json").json()
    schemas = page["components"]["schemas"]
    assert set(page["paths"]) == {
        "/v1/examples/{id}",
        "/v1/examples:batchGet",
        "/v1/examples:get",
        "/v1/history:get",
        "/v1/why:get",
        "/v1/examples",
        "/v1/coalitions",
        "/v1/coalitions/{id}",
        "/v1/providers",
        "/v1/summary",
        "/v1/suspects",
        "/v1/payouts",
        "/v1/select",
        "/v1/history/{id}",
        "/v1/export",
        "/v1/events",
        "/v1/tree",
        "/v1/distribution",
        "/v1/why/{id}",
        "/v1/updates",
        "/livez",
        "/readyz",
        "/metrics",
    }
    for path, methods in page["paths"].items():
        for operation in methods.values():
            assert operation["summary"]
            if path in {"/metrics", "/v1/export", "/v1/events"}:
                continue
            answer = operation["responses"]["200"]["content"]["application/json"]["schema"]
            assert answer["$ref"].split("/")[-1] in schemas
            errors = operation["responses"].keys() - {"200", "304"}
            assert errors
            for status in errors:
                content = operation["responses"][status]["content"]
                assert content.keys() == {"application/problem+json"}, (path, status)
            if path.startswith("/v1/") and path != "/v1/updates":
                named = {parameter["name"] for parameter in operation["parameters"]}
                assert {"utility", "beta", "lambda"} <= named


def test_every_metric_says_what_it_is_in_base_units(client):
    for family in text_string_to_metric_families(client.get("/metrics").text):
        assert re.fullmatch(r"hcdv_(api|http|process|build)_[a-z_]+", family.name)
        assert family.documentation.endswith(".")


def test_a_state_that_is_not_looked_at_any_more_fails_liveness(state_dir, owners):
    app = app_of(state_dir)
    client = Client(app)
    assert client.get("/livez").json() == {"status": "ok"}
    app.state.refresher._looked -= 31.0
    said = (
        ("/livez", "stalled", "the state was not looked at for "),
        ("/readyz?verbose", "no-state", "the state was not looked at for "),
        ("/readyz", "no-state", "there is no state that can be read"),
    )
    for path, kind, detail in said:
        answer = client.get(path)
        assert answer.status_code == 503
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["type"] == f"urn:hcdv-stream:problem:{kind}"
        assert answer.json()["detail"].startswith(detail)
    app.state.refresher.look()
    assert client.get("/livez").status_code == 200
