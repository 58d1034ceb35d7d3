"""``hcdv-stream payouts``: a pot among the providers, and what is carried to the next one."""

from pathlib import Path
from typing import Annotated

import orjson
import typer
from pydantic import ValidationError

from hcdv_stream.api.models.payouts import PayoutsAnswer, PayoutsRequest
from hcdv_stream.cli.api_options import (
    AsJson,
    Complete,
    Key,
    MaxAge,
    Url,
    Utility,
    connected,
    console,
    footing,
    number,
    print_json,
    table,
)
from hcdv_stream.errors import HcdvError
from hcdv_stream.valuation.settlement import Rule, is_certain
from hcdv_stream.valuation.weights import Weights

_SAID = {
    "balance": "claims are values at {rate:,.0f} a unit plus what was carried over; "
    "{carried:,} are carried to the next settlement",
    "margin": "claims are Σφ − √Σφ² at {rate:,.0f} a unit; nothing is carried",
}


def payouts(
    *,
    amount: Annotated[
        int, typer.Option(min=0, help="The pot, in minor units: cents, for instance.")
    ],
    rule: Annotated[
        Rule,
        typer.Option(
            help="balance: who is below 0 is paid nothing and carries that to the next settlement. "
            "margin: for names that anybody can make up; pays by Σφ − √Σφ² and carries nothing."
        ),
    ] = "balance",
    carry: Annotated[
        Path | None,
        typer.Option(help="What --json printed the last time: its balances are carried over."),
    ] = None,
    anonymous: Annotated[
        bool, typer.Option(help="Whether examples without a provider have an account of their own.")
    ] = True,
    uncertain: Annotated[
        bool,
        typer.Option(
            "--uncertain",
            help="Pay also if V does not tell the corpus from chance: payments then follow luck.",
        ),
    ] = False,
    utility: Utility = None,
    url: Url = None,
    key: Key = None,
    complete: Complete = False,
    max_age: MaxAge = None,
    as_json: AsJson = False,
) -> None:
    """Show what every provider is to be paid of a pot, and what is carried over."""
    if carry is not None and rule == "margin":
        raise HcdvError("--carry: --rule margin carries no balances; leave one of the two out")
    balances = None if carry is None else carried_over(carry)
    if balances and None in balances and not anonymous:
        raise HcdvError(
            f"--carry {carry} has a balance of the examples without a provider, who have no "
            "account with --no-anonymous: leave one of the two out"
        )
    weights = None if utility is None else Weights.for_payouts(utility)
    with connected(url, key) as client:
        paid = client.payouts(
            amount,
            anonymous=anonymous,
            rule=rule,
            balances=balances,
            uncertain=uncertain,
            weights=weights,
            complete=complete,
            max_age=max_age,
        )
    print_json(paid) if as_json else _print(paid)


def carried_over(path: Path) -> dict[str | None, int]:
    """Read the balances in a file that ``--json`` wrote; raises HcdvError."""
    try:
        answer = orjson.loads(path.read_bytes())
        request = PayoutsRequest.model_validate({"balances": answer["payouts"]})
    except OSError as error:
        raise HcdvError(f"--carry {path} cannot be read ({error.strerror}): name a file") from error
    except (ValueError, ValidationError, KeyError, TypeError) as error:
        raise HcdvError(
            f"--carry {path} holds no payouts: name a file that payouts --json printed"
        ) from error
    return {one.provider: one.balance for one in request.balances if one.balance}


def _print(answer: PayoutsAnswer) -> None:
    rows = [
        (
            one.provider or "–",
            f"{one.examples:,}",
            number(one.value),
            f"{one.amount:,}",
            f"{one.balance:,}",
        )
        for one in answer.payouts
    ]
    columns = ("provider", "examples", "value", "amount", "balance")
    console.print(table(f"{answer.amount:,} minor units", columns, rows))
    said = _SAID[answer.rule].format(rate=answer.rate, carried=answer.carried)
    console.print(f"[dim]{said}[/]", soft_wrap=True)
    if answer.copies:
        said = f"{answer.copies:,} copies of examples in other partitions were taken out"
        console.print(f"[dim]{said}[/]", soft_wrap=True)
    if answer.value_stderr is not None and not is_certain(answer.value, answer.value_stderr):
        said = f"V does not tell the corpus from chance: {number(answer.value)} ± "
        console.print(f"[bold red]{said}{answer.value_stderr:.2g}[/]", soft_wrap=True)
    console.print(footing(answer), soft_wrap=True)
