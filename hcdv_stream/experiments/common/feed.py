"""The simulator's stream as Kafka records, as long as one likes, and a bundle to value it with."""

import time
from collections.abc import Iterator
from itertools import count, islice

from hcdv_stream.bundle.bundle import Bundle
from hcdv_stream.bundle.training import TrainingOptions, train_bundle
from hcdv_stream.simulators.clickstream import LABEL, generate
from hcdv_stream.simulators.clickstream_examples import clickstream_examples
from hcdv_stream.simulators.messages import Message, messages
from hcdv_stream.worker.letters.dead_letter import Record

HISTORY_DAYS = 4
PER_DAY, SMALL_PER_DAY = 1500, 60


def trained_bundle(seed: int, per_day: int = PER_DAY) -> Bundle:
    """Train on the days before the stream, with the defaults of ``train``."""
    history = clickstream_examples(generate(HISTORY_DAYS, per_day, seed, first_day=-HISTORY_DAYS))
    options = TrainingOptions(validation_share=0.25, seed=seed)
    return train_bundle(history.columns, history.labels, LABEL, options).bundle


def endless_messages(seed: int, per_day: int = PER_DAY) -> Iterator[Message]:
    """Yield sessions day after day, generated as they are asked for."""
    for day in count():
        sessions = generate(1, per_day, seed, first_day=day)
        yield from messages(clickstream_examples(sessions))


class Feed:
    """One partition's log, read in runs of as many records as one likes."""

    def __init__(self, seed: int, per_day: int = PER_DAY) -> None:
        self._messages = endless_messages(seed, per_day)
        self._offset = 0

    def take(self, records: int) -> list[Record]:
        """Return the next records, appended just now."""
        now = time.time()
        first = self._offset
        self._offset += records
        return [
            Record(first + place, message.key, message.value, now)
            for place, message in enumerate(islice(self._messages, records))
        ]
