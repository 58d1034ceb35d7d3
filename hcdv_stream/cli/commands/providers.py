"""``hcdv-stream providers``: what every data provider's examples are worth now."""

from hcdv_stream.api.models.answers import ProvidersAnswer
from hcdv_stream.cli.api_options import (
    AsJson,
    Beta,
    Complete,
    Key,
    Lambda,
    MaxAge,
    Url,
    Utility,
    connected,
    console,
    footing,
    number,
    print_json,
    table,
    weights,
)


def providers(
    *,
    utility: Utility = None,
    beta: Beta = None,
    lam: Lambda = None,
    url: Url = None,
    key: Key = None,
    complete: Complete = False,
    max_age: MaxAge = None,
    as_json: AsJson = False,
) -> None:
    """Show what every provider's examples are worth together."""
    with connected(url, key) as client:
        chosen = weights(client, utility, beta, lam)
        worth = client.providers(weights=chosen, complete=complete, max_age=max_age)
        if worth.next is not None:
            everybody = client.all_providers(weights=chosen, at=worth.as_of.view)
            worth = worth.model_copy(update={"providers": list(everybody), "next": None})
    print_json(worth) if as_json else _print_worth(worth)


def _print_worth(answer: ProvidersAnswer) -> None:
    rows = [
        (
            one.provider or "–",
            f"{one.examples:,}",
            number(one.value),
            f"{one.stderr:.2g}",
            "–" if one.share is None else f"{one.share:.2%}",
        )
        for one in answer.providers
    ]
    columns = ("provider", "examples", "value", "±", "share")
    console.print(table(f"providers, {number(answer.value)} in all", columns, rows))
    console.print(footing(answer), soft_wrap=True)
