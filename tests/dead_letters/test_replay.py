"""``dlq``: letters are listed, shown and replayed, each once whatever happens in between."""

import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace as changed
from typing import Any

import orjson
import pytest

from hcdv_stream.cli.main import run as run_command
from hcdv_stream.dead_letters import replay as replays
from hcdv_stream.dead_letters.letter import MARKER, LetterFilter
from hcdv_stream.dead_letters.replay import ReplayError, replay
from hcdv_stream.settings import Settings, load_settings
from hcdv_stream.worker.letters.dead_letter import DeadLetter, Origin, Record
from tests.worker.harness import consume_all, produce

pytestmark = pytest.mark.broker

VALUE = b'{"provider":"shop-1"}'
HEADERS = [("trace", b"abc"), ("hcdv-x", b"theirs")]


def letter(topic: str, offset: int, reason: str = "not_json", **parts: Any) -> DeadLetter:
    key = parts.get("key", f"k{offset}".encode())
    record = Record(offset, key, parts.get("value", VALUE), 0.0, parts.get("headers", HEADERS))
    return DeadLetter(topic, 0, record, reason, f"it is {reason}")


def put(settings: Settings, letters: Sequence[DeadLetter], group: str = "g") -> None:
    for one in letters:
        headers = [*one.headers, *Origin(group, "an-id").headers]
        produce(settings.bootstrap, settings.dead_letter_topic, [(one.key, one.value)], headers)


def sessions(settings: Settings) -> list[Any]:
    return consume_all(settings.bootstrap, settings.topic)


@pytest.fixture
def settings(bootstrap: str, topic: str) -> Settings:
    return load_settings(bootstrap=bootstrap, topic=topic)


@pytest.fixture
def everything(topic: str) -> LetterFilter:
    return LetterFilter(topic)


def test_replayed_twice_is_replayed_once(settings: Settings, everything: LetterFilter):
    topic = settings.topic
    put(settings, [letter(topic, 1), letter(topic, 2, "unknown_id", value=None)])
    put(settings, [letter(topic, 1)], group="another group that rejected the same record")
    counted = replay(settings, everything, dry_run=True)
    assert (counted.replayed, counted.already) == (1, 1)
    assert not sessions(settings)

    first = replay(settings, everything, dry_run=False)
    assert (first.replayed, first.already, first.refused.total()) == (1, 1, 1)
    again = replay(settings, everything, dry_run=False)
    assert (again.replayed, again.already) == (0, 2)
    put(settings, [letter(topic, 3)])
    assert replay(settings, everything, dry_run=True).replayed == 1
    assert replay(settings, everything, dry_run=False).replayed == 1

    sent = {record.key: record for record in sessions(settings)}
    assert len(sessions(settings)) == len(sent) == 2
    assert [sent[f"k{n}".encode()].value for n in (1, 3)] == [VALUE, VALUE]
    marker = (MARKER, f"an-id/{topic}/0/1".encode())
    assert list(sent[b"k1"].headers) == [*HEADERS, marker]


def test_what_has_neither_key_nor_value_is_refused(settings: Settings, everything: LetterFilter):
    """The deletion of an unknown id goes to the letters without the id."""
    topic = settings.topic
    bare = [letter(topic, 1, "unknown_id", value=None), letter(topic, 2, key=None, value=None)]
    put(settings, [*bare, letter(topic, 3)])
    for dry_run in (True, False):
        outcome = replay(settings, everything, dry_run=dry_run)
        assert (outcome.replayed, outcome.refused) == (1, {"neither key nor value": 2})
    assert [record.key for record in sessions(settings)] == [b"k3"]


def test_what_was_cut_is_refused(settings: Settings, everything: LetterFilter):
    topic = settings.topic
    large = [
        letter(topic, 1, value=b"x" * 900_001),
        letter(topic, 2, key=b"x" * 4097),
        letter(topic, 3, headers=[("h", b"x" * 65_536)]),
    ]
    put(settings, [*large, letter(topic, 4)])
    outcome = replay(settings, everything, dry_run=False)
    assert outcome.replayed == 1
    assert outcome.refused == Counter({"value cut": 1, "key cut": 1, "headers cut": 1})
    assert [record.key for record in sessions(settings)] == [b"k4"]


def test_filters_choose(settings: Settings, everything: LetterFilter):
    topic = settings.topic
    put(settings, [letter(topic, 1), letter(topic, 2, "wrong_type")])
    put(settings, [letter(topic, 3, value=b'{"provider":"shop-2"}'), letter(topic, 4)], group="h")
    far = 4_000_000_000.0

    def count(**parts: Any) -> int:
        return replay(settings, changed(everything, **parts), dry_run=True).replayed

    assert count(reason="wrong_type") == count(provider="shop-2") == count(key="k4") == 1
    assert count(key=f"{topic}/0/1") == 1
    assert count(group="h") == 2
    assert count(partition=0) == count(since=1.0) == count(until=far) == 4
    assert count(partition=1) == count(since=far) == count(until=1.0) == 0
    assert count(reason="not_json", group="g") == 1


