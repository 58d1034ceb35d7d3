"""A set with wrong labels, V and rows to score models on; what an estimator makes of it."""

import time
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.metrics import average_precision_score
from threadpoolctl import threadpool_limits

from hcdv_stream.bundle.fitting import fit_schema
from hcdv_stream.bundle.gaps import matrix_with_gaps
from hcdv_stream.bundle.split import stratified_split
from hcdv_stream.estimator import HCDV
from hcdv_stream.experiments.common.datasets import Dataset
from hcdv_stream.experiments.common.measures import DownstreamModel, detection, downstream_model
from hcdv_stream.experiments.common.noise import NoisyLabels, made_noisy

CLEAN = "clean"
TEST_SHARE, TRUSTED_SHARE = 0.25, 0.15
SHARE, DRAWS = 0.3, 2
_STREAM = 0x4D65


@dataclass(frozen=True, slots=True, eq=False)
class FitTask:
    """One set under one seed and kind of wrong labels.

    ``rows`` float32 (n, width) with ``noisy`` labels are valued, ``trusted`` rows have right ones.
    ``downstream`` trains on chosen rows and scores on clean ones; ``random`` is what SHARE of the
    rows, drawn at random, comes to.
    """

    seed: int
    rows: npt.NDArray[np.float32]
    noisy: NoisyLabels
    trusted: npt.NDArray[np.float32]
    trusted_labels: npt.NDArray[np.int16]
    downstream: DownstreamModel
    random: float


def fit_task(data: Dataset, noise: str, seed: int) -> FitTask:
    """Cut test rows and V off, make the rest noisy; everything follows from ``seed``."""
    shares = (TEST_SHARE, TRUSTED_SHARE)
    test, trusted, corpus = stratified_split(data.labels, shares, seed)
    rows = matrix_with_gaps(fit_schema(data.take(corpus).columns), data.columns)
    clean = data.labels[corpus]
    noisy = NoisyLabels(clean, np.zeros(len(clean), np.bool_), [None] * len(clean))
    if noise != CLEAN:
        noisy = made_noisy(noise, rows[corpus], clean, len(data.classes), seed)
    downstream = downstream_model(data, corpus, test, noisy.labels)
    drawn = [
        np.random.default_rng([_STREAM, draw, seed]).permutation(len(corpus))
        for draw in range(DRAWS)
    ]
    wanted = round(SHARE * len(corpus))
    random = float(np.mean([downstream.utility(each[:wanted]) for each in drawn]))
    return FitTask(
        seed, rows[corpus], noisy, rows[trusted], data.labels[trusted], downstream, random
    )


def measured(task: FitTask, hcdv: HCDV) -> dict[str, float | None]:
    """Fit and score; clean labels have no ``auroc`` and no ``ap``.

    Processor seconds are those of the fit and of its values, on one thread.
    """
    labels, wrong = task.noisy.labels, task.noisy.wrong
    with threadpool_limits(limits=1):
        busy = time.process_time()
        hcdv.fit(task.rows, labels, task.trusted, task.trusted_labels)
        values = np.asarray(hcdv.values_)
        busy = time.process_time() - busy
        chosen = [hcdv.select(SHARE, random_state=draw) for draw in range(DRAWS)]
        selected = np.mean([task.downstream.utility(rows) for rows in chosen])
        highest = task.downstream.utility(hcdv.select(SHARE, "top"))
    return {
        "auroc": detection(values, labels, wrong) if wrong.any() else None,
        "ap": float(average_precision_score(wrong, -values)) if wrong.any() else None,
        "select": 100.0 * (float(selected) - task.random),
        "top": 100.0 * (highest - task.random),
        "processor_seconds": busy,
        "stderr": float(np.sqrt(np.mean(np.asarray(hcdv.stderr_) ** 2))),
    }
