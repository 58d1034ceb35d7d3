"""Who is streamed, who judges, and who is set aside."""

from dataclasses import replace

import numpy as np
import pytest

from hcdv_stream.demo.data import FileInput, prepare_clickstream, prepare_file
from hcdv_stream.errors import HcdvError
from hcdv_stream.simulators.clickstream import generate
from hcdv_stream.simulators.clickstream_examples import clickstream_examples


def quiet(_):
    pass


def file_of(examples):
    return FileInput("clicks.csv", "purchase", examples, timed=True)


@pytest.fixture(scope="module")
def whole():
    return clickstream_examples(generate(1, 800))


@pytest.fixture(scope="module")
def prepared(whole):
    return prepare_file(file_of(whole), None, 0.1, 0, quiet)


def test_a_file_is_streamed_but_for_the_judges_and_the_test(whole, prepared):
    streamed, test = set(prepared.replay.examples.ids), set(prepared.test.ids)
    assert not streamed & test
    assert len(streamed) + len(test) + prepared.trusted == 800
    assert len(test) == pytest.approx(160, abs=1)
    assert prepared.trusted == pytest.approx(0.4 * 640 / 4, abs=2)


def test_judges_and_test_are_as_the_file_says(whole, prepared):
    truth = dict(zip(whole.ids, whole.labels, strict=True))
    assert [truth[name] for name in prepared.test.ids] == prepared.test.labels
    sent = prepared.replay.examples
    wrong = [truth[name] != label for name, label in zip(sent.ids, sent.labels, strict=True)]
    assert wrong == prepared.replay.flipped.tolist()
    assert sum(wrong) == round(0.1 * len(wrong))


def test_every_part_holds_both_classes_in_proportion(whole, prepared):
    share = np.mean([label == "yes" for label in whole.labels])
    assert np.mean([label == "yes" for label in prepared.test.labels]) == pytest.approx(
        share, abs=0.01
    )
    assert prepared.bundle.validation.counts(2).min() >= 8


def test_fewer_sessions_are_drawn_from_the_file(whole):
    few = prepare_file(file_of(whole), 300, 0.0, 0, quiet)
    assert len(few.replay.examples) + len(few.test) + few.trusted == 300


def test_a_file_that_is_too_small_is_refused(whole):
    with pytest.raises(HcdvError, match=r"clicks.csv has 50 labelled rows"):
        prepare_file(file_of(whole.take(np.arange(50))), None, 0.0, 0, quiet)


def test_the_click_streams_parts_are_different_sessions():
    made = prepare_clickstream(300, 0.1, 0, quiet)
    assert len(made.replay.examples) == 300
    assert made.replay.flipped.sum() == 30
    assert made.timed
    assert not set(made.replay.examples.ids) & set(made.test.ids)
    again = prepare_clickstream(300, 0.1, 0, quiet)
    assert again.bundle.checksum == made.bundle.checksum
    assert replace(again.replay.examples, timestamps=None) == replace(
        made.replay.examples, timestamps=None
    )
