"""Runs pyDVL and OpenDataVal on a task from a file: for an interpreter that has those two.

    python child.py TASK.npz ANSWERS.json

They need an older numpy than this package, so this file imports nothing of it. Both get the same
coalitions and orders as we do: whatever they would draw is handed to them. What is timed is the
valuation alone, imports and data conversion aside.
"""

import json
import sys
import time
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

METHODS = ("knn-shapley", "banzhaf", "tmc", "tmc, truncated")


class Drawn:
    """Stands for OpenDataVal's random state: deals what was drawn elsewhere."""

    def __init__(self, subsets: Any, orders: Any) -> None:
        self._subsets = subsets
        self._orders = iter(orders)

    def binomial(self, n: int, p: float, size: tuple[int, int]) -> Any:
        """Return the coalitions as 0 and 1."""
        assert size == self._subsets.shape
        return self._subsets.astype(np.int64)

    def permutation(self, n: int) -> Any:
        """Return the next order."""
        return next(self._orders)


def pydvl(task: Any) -> dict[str, Any]:
    """Value with pyDVL."""
    from pydvl.valuation.dataset import Dataset  # noqa: PLC0415
    from pydvl.valuation.methods.banzhaf import MSRBanzhafValuation  # noqa: PLC0415
    from pydvl.valuation.methods.knn_shapley import KNNShapleyValuation  # noqa: PLC0415
    from pydvl.valuation.methods.shapley import TMCShapleyValuation  # noqa: PLC0415
    from pydvl.valuation.samplers.msr import MSRSampler  # noqa: PLC0415
    from pydvl.valuation.samplers.permutation import PermutationSampler  # noqa: PLC0415
    from pydvl.valuation.samplers.truncation import NoTruncation, RelativeTruncation  # noqa: PLC0415
    from pydvl.valuation.scorers import SupervisedScorer  # noqa: PLC0415
    from pydvl.valuation.stopping import NoStopping  # noqa: PLC0415
    from pydvl.valuation.types import Sample  # noqa: PLC0415
    from pydvl.valuation.utility.modelutility import ModelUtility  # noqa: PLC0415
    from sklearn.neighbors import KNeighborsClassifier  # noqa: PLC0415

    class FixedSubsets(MSRSampler):  # type: ignore[misc, unused-ignore]
        def generate(self, indices: Any) -> Any:
            for subset in task["subsets"]:
                yield Sample(None, np.flatnonzero(subset))

    class FixedOrders(PermutationSampler):  # type: ignore[misc, unused-ignore]
        def generate(self, indices: Any) -> Any:
            for order in task["orders"]:
                yield Sample(None, order)

    train = Dataset(task["features"], task["labels"])
    test = Dataset(task["judge_features"], task["judges"])
    utility = ModelUtility(
        _logistic(task)(), SupervisedScorer("accuracy", test, default=0.0), show_warnings=False
    )

    def knn() -> Any:
        model = KNeighborsClassifier(n_neighbors=int(task["neighbours"]))
        return KNNShapleyValuation(model, test, progress=False).fit(train).result.values

    def banzhaf() -> Any:
        method = MSRBanzhafValuation(utility, NoStopping(), progress=False)
        method.sampler = FixedSubsets()
        return method.fit(train).result.values

    def tmc(truncation: Any) -> Any:
        method = TMCShapleyValuation(utility, truncation, NoStopping(), progress=False)
        method.sampler = FixedOrders(truncation)
        return method.fit(train).result.values

    def truncated() -> Any:
        return tmc(RelativeTruncation(rtol=0.01, burn_in_fraction=0.4))

    return _timed(task, knn, banzhaf, lambda: tmc(NoTruncation()), truncated)


