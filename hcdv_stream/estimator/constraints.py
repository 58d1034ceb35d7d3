"""What each parameter of ``HCDV`` and of the methods may be, in one table.

Constructors store what they are given, as scikit-learn wants it; ``check_parameters`` is called
before anything is computed.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from numbers import Integral, Real
from typing import Any, Protocol, get_args

import numpy as np
from sklearn.base import is_regressor

from hcdv_stream.learners.metrics import METRICS
from hcdv_stream.learners.named import LEARNERS
from hcdv_stream.valuation.config import GameName, Peers
from hcdv_stream.valuation.games.characteristic import Averaged
from hcdv_stream.valuation.methods.algorithm1 import Interpretation
from hcdv_stream.valuation.methods.level_structure import OrderRule
from hcdv_stream.valuation.methods.levels import Counted
from hcdv_stream.valuation.methods.sampling.stopping import Criterion
from hcdv_stream.valuation.selection import Strategy
from hcdv_stream.valuation.weights import MOST_LAMBDA

MOST_SEED = 2**32 - 1
"""The largest seed that scikit-learn's models take."""


class ParameterError(ValueError, TypeError):
    """A parameter that cannot be used: its name, its value and what is accepted.

    It is a ValueError and a TypeError, as in scikit-learn, because callers catch either.
    """


