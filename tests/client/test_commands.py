"""The commands that ask a running API."""

import json

import pytest
from typer.testing import CliRunner

from hcdv_stream.api.middleware.api_keys import Scope, new_key
from hcdv_stream.cli.commands.payouts import carried_over
from hcdv_stream.cli.main import app
from hcdv_stream.client import ApiError, Client, NotReachedError
from hcdv_stream.errors import HcdvError
from hcdv_stream.state import LogIdentity
from hcdv_stream.valuation.doubt.packed import doubts_in
from hcdv_stream.valuation.weights import DEFAULT_BETA, DEFAULT_LAMBDA
from tests.api.serving import served
from tests.api.world import Owner, app_of, expected, ranking


@pytest.fixture
def ask(service, monkeypatch):
    """Run a command against the service; return what it printed."""
    monkeypatch.setenv("HCDV_API_URL", service.address)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments):
        done = CliRunner().invoke(app, [str(each) for each in arguments])
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code == 0, done.output
        return done.stdout

    return run


def test_top(ask, service):
    ranks = ranking(expected(service.owners))
    text = ask("top", "--count", 3)
    assert [name for name in ranks[:4] if name in text] == ranks[:3]
    assert f"balanced, β {DEFAULT_BETA:g}, λ {DEFAULT_LAMBDA:g}" in text
    found = json.loads(ask("top", "--lowest", "--count", 4, "--label", "buy", "--json"))
    assert {example["label"] for example in found["examples"]} == {"buy"}
    ranked = [example["rank"] for example in found["examples"]]
    assert ranked == sorted(ranked, reverse=True)


def test_a_narrow_terminal_cuts_no_id_off(ask, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    rows = [line for line in ask("top", "--count", 3).splitlines() if line.startswith("│")]
    assert rows
    assert not any("…" in row.split("│")[1] for row in rows)


def test_one_weight_leaves_the_others_as_the_api_has_them(ask):
    used = json.loads(ask("top", "--lambda", 2, "--json"))["weights"]
    assert used == {"utility": "balanced", "beta": DEFAULT_BETA, "lambda": 2.0, "payout": False}


def test_example(ask, service):
    values = expected(service.owners)
    name = ranking(values)[0]
    found = json.loads(ask("example", name, "--json"))
    assert (found["value"], found["rank"]) == (values[name][0], 1)
    text = ask("example", name)
    assert name in text
    assert found["leaf"] in text
    past = json.loads(ask("example", name, "--history", "--json"))["history"]
    assert past[-1]["value"] == values[name][0]
    assert "nothing is kept from before" in ask("example", name, "--history")


def test_suspects(ask, service):
    found = json.loads(ask("suspects", "--json", "-", "--count", 5))
    worst = found["suspects"][0]
    assert worst["doubt"] == max(
        float(doubts_in(leaf.examples.doubts).max(initial=0.0))
        for owner in service.owners
        for leaf in owner.engine.state().leaves.values()
    )
    text = ask("suspects", "--count", 3, "--provider", worst["provider"] or "seller-0")
    assert f"of {found['doubted']} labels have a doubt above 0.5" in text
    assert worst["why"].startswith("the models give this label trees")
    assert worst["id"] in text
    ask("suspects", "--label", "buy", "--threshold", 0.9)


def test_suspects_of_a_file_and_of_a_service_have_options_of_their_own(ask, tmp_path):
    for arguments, said in (
        (("suspects", "--bundle", tmp_path), "--bundle is for a file of examples"),
        (
            ("suspects", tmp_path / "x.csv", "--url", "http://x"),
            "--url is for a running service",
        ),
        (("suspects", tmp_path / "x.csv"), "--label: name the column"),
    ):
        with pytest.raises(HcdvError, match=said):
            ask(*arguments)


def test_providers(ask):
    found = json.loads(ask("providers", "--json"))
    assert {one["provider"] for one in found["providers"]} >= {"seller-0", "seller-1"}
    assert "seller-0" in ask("providers")
    assert "seller-0" in ask("providers", "--complete", "--max-age", 90_000)


def test_payouts(ask, tmp_path):
    text = ask("payouts", "--amount", 1000, "--json")
    paid = json.loads(text)
    assert sum(one["amount"] for one in paid["payouts"]) == 1000
    assert paid["weights"]["payout"]
    shown = ask("payouts", "--amount", 1000)
    assert "1,000 minor units" in shown
    assert "carried to the next settlement" in shown
    assert "nothing is carried" in ask("payouts", "--amount", 1000, "--rule", "margin")
    last = tmp_path / "november.json"
    paid["payouts"][0]["balance"] = -400
    last.write_text(json.dumps(paid))
    carried = json.loads(ask("payouts", "--amount", 1000, "--carry", last, "--json"))
    assert sum(one["amount"] for one in carried["payouts"]) == 1000
    assert carried["rate"] > paid["rate"]
    assert ask("payouts", "--amount", 9, "--utility", "class:buy")
    assert None in {one["provider"] for one in carried["payouts"]}
    without = json.loads(ask("payouts", "--amount", 9, "--no-anonymous", "--json"))
    assert None not in {one["provider"] for one in without["payouts"]}


@pytest.mark.parametrize("text", [None, "nothing", "[]", '{"payouts": [{"provider": "a"}]}'])
def test_what_cannot_be_carried_over(tmp_path, text):
    path = tmp_path / "last.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(HcdvError, match="--carry"):
        carried_over(path)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("payouts --amount 10000000000000000", "choose at most 1,000,000,000,000,000"),
        ("payouts --amount 9 --max-age 1e12", "choose at most 1,000,000,000"),
        ("top --beta 2", "beta must lie in [0, 1], got 2.0"),
        ("top --lambda nan", "lambda must lie in [0, 1000000], got nan"),
    ],
)
def test_numbers_out_of_range_are_refused_in_our_words(ask, command, said):
    with pytest.raises((HcdvError, ValueError)) as refused:
        ask(*command.split())
    assert said in str(refused.value)
    assert "Input should" not in str(refused.value)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("payouts --amount -5", "'-5' cannot be used: choose at least 0"),
        ("payouts --amount x", "'x' cannot be used: give a whole number"),
        ("top --count 0", "'0' cannot be used: choose at least 1"),
        ("suspects x.csv --label y --threshold 2", "'2' cannot be used: choose at most 1"),
        ("dlq list --limit -1", "'-1' cannot be used: choose at least 0"),
    ],
)
def test_options_out_of_range_are_refused_in_our_words(monkeypatch, command, said):
    monkeypatch.setenv("COLUMNS", "200")
    done = CliRunner().invoke(app, command.split())
    assert done.exit_code == 2
    assert said in done.output
    assert "Input should" not in done.output