def opendataval(task: Any) -> dict[str, Any]:
    """Value with OpenDataVal."""
    from functools import partial  # noqa: PLC0415

    import tqdm  # noqa: PLC0415

    tqdm.tqdm = partial(tqdm.tqdm, disable=True)
    tqdm.trange = partial(tqdm.trange, disable=True)
    import torch  # noqa: PLC0415
    from opendataval.dataval import DataBanzhaf, DataShapley, KNNShapley  # noqa: PLC0415
    from opendataval.dataval.margcontrib.sampler import TMCSampler  # noqa: PLC0415
    from opendataval.metrics import accuracy  # noqa: PLC0415
    from opendataval.model import ClassifierSkLearnWrapper  # noqa: PLC0415

    torch.set_num_threads(1)
    classes = int(task["classes"])
    hot = torch.eye(classes, dtype=torch.float64)
    data = (
        torch.from_numpy(task["features"]),
        hot[task["labels"].astype(np.int64)],
        torch.from_numpy(task["judge_features"]),
        hot[task["judges"].astype(np.int64)],
    )
    single = tuple(part.float() for part in data)

    class Wide(KNNShapley):  # type: ignore[misc, unused-ignore]
        def match(self, y: Any) -> Any:
            return super().match(y).double()

    def knn(method: Any = KNNShapley, given: Any = single) -> Any:
        valuation = method(k_neighbors=int(task["neighbours"])).input_data(*given)
        return valuation.train_data_values().evaluate_data_values()

    def valued(method: Any) -> Any:
        model = ClassifierSkLearnWrapper(_logistic(task), classes)
        method.input_data(*single).input_model_metric(model, accuracy)
        return method.train_data_values().evaluate_data_values()

    def banzhaf() -> Any:
        method = DataBanzhaf(num_models=len(task["subsets"]))
        method.random_state = Drawn(task["subsets"], task["orders"])
        return valued(method)

    class Untruncated(TMCSampler):  # type: ignore[misc, unused-ignore]
        """The same orders, every prefix."""

        def _calculate_marginal_contributions(self, *args: Any, **kwargs: Any) -> None:
            order = self.random_state.permutation(self.num_examples)
            before = self.compute_utility(list(order[: self.min_cardinality]))
            for size, player in enumerate(order[self.min_cardinality :], self.min_cardinality):
                after = self.compute_utility(list(order[: size + 1]))
                self.marginal_contrib_sum[player, size] += after - before
                self.marginal_count[player, size] += 1
                before = after

    def tmc(kind: Any) -> Any:
        sampler = kind(mc_epochs=len(task["orders"]), cache_name=None)
        sampler.random_state = Drawn(task["subsets"], task["orders"])
        return valued(DataShapley(sampler))

    answers = _timed(task, knn, banzhaf, lambda: tmc(Untruncated), lambda: tmc(TMCSampler))
    # It knows single precision only: timed as it is, compared in double.
    answers["knn-shapley"]["values"] = knn(Wide, data).tolist()
    return answers


def _logistic(task: Any) -> Any:
    from functools import partial  # noqa: PLC0415

    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415

    class CountedRegression(LogisticRegression):  # type: ignore[misc, unused-ignore]
        def fit(self, *args: Any, **kwargs: Any) -> Any:
            _FITTED[0] += 1
            return super().fit(*args, **kwargs)

    return partial(CountedRegression, max_iter=int(task["steps"]))


_FITTED = [0]
"""Models fitted so far."""


def _timed(task: Any, *valuations: Any) -> dict[str, Any]:
    answers = {}
    methods = dict(zip(METHODS, valuations, strict=True))
    for name, method in methods.items():
        seconds, processor = [], []
        fitted = _FITTED[0]
        for _ in range(int(task["repeats"]) if name == "knn-shapley" else 1):
            started, busy = time.perf_counter(), time.process_time()
            values = method()
            seconds.append(time.perf_counter() - started)
            processor.append(time.process_time() - busy)
        answers[name] = {
            "seconds": min(seconds),
            "processor_seconds": min(processor),
            "models": _FITTED[0] - fitted,
            "values": np.asarray(values, float).tolist(),
        }
    return answers


def main(task: Path, answers: Path) -> None:
    """Read the task, write what both libraries find and how long they took."""
    warnings.simplefilter("ignore")
    given = dict(np.load(task))
    found = {
        "pydvl": {"version": version("pydvl"), "methods": pydvl(given)},
        "opendataval": {"version": version("opendataval"), "methods": opendataval(given)},
    }
    answers.write_text(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
