"""Ways to value a stream after a change of concept, and when the alarm sounds in each."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import ExtraTreesClassifier

from hcdv_stream.doctor.check import CheckResult
from hcdv_stream.doctor.state import StoredPartitionFacts, validation_facts
from hcdv_stream.doctor.validation import check_validation
from hcdv_stream.experiments.drift.task import DAY, DriftTask, without_trusted
from hcdv_stream.settings import Settings
from hcdv_stream.state.identity import Identity
from hcdv_stream.valuation.corpus import Corpus
from hcdv_stream.valuation.engine import Engine
from hcdv_stream.valuation.validation import Validation
from hcdv_stream.valuation.weights import Weights

Values = npt.NDArray[np.float64]
NEWEST = 600
_POLL = 150


@dataclass(frozen=True, slots=True)
class Alarm:
    """An alarm that began: whose, and which share of the old and of the new sessions had come.

    ``sessions`` is how many of the new ones those are.
    """

    whose: str
    before: float
    after: float
    sessions: int


@dataclass(frozen=True, slots=True)
class DoctorVerdict:
    """What ``hcdv-stream doctor`` says of V while a stream comes, looking after every poll.

    ``warned_before`` says whether it warned before the change, ``warned`` at which share of the
    sessions after it doctor warned first, None if never; ``end`` is its line at the end.
    """

    warned_before: bool
    warned: float | None
    end: str


@dataclass(frozen=True, slots=True)
class StreamedTask:
    """What a way of valuing came to: values (n,) of what is valued, and the alarms.

    ``trusting`` are the same under β = 0, where V alone evaluates. ``evaluators`` counts V at the
    end.
    """

    values: Values
    trusting: Values
    alarms: list[Alarm]
    evaluators: int
    doctor: DoctorVerdict


def frozen(task: DriftTask) -> StreamedTask:
    """Keep the bundle's V, as if nobody sent a trusted session."""
    return _streamed(without_trusted(task), task.validation)


def newest(task: DriftTask) -> StreamedTask:
    """Value everything with the newest trusted sessions as V, which nobody has in time."""
    rows = np.flatnonzero(task.trusted)[-NEWEST:]
    rows = rows[~task.old[rows]]
    validation = Validation(task.batch.embeddings[rows], task.batch.labels[rows])
    return _streamed(without_trusted(task), validation)


def moving(task: DriftTask) -> StreamedTask:
    """Let trusted sessions join V, and evaluators leave it after a day."""
    config = replace(task.config, validation_horizon=DAY)
    return _streamed(replace(task, config=config), task.validation)


def moving_young(task: DriftTask) -> StreamedTask:
    """Let also examples that are older than a day evaluate no more."""
    config = replace(task.config, validation_horizon=DAY, peer_horizon=DAY)
    return _streamed(replace(task, config=config), task.validation)


WAYS: Mapping[str, Callable[[DriftTask], StreamedTask]] = {
    "V frozen": frozen,
    "V of the newest": newest,
    "V moving": moving,
    "V moving, young peers": moving_young,
}


def extra_trees(task: DriftTask, seed: int) -> Values:
    """Probability of each label by ExtraTrees on the newest sessions, out of bag for these."""
    kept = without_trusted(task)
    rows, labels = np.nan_to_num(kept.rows, nan=-1.0), kept.batch.labels
    fitted = np.arange(len(labels))[-NEWEST:]
    forest = ExtraTreesClassifier(
        100, min_samples_leaf=5, max_features=0.5, bootstrap=True, oob_score=True, random_state=seed
    ).fit(rows[fitted], labels[fitted])
    shares = forest.predict_proba(rows)
    shares[fitted] = forest.oob_decision_function_
    found: Values = shares[np.arange(len(labels)), np.searchsorted(forest.classes_, labels)]
    return found


def _streamed(task: DriftTask, validation: Validation) -> StreamedTask:
    classes = len(task.classes)
    engine = Engine.from_seed(task.config, classes, validation, task.seed_tree)
    batch = replace(task.batch, trusted=task.trusted)
    alarms: list[Alarm] = []
    sounding: set[str] = set()
    verdicts: list[tuple[float, CheckResult]] = []
    for start in range(0, len(batch), _POLL):
        engine.apply(batch.slice(start, start + _POLL))
        now = {
            f"class {task.classes[label]}" if label is not None else provider or "all": since
            for label, provider, since in engine.drift.diverging
        }
        for name in sorted(now.keys() - sounding):
            come = task.old[: np.searchsorted(batch.timestamps, now[name], side="right")]
            before, after = int(come.sum()), int((~come).sum())
            shares = before / task.old.sum(), after / (~task.old).sum()
            alarms.append(Alarm(name, float(shares[0]), float(shares[1]), after))
        sounding = set(now)
        share = float((~task.old[: start + _POLL]).sum() / (~task.old).sum())
        verdicts.append((share, _examined(task, validation, engine)))
    corpus = Corpus(engine.state(), "routed", task.classes, validation.counts(classes))
    order = np.argsort(corpus.ids, kind="stable")
    return StreamedTask(
        corpus.values().value[order],
        corpus.values(Weights(beta=0.0)).value[order],
        alarms,
        int(corpus.trusted.sum()),
        _verdict(verdicts),
    )


def _examined(task: DriftTask, validation: Validation, engine: Engine) -> CheckResult:
    """Return what doctor says of V in this state."""
    counts = tuple(validation.counts(len(task.classes)).tolist())
    identity = Identity("sessions", 0, "", task.classes, counts, task.config)
    facts = StoredPartitionFacts(None, None, *validation_facts(identity, engine.state()))
    settings = Settings(trusted_mark=bool(task.trusted.any()))
    checks = check_validation(settings, {0: facts})
    return next(check for check in checks if check.name == "validation set")


def _verdict(verdicts: Sequence[tuple[float, CheckResult]]) -> DoctorVerdict:
    warned = [share for share, check in verdicts if check.status == "warning"]
    return DoctorVerdict(
        warned_before=0.0 in warned,
        warned=min((share for share in warned if share > 0.0), default=None),
        end=verdicts[-1][1].detail,
    )
