"""Ways of choosing training data: each drops some examples, then draws evenly from every class.

Only what is dropped differs, so that a difference in the models trained is one of the gates.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from cleanlab.classification import CleanLearning
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from hcdv_stream.bundle.fitting import fit_schema
from hcdv_stream.bundle.gaps import matrix_with_gaps
from hcdv_stream.bundle.split import stratified_split
from hcdv_stream.estimator import HCDV
from hcdv_stream.experiments.common.datasets import Dataset
from hcdv_stream.experiments.common.measures import DownstreamModel, downstream_model
from hcdv_stream.experiments.common.noise import made_noisy
from hcdv_stream.valuation.selection import select

Rows = npt.NDArray[np.intp]
Labels = npt.NDArray[np.int16]
Mask = npt.NDArray[np.bool_]

TEST_SHARE, TRUSTED_SHARE = 0.3, 0.1
CLEAN = "clean"
NOISES = (CLEAN, "10% flipped", "20% flipped", "one class")
RANDOM, OURS, VALUE = "random", "select", "select, without doubts"
CLEANLAB = ("cleanlab, logistic regression", "cleanlab, gradient boosting")


@dataclass(frozen=True, slots=True, eq=False)
class SelectionTask:
    """One set under one seed and kind of wrong labels.

    ``rows`` float32 (n, width) have the observed ``labels``; ``trusted`` rows have right ones.
    ``downstream`` trains on chosen rows and scores on clean ones.
    """

    name: str
    noise: str
    seed: int
    rows: npt.NDArray[np.float32]
    labels: Labels
    trusted: npt.NDArray[np.float32]
    trusted_labels: Labels
    downstream: DownstreamModel


def selection_task(data: Dataset, noise: str, seed: int) -> SelectionTask:
    """Cut test rows and V off, make the rest noisy; everything follows from ``seed``."""
    test, trusted, corpus = stratified_split(data.labels, (TEST_SHARE, TRUSTED_SHARE), seed)
    schema = fit_schema(data.take(corpus).columns)
    rows = matrix_with_gaps(schema, data.columns)
    labels = data.labels[corpus]
    if noise != CLEAN:
        labels = made_noisy(noise, rows[corpus], labels, len(data.classes), seed).labels
    return SelectionTask(
        data.name,
        noise,
        seed,
        rows[corpus],
        labels,
        rows[trusted],
        data.labels[trusted],
        downstream_model(data, corpus, test, labels),
    )


Chooser = Callable[[float, np.random.Generator], Rows]
"""A share and what to draw from: rows to train on."""


def random_rows(task: SelectionTask) -> Chooser:
    """Return a chooser that draws from everything alike."""
    n = len(task.labels)
    return lambda share, generator: generator.permutation(n)[: round(share * n)]


def ours(task: SelectionTask) -> Chooser:
    """Return ``HCDV.select``."""
    fitted = _fitted(task)
    return lambda share, generator: fitted.select(
        share, random_state=int(generator.integers(2**31))
    )


def by_value(task: SelectionTask) -> Chooser:
    """Return the gate by values alone: as many of a class as evaluators find to do harm."""
    frame = _fitted(task).to_frame()
    values, evaluated = frame["value"].to_numpy(), frame["evaluated"].to_numpy()
    return lambda share, generator: select(
        values, task.labels, share, "spread", generator, evaluated=evaluated
    )


def _fitted(task: SelectionTask) -> HCDV:
    return HCDV(random_state=task.seed).fit(
        task.rows, task.labels, task.trusted, task.trusted_labels
    )


def _cleanlab(model: object) -> Callable[[SelectionTask], Chooser]:
    def chooser(task: SelectionTask) -> Chooser:
        rows = np.concatenate([task.rows, task.trusted]).astype(np.float64)
        centred = (rows - rows.mean(axis=0)) / np.maximum(rows.std(axis=0), 1e-9)
        labels = np.concatenate([task.labels, task.trusted_labels]).astype(np.int64)
        found = CleanLearning(model, seed=task.seed).find_label_issues(centred, labels)
        dropped = found["is_label_issue"].to_numpy()[: len(task.labels)]
        return lambda share, generator: _even_draw(task.labels, ~dropped, share, generator)

    return chooser


def _even_draw(labels: Labels, kept: Mask, share: float, generator: np.random.Generator) -> Rows:
    """Draw as ``select`` does from what is kept."""
    harmless = np.where(kept, 0.0, 1.0)
    return select(-harmless, labels, share, "spread", generator, doubts=harmless)


RULES: Mapping[str, Callable[[SelectionTask], Chooser]] = {
    RANDOM: random_rows,
    OURS: ours,
    VALUE: by_value,
    CLEANLAB[0]: _cleanlab(LogisticRegression(max_iter=1000)),
    CLEANLAB[1]: _cleanlab(HistGradientBoostingClassifier()),
    "even draw": lambda task: (
        lambda share, generator: _even_draw(
            task.labels, np.ones(len(task.labels), bool), share, generator
        )
    ),
}
