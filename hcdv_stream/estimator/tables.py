"""What X may be: checked as scikit-learn does, refused in one sentence of our own.

The reason for a refusal is looked for after scikit-learn refused, so a table that is taken costs
nothing more.
"""

import re
from collections.abc import Iterator
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt
from sklearn.utils.validation import validate_data

from hcdv_stream.estimator.constraints import shown
from hcdv_stream.estimator.tabular import Records, framed, is_frame, samples_of

Table = Any
"""An array (n, width), a DataFrame, or for a function as encoder whatever it takes."""

_NUMBERS = "numbers, or text that spells one"


def checked_table(
    estimator: Any,
    X: Table,
    y: Any,
    *,
    encoder: Any,
    reset: bool = False,
    names: tuple[str, str] = ("X", "y"),
) -> Table:
    """Validate a table as far as the encoder needs numbers; return it, or an array (n, width).

    ``names`` are those of the two arguments. Raises ValueError, or TypeError for an entry that is
    neither a number nor text.
    """
    if y is None:
        estimator_name = type(estimator).__name__
        raise ValueError(f"{estimator_name} requires y to be passed, but the target y is None")
    name, label = names
    if not callable(encoder):
        X = framed(X)
    if X is None or not (hasattr(X, "shape") or hasattr(X, "__len__")) or isinstance(X, str):
        raise ValueError(f"{name} must be a table with a row for each example, got {shown(X)}")
    if isinstance(X, np.ma.MaskedArray) and np.ma.is_masked(X):
        raise ValueError(f"{name} has masked entries: give {name}.filled(numpy.nan)")
    if is_frame(X):
        _check_columns(X, name)
    if callable(encoder) or (encoder == "contrastive" and is_frame(X)):
        table = X
        if getattr(X, "ndim", 0) == 2:
            _validated(estimator, X, y, name, reset=reset, skip_check_array=True)
    else:
        finite = "allow-nan" if encoder == "contrastive" else True
        table = _numbers(estimator, X, y, name, reset=reset, finite=finite)
    if not (hasattr(y, "shape") or hasattr(y, "__len__")) or isinstance(y, str):
        raise ValueError(f"{label} must hold one label for each example, got {shown(y)}")
    if samples_of(table) != len(y):
        raise ValueError(
            f"{name} and {label} must be equally long, got {samples_of(table)} and {len(y)} rows"
        )
    return table


def _numbers(
    estimator: Any, X: Table, y: Any, name: str, *, reset: bool, finite: bool | str
) -> Table:
    X = np.asarray(X) if isinstance(X, Records) else X
    for kind in map(str, X.dtypes if is_frame(X) else [getattr(X, "dtype", "")]):
        if kind.startswith(("datetime", "timedelta")):  # which scikit-learn takes for numbers
            raise ValueError(f"{name} must hold {_NUMBERS}, got {kind} values")
    try:
        _validated(estimator, X, y, name, reset=reset, skip_check_array=True)
        return validate_data(
            estimator, X, reset=reset, dtype=[np.float64, np.float32], ensure_all_finite=finite
        )
    except (ValueError, TypeError) as error:
        _explain(X, name, gaps=finite is not True)
        _reword(error, name)


def _validated(estimator: Any, X: Table, y: Any, name: str, **options: Any) -> None:
    try:
        validate_data(estimator, X, y, **options)
    except (ValueError, TypeError) as error:
        _reword(error, name)


def _reword(error: Exception, name: str) -> NoReturn:
    """Raise a refusal of scikit-learn's again, about the argument that it is of."""
    raise type(error)(re.sub(r"^X ", f"{name} ", str(error))) from None


def _check_columns(X: Table, name: str) -> None:
    """Raise ValueError for a DataFrame without rows or columns, or with two of one name."""
    _check_size(X.shape, name)
    names = [str(each) for each in X.columns]
    twice = [each for each in names if names.count(each) > 1]
    if twice:
        raise ValueError(f"{name} has two columns that are named {twice[0]!r}: rename one")


def _check_size(shape: tuple[int, ...], name: str) -> None:
    for count, kind in zip(shape, ("sample", "feature"), strict=True):
        if not count:
            raise ValueError(
                f"{name} has 0 {kind}(s) (shape={shape}) while a minimum of 1 is required."
            )


def _explain(X: Table, name: str, *, gaps: bool) -> None:
    """Raise the reason for which a table of numbers was refused, if it is known here."""
    if hasattr(X, "toarray"):
        raise ValueError(
            f"{name} is a sparse matrix, which is not supported: give {name}.toarray()"
        )
    try:
        array = np.asarray(X)
    except ValueError:
        raise ValueError(
            f"{name} must have a row for each example, of equal lengths, got {shown(X)}"
        ) from None
    if array.ndim != 2:
        raise ValueError(
            f"{name} must have two dimensions, (examples, features), got the shape {array.shape}"
        )
    _check_size(array.shape, name)
    if array.dtype.kind == "c":
        raise ValueError(
            f"Complex data not supported: {name} must hold {_NUMBERS}, got {array.dtype}"
        )
    for row, column, value in _strange(array, gaps=gaps):
        where = f"row {row}, column {X.columns[column] if is_frame(X) else column}"
        _refuse(name, value, where, gaps=gaps)


def _strange(array: npt.NDArray[Any], *, gaps: bool) -> Iterator[tuple[int, int, Any]]:
    """Yield the first entry that is no finite number, NaN being one if ``gaps``."""
    if array.dtype.kind == "f":
        odd = np.argwhere(np.isinf(array) if gaps else ~np.isfinite(array))[:1]
        yield from ((row, column, array[row, column].item()) for row, column in odd.tolist())
        return
    for (row, column), value in np.ndenumerate(array):
        try:
            number = np.nan if _is_gap(value) else float(value)
        except (TypeError, ValueError):
            yield row, column, value
            return
        if np.isinf(number) or (np.isnan(number) and not gaps):
            yield row, column, number
            return


def _is_gap(value: Any) -> bool:
    return value is None or type(value).__name__ in ("NAType", "NaTType")


def _refuse(name: str, value: Any, where: str, *, gaps: bool) -> NoReturn:
    if isinstance(value, float):
        found = "NaN" if np.isnan(value) else "infinity (inf)"
        fix = "fill it, or leave the row out"
        if np.isnan(value):
            fix += ", or use encoder='contrastive', which takes gaps"
        raise ValueError(f"{name} has {found} in {where}: {fix}")
    if isinstance(value, str):
        raise ValueError(
            f"{name} has the text {shown(str(value))} in {where}, where a number is needed: text "
            f"can be a category in a DataFrame{'' if gaps else ', for the encoder contrastive'}"
        )
    raise TypeError(
        f"{name} has {shown(value)} in {where}, but an entry of this argument must be a number, or "
        "a string that spells a number"
    )