def test_what_payouts_cannot_carry(ask, service, tmp_path):
    last = tmp_path / "last.json"
    last.write_text(json.dumps({"payouts": [{"provider": None, "balance": -4}]}))
    for more, said in (("--rule margin", "--rule margin carries no"), ("--no-anonymous", "--no-")):
        with pytest.raises(HcdvError, match="--carry") as refused:
            ask("payouts", "--amount", 9, "--carry", last, *more.split())
        assert said in str(refused.value)
    with Client(service.address) as client, pytest.raises(ValueError, match="balance of 'a'"):
        client.payouts(9, balances={"a": 5})


def test_watch(ask, service):
    examples = len(expected(service.owners))
    (line,) = ask("watch", "--count", 1, "--json").splitlines()
    assert json.loads(line)["examples"] == examples
    text = ask("watch", "--count", 1)
    assert f"{examples:,} examples" in text
    assert "seller-1" in text


def test_what_goes_wrong_is_one_sentence(ask, monkeypatch):
    with pytest.raises(ApiError, match="Unknown example: there is no example 'nobody'"):
        ask("example", "nobody")
    with pytest.raises(NotReachedError, match="see that the API runs there"):
        ask("providers", "--url", "http://127.0.0.1:1")


def test_a_key_that_is_missing_or_not_good_for_this_is_said_with_the_setting(ask, tmp_path):
    secret, key = new_key("gateway", [Scope.SHARD])
    (tmp_path / "keys").write_text(key.line)
    with served(app_of(tmp_path, api_keys=tmp_path / "keys")) as address:
        with pytest.raises(HcdvError, match=r"An API key is needed: .*with --key or HCDV_API_KEY"):
            ask("top", "--url", address)
        with pytest.raises(HcdvError, match="scope 'read'; with --key or HCDV_API_KEY"):
            ask("watch", "--url", address, "--key", secret)


@pytest.mark.parametrize(
    "command",
    [("top",), ("providers",), ("watch", "--count", "1"), ("example", "p1s000000")],
    ids=lambda command: command[0],
)
def test_every_command_says_that_the_corpus_is_truncated(command, tmp_path, monkeypatch):
    owner = Owner(tmp_path, 1, log=LogIdentity("id", 4, 120, complete=False))
    batch = owner.batch(20)
    owner.apply(batch)
    owner.store.close()
    monkeypatch.setenv("COLUMNS", "200")
    arguments = [batch.ids[0] if each.startswith("p1s") else each for each in command]
    with served(app_of(tmp_path)) as address:
        done = CliRunner().invoke(app, [*arguments, "--url", address])
    assert done.exit_code == 0, done.output
    assert "truncated corpus: partition 1 begins at offset 120" in done.stdout
