"""One feature of a session: its type, what it accepts and what it becomes in the encoder's input.

A raw value is a float: the number itself, a category's code, or NaN for a gap. What a value stands
for is said by ``bundle.normalisation``, alike for a session's JSON and a cell of a file.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

from hcdv_stream.bundle.errors import FeatureError
from hcdv_stream.bundle.normalisation.spelling import boolean_of, number_of, plain, text_of
from hcdv_stream.bundle.power import yeo_johnson

CategoryType = Literal["string", "boolean", "integer"]
Category = str | bool | int

STANDARD_LIMIT = 10.0
"""Standardised numbers are clipped here, so no finite input can overflow the encoder."""
RAW_LIMIT = 1e12
"""Numbers that are passed on as they are (embeddings) are clipped here."""

_PYTHON_TYPES: Mapping[str, type] = {"string": str, "boolean": bool, "integer": int}
_ARTICLES: Mapping[str, str] = {"string": "text", "boolean": "a boolean", "integer": "an integer"}


@dataclass(frozen=True)
class Number:
    """A numeric feature: (power-transformed and) standardised, or passed on as it is.

    ``power`` is Yeo-Johnson's λ or None. ``scale`` > 0 divides after ``mean`` is subtracted; a
    ``scale`` of None passes numbers on untouched. Where ``nullable``, because the training column
    had gaps, a gap is accepted: it becomes the mean, and a second column says so.
    """

    name: str
    power: float | None = None
    mean: float = 0.0
    scale: float | None = 1.0
    nullable: bool = False

    @property
    def width(self) -> int:
        """How many columns of the encoder's input it takes."""
        return 1 + self.nullable

    def validate(self, value: object) -> float:
        """Return the raw value; raises FeatureError."""
        found = plain(value)
        if found is None and self.nullable:
            return math.nan
        if found is None:
            raise FeatureError("null_feature", f"the feature {self.name!r} must not be null")
        if isinstance(found, str):
            found = number_of(found, padded=True)
        if not isinstance(found, int | float):
            raise FeatureError(
                "wrong_type", f"the feature {self.name!r} must be a number, got {_shown(value)}"
            )
        try:
            number = float(found)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            raise FeatureError("not_finite", f"the feature {self.name!r} must be finite")
        return number

    def columns(self, raw: npt.NDArray[np.float64], out: npt.NDArray[np.float32]) -> None:
        """Turn raw values (n,) into ``out`` (n, width), which holds zeros."""
        gaps = np.isnan(raw)
        if self.scale is None:
            standard = np.clip(raw, -RAW_LIMIT, RAW_LIMIT)
        else:
            values = raw if self.power is None else yeo_johnson(raw, self.power)
            standard = np.clip((values - self.mean) / self.scale, -STANDARD_LIMIT, STANDARD_LIMIT)
        out[:, 0] = np.where(gaps, 0.0, standard)
        if self.nullable:
            out[:, 1] = gaps


@dataclass(frozen=True)
class Categorical:
    """A categorical feature: one indicator column per category known from training.

    Categories that were rare in training share one ``other`` column with those never seen; where
    none was rare, an unseen category leaves every column 0. Where ``nullable``, because the
    training column had gaps, null is accepted and has a column of its own.
    """

    name: str
    kind: CategoryType
    categories: tuple[Category, ...]
    other: bool = False
    nullable: bool = False

    @property
    def width(self) -> int:
        """How many columns of the encoder's input it takes."""
        return len(self.categories) + self.other + self.nullable

    @cached_property
    def codes(self) -> Mapping[object, float]:
        """Code of every known category; any other one has the code len(categories)."""
        return {category: float(code) for code, category in enumerate(self.categories)}

    @cached_property
    def python_type(self) -> type:
        """The one Python type that a category has."""
        return _PYTHON_TYPES[self.kind]

    def validate(self, value: object) -> float:
        """Return the raw value, a code; raises FeatureError."""
        if type(value) is self.python_type and (code := self.codes.get(value)) is not None:
            return code
        found = plain(value)
        if found is None and self.nullable:
            return math.nan
        if found is None:
            raise FeatureError("null_feature", f"the feature {self.name!r} must not be null")
        category = self._category(found)
        if category is None:
            raise FeatureError(
                "wrong_type",
                f"the feature {self.name!r} must be {_ARTICLES[self.kind]}, got {_shown(value)}",
            )
        return self._spelt.get(category, float(len(self.categories)))

    @cached_property
    def _spelt(self) -> Mapping[object, float]:
        """Codes by the one spelling of each category; bundles of earlier versions hold others."""
        spelt: dict[object, float] = {
            self._category(plain(each)): code for each, code in self.codes.items()
        }
        return {**spelt, **self.codes}

    def _category(self, value: object) -> Category | None:
        """Return the category that a plain value stands for, or None if it can be none."""
        if not isinstance(value, bool | int | float | str):
            return None
        if self.kind == "boolean":
            return boolean_of(value)
        if self.kind == "string":
            return text_of(value)
        number = number_of(value, padded=True) if isinstance(value, str) else value
        whole = isinstance(number, int) or (isinstance(number, float) and number.is_integer())
        return int(number) if whole and number is not None else None

    def columns(self, raw: npt.NDArray[np.float64], out: npt.NDArray[np.float32]) -> None:
        """Turn raw values (n,) into ``out`` (n, width), which holds zeros."""
        known = len(self.categories)
        gaps = np.isnan(raw)
        codes = np.where(gaps, known + self.other, raw).astype(np.int64)
        held = np.flatnonzero(gaps | (codes < known + self.other))
        out[held, codes[held]] = 1.0


Feature = Number | Categorical


def _shown(value: object) -> str:
    if isinstance(value, str):
        return f"the text {value[:64]!r}"
    return str(value) if isinstance(value, int | float) else type(value).__name__
