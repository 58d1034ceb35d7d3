"""One draw of the noisy-labels experiment: a hundred players, some of them wrong, V and a test.

As OpenDataVal mixes labels (``mix_labels``): the same share of the players and of V gets another
label, each other class equally likely; the test stays clean. A player is one example or owns
several; the labels of a player that is wrong are all wrong. The embedding is that of the principal
components of the rows that are left over, which sees no label.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.decomposition import PCA
from sklearn.metrics import f1_score, roc_auc_score
from sklearn.preprocessing import StandardScaler

from hcdv_stream.experiments.common.protocol import Labels, flip
from hcdv_stream.learners.logistic import Logistic
from hcdv_stream.learners.task import Task
from hcdv_stream.learners.trained import TrainedUtility

Values = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

PLAYERS, EVALUATORS, TEST = 100, 100, 500
COMPONENTS = 16
MEASURES = ("F1", "AUC", "removal", "addition", "best first")
FALLING = ("removal", "addition")
"""Measures of which less is better."""


@dataclass(frozen=True, slots=True)
class NoisyTask:
    """What is valued: ``task`` holds n examples, ``owners`` (n,) says whose each is.

    ``wrong`` (PLAYERS,) is known to nobody; in ``test`` the clean examples are the evaluators.
    ``rate`` is the share of players that are wrong, and that removal and addition move.
    """

    task: Task
    owners: npt.NDArray[np.int64]
    wrong: Flags
    test: Task
    rate: float
    seed: int


def draw(features: Values, labels: Labels, *, rate: float, each: int, seed: int) -> NoisyTask:
    """Draw players that own ``each`` examples, V and test from rows (n, width)."""
    generator = np.random.default_rng(seed)
    cuts = np.cumsum([PLAYERS * each, EVALUATORS, TEST])
    valued, evaluators, test, rest = np.split(generator.permutation(len(labels)), cuts)
    scale = StandardScaler().fit(features[rest])
    width = min(COMPONENTS, *features[rest].shape)
    components = PCA(width, random_state=0).fit(scale.transform(features[rest]))
    places = components.transform(scale.transform(features))
    classes = int(labels.max()) + 1
    owners = np.repeat(np.arange(PLAYERS), each)
    wrong = flip(np.zeros(PLAYERS, np.int16), 2, generator, rate)[1]
    mixed = flip(labels[valued], classes, generator, 1.0)[0]
    noisy = np.where(wrong[owners], mixed, labels[valued])
    mixed_evaluators = flip(labels[evaluators], classes, generator, rate)[0]
    task = Task(places[valued], noisy, places[evaluators], mixed_evaluators, classes)
    tested = Task(places[valued], noisy, places[test], labels[test], classes)
    return NoisyTask(task, owners, wrong, tested, rate, seed)


def lower_part(values: Values) -> Flags:
    """Return which values the best cut in two by squared distances calls low, (n,), n >= 2."""
    order = np.argsort(values, kind="stable")
    ranked = values[order] - values.mean()
    counts = np.arange(1, len(values))
    sums = np.cumsum(ranked)[:-1]
    gain = sums**2 / counts + (ranked.sum() - sums) ** 2 / (len(values) - counts)
    low = np.zeros(len(values), np.bool_)
    low[order[: int(np.argmax(gain)) + 1]] = True
    return low


def scores(given: NoisyTask, values: Sequence[Values]) -> list[dict[str, float]]:
    """Return all of MEASURES for each of several methods' values of the players, (PLAYERS,)."""
    moved = round(given.rate * PLAYERS)
    orders = np.argsort(np.stack(values), axis=1, kind="stable")
    kept = (orders[:, :-moved], orders[:, :moved], orders[:, -moved:])
    members = np.zeros((3, len(values), PLAYERS), np.bool_)
    for part, players in zip(members, kept, strict=True):
        np.put_along_axis(part, players, values=True, axis=1)
    utility = TrainedUtility(Logistic(given.test))
    trained = utility(members.reshape(-1, PLAYERS)[:, given.owners]).reshape(3, -1)
    found = [
        (
            float(f1_score(given.wrong, lower_part(each))),
            float(roc_auc_score(given.wrong, -each)),
            *reached,
        )
        for each, reached in zip(values, trained.T.tolist(), strict=True)
    ]
    return [dict(zip(MEASURES, each, strict=True)) for each in found]
