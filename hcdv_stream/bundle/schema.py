"""The one place where a session's features are validated and turned into the encoder's input."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from operator import itemgetter
from typing import Any

import numpy as np
import numpy.typing as npt

from hcdv_stream.bundle.checks import check_feature
from hcdv_stream.bundle.errors import BundleError, FeatureError
from hcdv_stream.bundle.features import Categorical, Feature, Number

Row = Sequence[float]
"""A valid session: one raw value per feature, see ``features``."""

Column = Sequence[object] | npt.NDArray[Any]
Columns = Mapping[str, Column]
"""The features of n sessions by name; a gap is None, and in a numeric array NaN."""

_NUMBER_TYPES = frozenset({int, float})


@dataclass(frozen=True)
class FeatureSchema:
    """Names, types and order of the features that a bundle was trained on."""

    features: tuple[Feature, ...]

    def __post_init__(self) -> None:
        if not self.features:
            raise ValueError("a schema needs at least one feature")
        if len(set(self.names)) < len(self.features):
            raise ValueError("the names of features must differ")

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the features, in order."""
        return tuple(feature.name for feature in self.features)

    @cached_property
    def width(self) -> int:
        """How many columns the encoder's input has."""
        return sum(feature.width for feature in self.features)

    def row(self, features: object) -> Row:
        """Judge one session's features: a mapping from name to value, or values in order.

        A gap is accepted only for features that had gaps in training. Raises FeatureError.
        """
        values = self._ordered(features)
        if not self._categorical:
            return values if self._plain(values) else self._validated(values)
        row = list(values)
        for position, python_type, codes in self._categorical:
            value = row[position]
            code = codes.get(value) if type(value) is python_type else None
            row[position] = self.features[position].validate(value) if code is None else code
        return row if self._plain(row) else self._validated(values)

    def rows(self, columns: Columns) -> list[Row]:
        """Judge whole columns: the features of n sessions by name; raises FeatureError.

        Columns that are no feature are ignored.
        """
        missing = [name for name in self.names if name not in columns]
        if missing:
            raise FeatureError("missing_feature", f"there is no column {missing[0]!r}")
        listed = [listed_column(columns[name]) for name in self.names]
        return [self.row(values) for values in zip(*listed, strict=True)]

    def matrix(self, rows: Sequence[Row] | npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
        """Turn n valid sessions into the encoder's input, shape (n, width), each on its own."""
        raw = np.asarray(rows, dtype=np.float64).reshape(len(rows), len(self.features))
        out = np.zeros((len(rows), self.width), dtype=np.float32)
        start = 0
        for position, feature in enumerate(self.features):
            stop = start + feature.width
            feature.columns(np.ascontiguousarray(raw[:, position]), out[:, start:stop])
            start = stop
        return out

    def to_json(self) -> list[dict[str, Any]]:
        """Return the schema as JSON values; ``from_json`` is the inverse."""
        return [_feature_to_json(feature) for feature in self.features]

    @classmethod
    def from_json(cls, entries: Iterable[object]) -> "FeatureSchema":
        """Read what ``to_json`` gave; raises BundleError."""
        try:
            return cls(tuple(_feature_from_json(entry) for entry in entries))
        except (TypeError, ValueError) as error:
            raise BundleError(f"the feature schema cannot be read ({error})") from error

    @cached_property
    def _pick(self) -> "itemgetter[Any]":
        return itemgetter(*self.names)

    @cached_property
    def _categorical(self) -> list[tuple[int, type, Mapping[object, float]]]:
        return [
            (position, feature.python_type, feature.codes)
            for position, feature in enumerate(self.features)
            if isinstance(feature, Categorical)
        ]

    def _ordered(self, features: object) -> Sequence[Any]:
        if isinstance(features, Mapping):
            return self._by_name(features)
        if not isinstance(features, Sequence) or isinstance(features, str | bytes):
            raise FeatureError(
                "wrong_type",
                f"features must be an object or a list, got {type(features).__name__}",
            )
        if len(features) < len(self.features):
            missing = self.names[len(features)]
            raise FeatureError(
                "missing_feature",
                f"the feature {missing!r} is missing: "
                f"{len(features)} of {len(self.features)} values are there",
            )
        if len(features) > len(self.features):
            raise FeatureError(
                "extra_feature",
                f"there are {len(features)} values for {len(self.features)} features",
            )
        return features

    def _by_name(self, features: Mapping[Any, Any]) -> Sequence[Any]:
        try:
            picked = self._pick(features)
        except KeyError as error:
            raise FeatureError(
                "missing_feature", f"the feature {error.args[0]!r} is missing"
            ) from error
        if len(features) > len(self.features):
            known = set(self.names)
            extra = next(name for name in features if name not in known)
            raise FeatureError("extra_feature", f"the feature {str(extra)[:64]!r} is not known")
        return (picked,) if len(self.features) == 1 else picked

    @staticmethod
    def _plain(row: Sequence[Any]) -> bool:
        """Whether every value certainly is a finite number; doubt means no."""
        if not _NUMBER_TYPES.issuperset(map(type, row)):
            return False
        try:
            return math.isfinite(sum(row))
        except OverflowError:
            return False

    def _validated(self, values: Sequence[Any]) -> Row:
        return [
            feature.validate(value) for feature, value in zip(self.features, values, strict=True)
        ]


def listed_column(column: Column) -> Sequence[object]:
    """Return a column as plain Python values, None for what a numeric array has as NaN."""
    if not isinstance(column, np.ndarray):
        return column
    values: list[object] = column.tolist()
    if column.dtype.kind == "f":
        for gap in np.flatnonzero(np.isnan(column)):
            values[gap] = None
    return values


def _feature_to_json(feature: Feature) -> dict[str, Any]:
    entry = {field.name: getattr(feature, field.name) for field in fields(feature)}
    kind = "number" if isinstance(feature, Number) else entry.pop("kind")
    return {"name": entry.pop("name"), "type": kind, **entry}


def _feature_from_json(entry: object) -> Feature:
    if not isinstance(entry, Mapping):
        raise ValueError(f"bundle.json: a feature is no object, but {type(entry).__name__}")
    kind = Number if entry.get("type") == "number" else Categorical
    wanted = {field.name for field in fields(kind)} - {"kind"} | {"type"}
    if entry.keys() != wanted:
        odd = sorted(map(str, entry.keys() ^ wanted))[0]
        raise ValueError(
            f"bundle.json: the feature {entry.get('name')!r} lacks {odd!r}, or has it in vain"
        )
    arguments = dict(entry)
    of_type = arguments.pop("type")
    feature: Feature
    if kind is Number:
        feature = Number(**arguments)
    else:
        if not isinstance(arguments["categories"], list):
            raise ValueError(f"bundle.json: the categories of {entry['name']!r} are no list")
        arguments["categories"] = tuple(arguments["categories"])
        feature = Categorical(kind=of_type, **arguments)
    check_feature(feature)
    return feature
