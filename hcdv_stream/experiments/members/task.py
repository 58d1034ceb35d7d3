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
from hcdv_stream.valuation.selection import select

CLEAN = "clean"
TEST_SHARE, TRUSTED_SHARE = 0.25, 0.15
SHARE = 0.3
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
    wanted = round(SHARE * len(corpus))
    drawn = np.random.default_rng([_STREAM, seed]).permutation(len(corpus))[:wanted]
    random = downstream.utility(drawn)
    return FitTask(
        seed, rows[corpus], noisy, rows[trusted], data.labels[trusted], downstream, random
    )


def fitted(task: FitTask, hcdv: HCDV) -> tuple[HCDV, dict[str, float | None]]:
    """Fit and score; clean labels have no ``auroc`` and no ``ap``.

    Processor seconds are those of the fit and of its values, on one thread.
    """
    labels, wrong = task.noisy.labels, task.noisy.wrong
    with threadpool_limits(limits=1):
        busy = time.process_time()
        hcdv.fit(task.rows, labels, task.trusted, task.trusted_labels)
        values = np.asarray(hcdv.values_)
        busy = time.process_time() - busy
    return hcdv, {
        "auroc": detection(values, labels, wrong) if wrong.any() else None,
        "ap": float(average_precision_score(wrong, -values)) if wrong.any() else None,
        "processor_seconds": busy,
        "stderr": float(np.sqrt(np.mean(np.asarray(hcdv.stderr_) ** 2))),
    }


def chosen(task: FitTask, hcdv: HCDV, doubts: npt.NDArray[np.float64]) -> dict[str, float]:
    """Return points of AUC above a random share, of ``select`` by these doubts and of the top.

    No choice of leaves changes the doubts, so they are fitted once.
    """
    values = np.asarray(hcdv.values_)
    generator = np.random.default_rng([_STREAM, task.seed, 1])
    with threadpool_limits(limits=1):
        rows = select(
            values,
            task.noisy.labels,
            SHARE,
            "spread",
            generator,
            evaluated=np.asarray(hcdv.value(lam=0.0)),
            doubts=doubts,
        )
        scores = task.downstream.utility(rows), task.downstream.utility(hcdv.select(SHARE, "top"))
    return {
        name: 100.0 * (score - task.random)
        for name, score in zip(("select", "top"), scores, strict=True)
    }