class Constraint(Protocol):
    """A kind of value that a parameter accepts."""

    @property
    def accepted(self) -> str:
        """Say what is accepted, after "must be"."""

    def accepts(self, value: Any) -> bool:
        """Return whether a value is of this kind."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One of some texts, or a text that begins with ``prefix``."""

    texts: tuple[str, ...]
    prefix: str | None = None

    @property
    def accepted(self) -> str:
        texts = [*self.texts, *([f"{self.prefix}<label>"] if self.prefix else [])]
        return texts[0] if len(texts) == 1 else f"one of {', '.join(texts)}"

    def accepts(self, value: Any) -> bool:
        if not isinstance(value, str):
            return False
        return value in self.texts or bool(self.prefix and value.startswith(self.prefix))


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number in a range."""

    least: int
    most: int | None = None

    @property
    def accepted(self) -> str:
        most = "of at least {}" if self.most is None else "from {} to {}"
        return "a whole number " + most.format(self.least, self.most)

    def accepts(self, value: Any) -> bool:
        if isinstance(value, bool) or not isinstance(value, Integral):
            return False
        number = int(value)
        return number >= self.least and (self.most is None or number <= self.most)


@dataclass(frozen=True, slots=True)
class RealNumber:
    """A finite number in a range; ``open_below`` and ``open_above`` leave out its ends."""

    least: float
    most: float | None = None
    open_below: bool = False
    open_above: bool = False

    @property
    def accepted(self) -> str:
        least = f"above {self.least:g}" if self.open_below else f"of at least {self.least:g}"
        if self.most is None:
            return f"a number {least}"
        return f"a number {least} and {'below' if self.open_above else 'at most'} {self.most:g}"

    def accepts(self, value: Any) -> bool:
        if isinstance(value, bool) or not isinstance(value, Real) or not isfinite(value):
            return False
        number = float(value)
        above = number > self.least if self.open_below else number >= self.least
        if self.most is None:
            return above
        return above and (number < self.most if self.open_above else number <= self.most)


@dataclass(frozen=True, slots=True)
class Wholes:
    """A sequence of at least ``length`` whole numbers, each at least ``least``."""

    least: int
    length: int = 1

    @property
    def accepted(self) -> str:
        return f"a sequence of whole numbers of at least {self.least}, such as (16, 64)"

    def accepts(self, value: Any) -> bool:
        if isinstance(value, str) or not isinstance(value, Sequence | np.ndarray):
            return False
        each = Whole(self.least)
        return len(value) >= self.length and all(map(each.accepts, value))


@dataclass(frozen=True, slots=True)
class Kind:
    """What a function says it is."""

    accepted: str
    accepts: Callable[[Any], bool]


_ENCODERS = ("contrastive", "identity")

NOTHING = Kind("None", lambda value: value is None)
AUTO = Choice(("auto",))
LEARNER = Kind(
    f"one of {', '.join(LEARNERS)}, or a scikit-learn classifier such as LogisticRegression()",
    lambda value: _is_classifier(value) or (isinstance(value, str) and value in LEARNERS),
)
ENCODER = Kind(
    "contrastive, identity or a function",
    lambda value: callable(value) or (isinstance(value, str) and value in _ENCODERS),
)
CRITERION = Kind(
    "a stopping criterion, such as Evaluations(1000)", lambda value: isinstance(value, Criterion)
)
SEED = Kind(
    f"a whole number from 0 to {MOST_SEED}, a numpy RandomState or None",
    lambda value: (
        value is None
        or isinstance(value, np.random.RandomState)
        or Whole(0, MOST_SEED).accepts(value)
    ),
)
JOBS = Kind(
    "a whole number of processes, at least 1, or -1 for all cores",
    lambda value: Whole(-1).accepts(value) and value != 0,
)

PARAMETERS: Mapping[str, tuple[Constraint, ...]] = {
    "alpha": (RealNumber(0.0, open_below=True),),
    "averaged": (Choice(get_args(Averaged)),),
    "batch": (Whole(1),),
    "branching": (Wholes(2),),
    "counted": (Choice(get_args(Counted)),),
    "encoder": (ENCODER,),
    "encoder_options": (Kind("a mapping of options", lambda v: isinstance(v, Mapping)), NOTHING),
    "game": (Choice(get_args(GameName)),),
    "groups": (Choice(("label", "cluster", "provider")),),
    "interpretation": (
        Kind("an Interpretation", lambda value: isinstance(value, Interpretation)),
        NOTHING,
    ),
    "lam": (RealNumber(0.0, MOST_LAMBDA),),
    "leaf_size": (Whole(1),),
    "learner": (LEARNER,),
    "levels": (Wholes(1),),
    "members": (Whole(1),),
    "merge_below": (Whole(0),),
    "metric": (Choice(tuple(METRICS)),),
    "minimum": (RealNumber(0.0, 1.0, open_above=True),),
    "n_jobs": (JOBS,),
    "neighbours": (Whole(1),),
    "orders": (Choice(get_args(OrderRule)),),
    "peers": (Choice(get_args(Peers)),),
    "permutations": (Whole(2),),
    "random_state": (SEED,),
    "rebalance_every": (Whole(1),),
    "trees": (Whole(1),),
    "truncation": (RealNumber(0.0), NOTHING),
    "until": (CRITERION, NOTHING),
    "update_size": (Whole(1),),
    "utility": (Choice(("balanced", "accuracy"), prefix="class:"),),
    "validation_share": (RealNumber(0.0, 1.0, open_above=True),),
}
"""What a parameter of this name is, wherever it has it."""

ARGUMENTS: Mapping[str, tuple[Constraint, ...]] = {
    "share": (RealNumber(0.0, 1.0, open_below=True),),
    "strategy": (Choice(get_args(Strategy)),),
    "random_state": (SEED,),
    "utility": (*PARAMETERS["utility"], NOTHING),
    "beta": (RealNumber(0.0, 1.0), NOTHING),
    "lam": (*PARAMETERS["lam"], NOTHING),
}
"""The same of the arguments of methods that read values."""


ENCODER_OPTIONS: Mapping[str, tuple[Constraint, ...]] = {
    "dimensions": (Whole(1),),
    "hidden": (Wholes(1, length=0),),
    "contrast": (RealNumber(0.0),),
    "smoothness": (RealNumber(0.0),),
    "epochs": (Whole(1),),
    "patience": (Whole(1),),
    "batch": (Whole(1),),
    "learning_rate": (RealNumber(0.0, open_below=True),),
    "weight_decay": (RealNumber(0.0),),
}
"""What the options of the encoder "contrastive" are; see ``EncoderOptions``."""


def check_parameters(estimator: Any, names: Collection[str] | None = None) -> None:
    """Raise ParameterError for the first parameter of an estimator that cannot be used.

    A class may narrow or add to the table in ``parameter_constraints``. ``names`` are those to
    look at, None for all.
    """
    table = {**PARAMETERS, **getattr(type(estimator), "parameter_constraints", {})}
    for name, value in estimator.get_params(deep=False).items():
        if names is not None and name not in names:
            continue
        check(name, value, table[name])
        if name == "encoder_options" and value:
            _check_encoder_options(value)


def check_arguments(**arguments: Any) -> None:
    """Raise ParameterError for the first argument that is not as ARGUMENTS has it."""
    for name, value in arguments.items():
        check(name, value, ARGUMENTS[name])


def _check_encoder_options(options: Mapping[Any, Any]) -> None:
    for name, value in options.items():
        if name not in ENCODER_OPTIONS:
            raise ParameterError(
                f"encoder_options has no option {shown(name)}: give {', '.join(ENCODER_OPTIONS)}"
            )
        check(f"encoder_options[{name!r}]", value, ENCODER_OPTIONS[name])


def check(name: str, value: Any, constraints: Sequence[Constraint]) -> None:
    """Raise ParameterError unless one of the constraints accepts a value."""
    if not any(constraint.accepts(value) for constraint in constraints):
        accepted = ", or ".join(constraint.accepted for constraint in constraints)
        raise ParameterError(f"{name} must be {accepted}, got {shown(value)}")


def shown(value: Any) -> str:
    """Return a value as text for a message: one line, and not longer than a message may be."""
    text = " ".join(repr(value).split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


_LONGEST = 80


def _is_classifier(value: Any) -> bool:
    if isinstance(value, type) or not (hasattr(value, "fit") and hasattr(value, "get_params")):
        return False
    return hasattr(value, "predict") and not _predicts_numbers(value)


def _predicts_numbers(value: Any) -> bool:
    """Return whether a model is a regressor; one that scikit-learn knows nothing of is none."""
    try:
        return bool(is_regressor(value))
    except (AttributeError, TypeError):
        return False
