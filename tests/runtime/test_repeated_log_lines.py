"""Lines of libraries that repeat themselves."""

import logging

import pytest

from hcdv_stream.runtime.repeated_log_lines import RepeatedLines


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def lines(clock: Clock) -> RepeatedLines:
    return RepeatedLines(("aiokafka", "faust"), clock)


def line(text: str, *values: object, name: str = "aiokafka.client") -> logging.LogRecord:
    return logging.LogRecord(name, logging.ERROR, "", 1, text, values, None)


def test_an_outage_of_an_hour_is_a_few_lines(clock: Clock, lines: RepeatedLines):
    shown = []
    for second in range(3600):
        clock.now = float(second)
        for partition in range(4):
            record = line("no answer from %s", partition)
            if lines.filter(record):
                shown.append((second, getattr(record, "hcdv_fields", {}).get("held_back")))
    assert shown == [
        (0, None),
        (60, 60 * 4 - 1),
        (180, 120 * 4 - 1),
        (420, 240 * 4 - 1),
        (900, 480 * 4 - 1),
        (1860, 960 * 4 - 1),
    ]
    assert lines.take_count() == 3600 * 4 - len(shown)
    assert lines.take_count() == 0


def test_what_was_not_repeated_for_long_is_new(clock: Clock, lines: RepeatedLines):
    assert lines.filter(line("gone"))
    clock.now = 119
    assert lines.filter(line("gone"))
    clock.now = 1000
    assert lines.filter(line("gone"))
    clock.now = 1030
    assert not lines.filter(line("gone"))


def test_numbers_make_no_other_line_but_words_do(lines: RepeatedLines):
    assert lines.filter(line("node 1 is gone for 2.5 s"))
    assert not lines.filter(line("node 2 is gone for 3 s"))
    assert lines.filter(line("node 2 is back"))
    assert lines.filter(line("node 2 is back", name="faust.app"))


def test_the_service_s_own_lines_are_never_held_back(lines: RepeatedLines):
    own = "hcdv_stream.worker.supervision.supervisor"
    assert all(lines.filter(line("sessions rejected", name=own)) for _ in range(10))


def test_many_kinds_of_lines_take_no_memory(lines: RepeatedLines):
    for number in range(10_000):
        text = "".join(chr(ord("a") + int(digit)) for digit in str(number))
        assert lines.filter(line(text))
    assert len(lines._lines) <= 256