DYING = """
import os, sys
from hcdv_stream.dead_letters import replay
from hcdv_stream.dead_letters.letter import LetterFilter
from hcdv_stream.settings import load_settings

bootstrap, topic, batches = sys.argv[1:]
write, left = replay.ReplayRun.write, int(batches)

def dying(self, event, run=None, **content):
    global left
    if event == "sent":
        if not left:
            os._exit(9)  # the records have arrived, and nobody wrote that down
        left -= 1
    write(self, event, run, **content)

replay.ReplayRun.write = dying
replay._BATCH_LETTERS = 2
replay.replay(load_settings(bootstrap=bootstrap, topic=topic), LetterFilter(topic), dry_run=False)
"""


@pytest.mark.parametrize("batches", [0, 1])
def test_a_replay_that_died_is_gone_on_with(
    settings: Settings, everything: LetterFilter, batches: int, monkeypatch: pytest.MonkeyPatch
):
    produce(settings.bootstrap, settings.topic, [(b"before", b"{}")])
    put(settings, [letter(settings.topic, number) for number in range(5)])
    command = [sys.executable, "-c", DYING, settings.bootstrap, settings.topic, str(batches)]
    assert subprocess.run(command, check=False).returncode == 9
    there = len(sessions(settings)) - 1
    assert there == 2 * (batches + 1)
    # It might be alive still: nothing is sent beside it.
    with pytest.raises(
        ReplayError, match=r"another replay of .* wrote \d+ s ago and has not ended"
    ):
        replay(settings, everything, dry_run=False)
    assert replay(settings, everything, dry_run=True).replayed == 5 - there
    monkeypatch.setattr(replays, "_DEAD_AFTER_SECONDS", 0.0)
    outcome = replay(settings, everything, dry_run=False)
    assert (outcome.replayed, outcome.already) == (5 - there, there)
    keys = Counter(record.key for record in sessions(settings))
    assert keys == Counter([b"before", *(f"k{number}".encode() for number in range(5))])
    assert replay(settings, everything, dry_run=False).already == 5


class CommandLine:
    """Runs ``hcdv-stream dlq`` on a topic, and returns what it printed."""

    def __init__(self, settings: Settings, monkeypatch: Any, capsys: Any) -> None:
        self._settings, self._monkeypatch, self._capsys = settings, monkeypatch, capsys
        monkeypatch.setenv("HCDV_BOOTSTRAP", settings.bootstrap)
        monkeypatch.setenv("HCDV_TOPIC", settings.topic)
        monkeypatch.setenv("COLUMNS", "200")

    def __call__(self, *arguments: str, code: int = 0) -> str:
        self._monkeypatch.setattr(sys, "argv", ["hcdv-stream", "dlq", *arguments])
        with pytest.raises(SystemExit) as left:
            run_command()
        assert (left.value.code or 0) == code
        printed = self._capsys.readouterr()
        return str(printed.err if code else printed.out)


@pytest.fixture
def dlq(settings: Settings, monkeypatch: Any, capsys: Any) -> CommandLine:
    return CommandLine(settings, monkeypatch, capsys)


def test_the_command_lists_shows_and_replays(settings: Settings, dlq: CommandLine):
    topic = settings.topic
    put(settings, [letter(topic, 1), letter(topic, 2, "wrong_type", value=b"\xff[bold]")])
    listed = orjson.loads(dlq("list", "--json"))
    assert (listed["total"], listed["by_reason"]) == (2, {"not_json": 1, "wrong_type": 1})
    assert [row["key"] for row in listed["letters"]] == [f"{topic}/0/2", f"{topic}/0/1"]
    assert listed["letters"][1]["provider"] == "shop-1"
    assert "2  letters in" in dlq("list", "--limit", "1")
    assert orjson.loads(dlq("list", "--reason", "not_json", "--json"))["total"] == 1

    (shown,) = orjson.loads(dlq("show", "k1", "--json"))
    assert (shown["value"], shown["message"]) == (VALUE.decode(), "it is not_json")
    assert shown["headers"] == [[name, value.decode()] for name, value in HEADERS]
    assert "value /1tib2xkXQ==" in dlq("show", f"{topic}/0/2")
    assert "there is no letter 'nobody'" in dlq("show", "nobody", code=1)

    dry = orjson.loads(dlq("replay", "--dry-run", "--json"))
    assert (dry["dry_run"], dry["replayed"]) == (True, 2)
    assert "replayed 2, already replayed 0, refused 0" in dlq("replay")
    assert "replayed 0, already replayed 2, refused 0" in dlq("replay")
    after = orjson.loads(dlq("list", "--json"))
    assert (after["total"], after["replayed"]) == (2, 2)
    assert "--since='soon' is no time" in dlq("list", "--since", "soon", code=1)
    said = " ".join(dlq("list", "--reason", "no_json", code=1).split())
    assert "--reason='no_json' is no reason: choose one of not_json" in said


def test_a_topic_that_is_not_there_is_said(dlq: CommandLine):
    said = " ".join(dlq("list", "--topic", "no-such-topic", code=1).split())
    assert "there is no topic 'no-such-topic.dlq'" in said
