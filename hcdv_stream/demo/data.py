"""What the demo streams, the bundle it is valued with, and the test split that judges the outcome.

The click-stream's bundle is trained on four days before the stream, and another draw of sessions is
the test split. A file is cut: a fifth of its rows are the test split; two fifths of the others
train the bundle, and of all the others everything but the bundle's validation set V is streamed.
Labels that are made wrong on purpose are so in the stream alone; V and the test split stay clean.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hcdv_stream.bundle.bundle import Bundle
from hcdv_stream.bundle.split import stratified_split
from hcdv_stream.bundle.training import TrainingOptions, TrainingProgress, train_bundle
from hcdv_stream.errors import HcdvError
from hcdv_stream.offline.examples import Examples
from hcdv_stream.offline.valuation import VALIDATION_SHARE, train_own_bundle
from hcdv_stream.simulators.clickstream import DAYS, LABEL, generate
from hcdv_stream.simulators.clickstream_examples import clickstream_examples, clickstream_replay
from hcdv_stream.simulators.replay import ExampleStream, replay

SESSIONS = 15_000
HISTORY_DAYS = 4
TEST_SHARE = 0.2
CLICKSTREAM_FLIPS = 0.1
_FEWEST_ROWS = 200
_FEWEST_PER_DAY = 100

Report = Callable[[TrainingProgress], None]


@dataclass(frozen=True, slots=True)
class Prepared:
    """Everything that is known before the first session is sent.

    ``test`` was neither streamed nor used for the bundle, ``trusted`` is how many rows became V.
    ``timed`` says whether the examples have times of their own.
    """

    title: str
    bundle: Bundle
    replay: ExampleStream
    test: Examples
    trusted: int
    timed: bool


def prepare_clickstream(sessions: int, flip_share: float, seed: int, report: Report) -> Prepared:
    """Generate the paper's stream, at least ``sessions`` of it, and train on the days before."""
    per_day = -(-sessions // DAYS)
    before = generate(HISTORY_DAYS, max(per_day, _FEWEST_PER_DAY), seed, first_day=-HISTORY_DAYS)
    history = clickstream_examples(before)
    options = TrainingOptions(validation_share=VALIDATION_SHARE, seed=seed)
    trained = train_bundle(history.columns, history.labels, LABEL, options, report)
    test = generate(DAYS, max(per_day // 3, _FEWEST_PER_DAY), seed, draw=1)
    return Prepared(
        title=f"{DAYS} days of a web shop, {per_day:,} sessions a day",
        bundle=trained.bundle,
        replay=clickstream_replay(generate(DAYS, per_day, seed, flip_share=flip_share)),
        test=clickstream_examples(test),
        trusted=len(trained.validation_rows),
        timed=True,
    )


@dataclass(frozen=True, slots=True)
class FileInput:
    """A file's labelled rows; ``timed`` says whether they have times of their own."""

    title: str
    label: str
    examples: Examples
    timed: bool


def prepare_file(
    source: FileInput, sessions: int | None, flip_share: float, seed: int, report: Report
) -> Prepared:
    """Cut a file and train on a part of it; ``sessions`` draws only so many of its rows.

    Raises HcdvError where there are too few.
    """
    examples = source.examples
    if sessions is not None and sessions < len(examples):
        drawn = np.random.default_rng([seed, 6]).permutation(len(examples))[:sessions]
        examples = examples.take(np.sort(drawn))
    if len(examples) < _FEWEST_ROWS:
        raise HcdvError(
            f"{source.title} has {len(examples)} labelled rows: the demo needs {_FEWEST_ROWS}"
        )
    codes = np.unique(examples.labels, return_inverse=True)[1]
    test, others = stratified_split(codes, (TEST_SHARE,), seed)
    corpus = examples.take(others)
    bundle, trusted = train_own_bundle(corpus, source.label, TrainingOptions(seed=seed), report)
    streamed = corpus.take(np.setdiff1d(np.arange(len(corpus)), trusted))
    return Prepared(
        title=source.title,
        bundle=bundle,
        replay=replay(streamed, flip_share, seed),
        test=examples.take(test),
        trusted=len(trusted),
        timed=source.timed,
    )
