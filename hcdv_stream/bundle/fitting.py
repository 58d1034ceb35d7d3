"""Fits a feature schema to training columns: types from the values, scales and categories."""

import math
import warnings
from collections import Counter
from collections.abc import Collection, Sequence

import numpy as np
import numpy.typing as npt
from sklearn.preprocessing import PowerTransformer

from hcdv_stream.bundle.errors import ColumnError, Remedy, TrainingError
from hcdv_stream.bundle.features import Categorical, Category, CategoryType, Feature, Number
from hcdv_stream.bundle.normalisation.columns import normalised_column
from hcdv_stream.bundle.power import yeo_johnson
from hcdv_stream.bundle.schema import Columns, FeatureSchema

SKEWED = 1.0
"""Columns whose absolute skewness is above this are power-transformed."""
MOST_CATEGORIES = 64
"""The most frequent categories that keep an indicator of their own."""
LARGEST = 1e100
"""Training values are clipped here, so that their variance cannot overflow."""
RARE_ROWS = 10
RARE_SHARE = 0.005
"""A category in fewer rows than both say joins ``other``."""

_CATEGORY_TYPES: Sequence[tuple[type, CategoryType]] = (
    (bool, "boolean"),
    (str, "string"),
    (int, "integer"),
)


def fit_schema(
    columns: Columns,
    numeric: Collection[str] = (),
    categorical: Collection[str] = (),
) -> FeatureSchema:
    """Fit a schema to columns of n values each, in the order of ``columns``.

    Numbers are numeric; text and booleans are categorical; ``numeric`` and ``categorical`` name
    columns where that is to be otherwise (integers can be made categorical, booleans numeric). What
    is a number, a boolean and a gap is said by ``bundle.normalisation``. Raises TrainingError.
    """
    _check_names(columns, numeric, categorical)
    features: list[Feature] = []
    for name, column in columns.items():
        values = normalised_column(column)
        present = [value for value in values if value is not None]
        if not present:
            raise ColumnError(name, "is empty", Remedy.DROP)
        nullable = len(present) < len(values)
        if name in categorical:
            present = _whole(present)
        elif name in numeric and set(map(type, present)) == {bool}:
            present = [int(value) for value in present]  # type: ignore[call-overload]
        types = set(map(type, present))
        if name in categorical or (name not in numeric and types & {bool, str}):
            features.append(_categorical(name, present, types, nullable))
        else:
            features.append(_number(name, present, types, nullable))
    return FeatureSchema(tuple(features))


def embedding_schema(columns: Columns) -> FeatureSchema:
    """Return the schema of features that already are an embedding: numbers, passed on as they are.

    Raises TrainingError where a column has anything but finite numbers.
    """
    _check_names(columns, (), ())
    for name, column in columns.items():
        if not set(map(type, normalised_column(column))) <= {int, float}:
            raise ColumnError(
                name,
                "is not all numbers, which the encoder identity needs",
                Remedy.DROP,
                Remedy.ENCODER,
            )
    return FeatureSchema(tuple(Number(name, scale=None) for name in columns))


def _check_names(columns: Columns, numeric: Collection[str], categorical: Collection[str]) -> None:
    if not columns:
        raise TrainingError("there is no feature column; the table needs at least one")
    for name in (*numeric, *categorical):
        if name not in columns:
            raise TrainingError(f"there is no feature {name!r}; there are {', '.join(columns)}")
    both = sorted(set(numeric) & set(categorical))
    if both:
        raise TrainingError(f"the column {both[0]!r} cannot be both numeric and categorical")


def _whole(present: list[object]) -> list[object]:
    """Return whole numbers as integers, if all are: as floats they stand beside gaps."""
    floats = [value for value in present if isinstance(value, float)]
    if floats and all(value.is_integer() for value in floats):
        return [int(value) if isinstance(value, float) else value for value in present]
    return present


def _number(name: str, present: list[object], types: set[type], nullable: bool) -> Number:
    if not types <= {int, float}:
        found = ", ".join(sorted(each.__name__ for each in types))
        raise ColumnError(
            name,
            f"is no numeric feature, it holds {found}",
            Remedy.CATEGORICAL,
            Remedy.DROP,
        )
    values = np.array(present, dtype=np.float64)
    if not np.isfinite(values).all():
        raise ColumnError(name, "holds an infinite number", Remedy.DROP)
    values = np.clip(values, -LARGEST, LARGEST)
    power = _fit_power(values) if abs(_skewness(values)) > SKEWED else None
    if power is not None:
        values = yeo_johnson(values, power)
    scale = float(values.std())
    return Number(name, power, float(values.mean()), scale if scale > 0.0 else 1.0, nullable)


def _skewness(values: npt.NDArray[np.float64]) -> float:
    centred = values - values.mean()
    scale = float(centred.std())
    return float(((centred / scale) ** 3).mean()) if scale > 0.0 else 0.0


def _fit_power(values: npt.NDArray[np.float64]) -> float | None:
    """Return Yeo-Johnson's λ, or None where the fit fails or makes the column worse."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # overflow inside the search for λ is harmless
        transformer = PowerTransformer(method="yeo-johnson", standardize=False)
        try:
            transformer.fit(values[:, None])
        except ValueError:
            return None
    power = float(transformer.lambdas_[0])
    if not math.isfinite(power):
        return None
    transformed = yeo_johnson(values, power)
    usable = bool(np.isfinite(transformed).all()) and float(transformed.std()) > 0.0
    better = usable and abs(_skewness(transformed)) < abs(_skewness(values))
    return power if better else None


def _categorical(name: str, present: list[object], types: set[type], nullable: bool) -> Categorical:
    named = [type_name for python_type, type_name in _CATEGORY_TYPES if types == {python_type}]
    if not named:
        found = ", ".join(sorted(each.__name__ for each in types))
        raise ColumnError(
            name,
            f"is no categorical feature, it holds {found}, and text, booleans or integers are "
            "needed, of one type",
            Remedy.DROP,
        )
    counts: Counter[Category] = Counter(present)  # type: ignore[arg-type]
    least = min(RARE_ROWS, math.ceil(RARE_SHARE * len(present)))
    frequent = sorted(counts, key=lambda category: (-counts[category], category))
    kept = [each for each in frequent[:MOST_CATEGORIES] if counts[each] >= least]
    return Categorical(name, named[0], tuple(sorted(kept)), len(kept) < len(counts), nullable)
