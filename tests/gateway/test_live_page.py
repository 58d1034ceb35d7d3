"""What pictures are made of is the same behind the gateway."""

import pytest


@pytest.mark.parametrize("asked", [{}, {"utility": "class:buy", "lambda": "1.5"}])
def test_tree_spread_and_reasons_are_those_of_one_api(alone, gateway, asked):
    def tree(client):
        answer = client.get("/v1/tree", params=asked).json()
        columns = ("parents", "children", "examples", "classes", "values")
        return dict(
            zip(answer["ids"], zip(*(answer[name] for name in columns), strict=True), strict=True)
        )

    assert tree(alone) == tree(gateway)
    assert len(tree(alone)) > 40
    name = alone.get("/v1/examples?limit=1").json()["examples"][0]["id"]
    top = next(iter(tree(alone)))
    top_only = {"root": top, "depth": 1}
    for path, more in ((f"why/{name}", {}), ("distribution", {}), ("tree", top_only)):
        params = {**asked, **more}
        one, many = (client.get(f"/v1/{path}", params=params).json() for client in (alone, gateway))
        for answer in (one, many):
            del answer["as_of"]
        assert one == many


def test_what_is_missing_is_named(gateway, alone):
    root = next(
        one["root"]
        for one in alone.get("/v1/summary").json()["partitions"]
        if one["partition"] == 1
    )
    gateway.get("/v1/tree")
    gateway.stop("http://right")
    assert gateway.get("/v1/tree").json()["missing_partitions"] == [1, 3]
    assert gateway.get("/v1/updates").json()["missing_partitions"] == [1, 3]
    assert gateway.get(f"/v1/tree?root={root}").json()["title"] == "A partition is missing"
