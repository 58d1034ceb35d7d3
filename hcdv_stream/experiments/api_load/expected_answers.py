"""What every answer of the API must have been, worked out from the topic alone.

Values are a function of the log up to an offset, whatever polls it was cut into. So an answer that
says which offsets it is as of can be checked to the last bit: the log is read once more, an engine
of each partition goes to just those offsets, and the example's value is computed there.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from kafka import TopicPartition

from hcdv_stream.broker.clients import open_consumer
from hcdv_stream.bundle.bundle import Bundle
from hcdv_stream.settings import Settings
from hcdv_stream.valuation.corpus import Corpus
from hcdv_stream.valuation.engine import Engine
from hcdv_stream.worker.letters.dead_letter import Record
from hcdv_stream.worker.session import SessionValidator
from hcdv_stream.worker.validation import validate_records

_READ_MILLISECONDS = 5000

Answer = Mapping[str, Any]


def wrong_answers(
    settings: Settings, bundle: Bundle, answers: Sequence[Answer]
) -> tuple[int, list[Answer]]:
    """Return how many answers were checked, and those that no state of the log gives."""
    sizes: dict[tuple[str, int], int] = {}
    values: dict[tuple[str, int, str], tuple[float, float]] = {}
    numbers = sorted({number for answer in answers for number in answer["as_of"]["offsets"]})
    for number in numbers:
        wanted: dict[int, set[str]] = {}
        for answer in answers:
            names = wanted.setdefault(answer["as_of"]["offsets"][number], set())
            if str(answer["partition"]) == number:
                names.add(answer["id"])
        for offset, size, found in _replayed(settings, bundle, int(number), wanted):
            sizes[number, offset] = size
            values |= {(number, offset, name): value for name, value in found.items()}
    wrong = [answer for answer in answers if not _right(answer, sizes, values)]
    return len(answers), wrong


def _right(
    answer: Answer,
    sizes: Mapping[tuple[str, int], int],
    values: Mapping[tuple[str, int, str], tuple[float, float]],
) -> bool:
    offsets, number = answer["as_of"]["offsets"], str(answer["partition"])
    whole = sum(sizes[other, offset] for other, offset in offsets.items())
    share = sizes[number, offsets[number]] / whole
    value, stderr = values.get((number, offsets[number], answer["id"]), (0.0, -1.0))
    return (share * value, share * stderr) == (answer["value"], answer["stderr"])


def _replayed(
    settings: Settings, bundle: Bundle, number: int, wanted: Mapping[int, set[str]]
) -> Iterable[tuple[int, int, dict[str, tuple[float, float]]]]:
    """Yield each wanted offset with the partition's size there and the wanted examples' values."""
    config, classes = settings.engine(tau=bundle.tau), len(bundle.classes)
    engine = Engine.from_seed(config, classes, bundle.validation, bundle.seed)
    validator = SessionValidator(bundle.schema, bundle.classes, settings.max_message_bytes)
    log = _log(settings, number, max(wanted))
    trusted, before = bundle.validation.counts(classes), 0
    for wanted_offset in sorted(wanted):
        end = bisect_left(log, wanted_offset, key=lambda record: record.offset)
        validated = validate_records(validator, (settings.topic, number), log[before:end], engine)
        if validated.accepted:
            engine.apply(validated.batch(bundle))
        before = end
        corpus = Corpus(engine.state(), config.game, bundle.classes, trusted)
        reading, found = corpus.state_values(settings.weights), {}
        for leaf in corpus.state.leaves.values():
            if names := wanted[wanted_offset].intersection(leaf.examples.ids):
                valued = reading.leaf(leaf)
                for name in names:
                    row = leaf.examples.ids.index(name)
                    found[name] = (float(valued.value[row]), float(valued.stderr[row]))
        yield wanted_offset, len(engine), found


def _log(settings: Settings, number: int, stop: int) -> list[Record]:
    """Read a partition of the topic from its beginning up to an offset."""
    place, records = TopicPartition(settings.topic, number), list[Record]()
    consumer = open_consumer(settings.bootstrap, consumer_timeout_ms=_READ_MILLISECONDS)
    try:
        consumer.assign([place])
        consumer.seek(place, 0)
        for each in consumer:
            records.append(Record(each.offset, each.key, each.value, each.timestamp / 1000))
            if each.offset + 1 >= stop:
                break
    finally:
        consumer.close()
    return records
