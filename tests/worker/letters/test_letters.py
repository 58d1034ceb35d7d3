"""Dead letters: each once for a log and a group, with all that the record had."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiokafka
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hcdv_stream.broker.groups import GroupFacts, group_facts
from hcdv_stream.broker.topics import create_topics, delete_topics, session_topics
from hcdv_stream.settings import load_settings
from hcdv_stream.worker.letters.dead_letter import DeadLetter, Record, original_headers
from hcdv_stream.worker.letters.sender import DeadLetterSender
from hcdv_stream.worker.letters.sent import SentLetters
from tests.worker.conftest import Workers
from tests.worker.harness import consume, produce, session, until, wait_for_offset

MIXED = [session(1), (b"a", b"poison"), session(2), (b"b", b"{}"), session(3), (b"c", b"poison")]


@settings(deadline=None)
@given(st.lists(st.integers(0, 9000)), st.integers(0, 9000), st.integers(0, 9000))
def test_sent_letters_are_a_set_of_the_offsets_from_a_point_on(
    offsets: list[int], begin: int, later: int
):
    sent = SentLetters(begin)
    for offset in offsets:
        sent.add(offset)
    assert {o for o in range(begin, 9001) if o in sent} == {o for o in offsets if o >= begin}
    assert sent.furthest == max(offsets, default=-1)
    sent.forget_before(later)
    kept = {o for o in offsets if o >= max(begin, later)}
    assert {o for o in range(max(begin, later), 9001) if o in sent} == kept


headers = st.lists(
    st.tuples(
        st.one_of(st.text(max_size=5), st.sampled_from(["hcdv-a", "hcdv-original-a", "hcdv-"])),
        st.one_of(st.none(), st.binary(max_size=5)),
    )
)


@settings(deadline=None)
@given(headers)
def test_a_record_s_headers_come_back_from_its_letter(given_headers: list[tuple[str, bytes]]):
    letter = DeadLetter("t", 0, Record(0, None, None, 0.0, given_headers), "not_json", "no")
    assert list(original_headers(letter.headers)) == given_headers
    theirs = [name for name, _ in given_headers if not name.startswith("hcdv-")]
    assert [name for name, _ in letter.headers if not name.startswith("hcdv-")] == theirs


def test_headers_that_are_too_large_are_left_out_and_counted():
    record = Record(0, b"k", b"v", 0.0, [("big", b"x" * 70_000)])
    sent = dict(DeadLetter("t", 0, record, "not_json", "no").headers)
    assert "big" not in sent
    assert sent["hcdv-source-header-bytes"] == b"70003"


class Sender:
    """Faust's producer, as far as the sender uses it."""

    def __init__(self, producer: Any) -> None:
        self._producer = producer

    async def send(
        self, topic: str, key: bytes, value: bytes, partition: int, timestamp: None, headers: Any
    ) -> Any:
        return await self._producer.send(
            topic, key=key, value=value, partition=partition, headers=headers
        )


def letters(topic: str, *offsets: int) -> list[DeadLetter]:
    return [DeadLetter(topic, 0, Record(o, None, b"x", 0.0), "not_json", "no") for o in offsets]


def run(bootstrap: str, topic: str, group: str, *polls: tuple[int, list[int]]) -> None:
    """One worker after the other: each begins at an offset and rejects these ones."""
    facts = group_facts(bootstrap, group, topic)
    asyncio.run(_run(bootstrap, topic, group, facts, polls))


async def _run(
    bootstrap: str,
    topic: str,
    group: str,
    facts: GroupFacts,
    polls: Sequence[tuple[int, list[int]]],
) -> None:
    chosen = load_settings(bootstrap=bootstrap, topic=topic, group=group, poll_records=3)
    context: Any = SimpleNamespace(settings=chosen, partitions=1, letter_partitions=1, facts=facts)
    async with aiokafka.AIOKafkaProducer(bootstrap_servers=bootstrap) as producer:
        for begin, offsets in polls:
            sender = DeadLetterSender(SimpleNamespace(producer=Sender(producer)), context)
            await sender.read_sent(0, begin)
            for place in range(0, len(offsets), 3):
                await sender.send(letters(topic, *offsets[place : place + 3]))


def offsets_of(bootstrap: str, topic: str) -> list[int]:
    found = consume(bootstrap, f"{topic}.dlq", count(bootstrap, topic))
    return [int(dict(letter.headers)["hcdv-source-offset"]) for letter in found]


def count(bootstrap: str, topic: str) -> int:
    from tests.worker.harness import consume_all

    return len(consume_all(bootstrap, f"{topic}.dlq"))


@pytest.mark.broker
def test_a_new_pass_over_the_log_sends_what_no_pass_sent(bootstrap: str, topic: str):
    many = list(range(0, 60, 2))
    run(
        bootstrap,
        topic,
        "g",
        (0, many[:10]),
        (18, many[9:]),  # died between sending and storing: 18 is there already
        (0, many),  # the state was removed
        # The state was removed, and another bundle rejects others too; it dies at 30.
        (0, [1, 2, 3, 21, 28]),
        (28, [28, 29, 30, 31]),
        (60, [61, 62]),
    )
    found = Counter(offsets_of(bootstrap, topic))
    assert found == Counter([*many, 1, 3, 21, 29, 31, 61, 62])


@pytest.mark.broker
def test_groups_have_letters_of_their_own(bootstrap: str, topic: str):
    run(bootstrap, topic, "g", (0, [1, 2]))
    run(bootstrap, topic, "h", (0, [1, 5]))
    run(bootstrap, topic, "g", (0, [1, 2]))
    assert sorted(offsets_of(bootstrap, topic)) == [1, 1, 2, 5]
    found = consume(bootstrap, f"{topic}.dlq", 4)
    groups = Counter(dict(letter.headers)["hcdv-group"] for letter in found)
    assert groups == {b"g": 2, b"h": 2}


@pytest.mark.broker
def test_a_topic_made_anew_has_letters_of_its_own(bootstrap: str, topic: str):
    run(bootstrap, topic, "g", (0, [1, 2]))
    first = group_facts(bootstrap, "g", topic).topic_id
    delete_topics(bootstrap, [topic])

    def made_anew() -> bool:
        create_topics(bootstrap, session_topics(load_settings(topic=topic, partitions=1))[:1])
        return group_facts(bootstrap, "g", topic).topic_id != first

    until(made_anew, 20, "another topic of the same name")
    run(bootstrap, topic, "g", (0, [1, 3]))
    assert sorted(offsets_of(bootstrap, topic)) == [1, 1, 2, 3]


@pytest.mark.broker
@pytest.mark.slow
def test_a_letter_carries_the_record_s_headers(bootstrap: str, topic: str, workers: Workers):
    sent = [("trace", b"abc"), ("hcdv-group", b"mine"), ("trace", b"def")]
    produce(bootstrap, topic, MIXED, headers=sent)
    worker = workers.start(topic)
    directory: Path = workers.directory / "state" / topic / "0"
    wait_for_offset(directory, len(MIXED), worker, 40)
    for letter in consume(bootstrap, f"{topic}.dlq", 3):
        assert list(original_headers(letter.headers)) == sent
        assert dict(letter.headers)["hcdv-group"] == f"group-of-{topic}".encode()
