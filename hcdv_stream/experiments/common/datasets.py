"""The four sets that the method is evaluated on, read into columns.

Online Shoppers Purchasing Intention (Sakar and Kastro 2018, with and without ``PageValues``, which
nearly leaks the label), Adult (Becker and Kohavi 1996) and the project's own click-stream.
"""

import csv
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from hcdv_stream.errors import HcdvError
from hcdv_stream.simulators.clickstream import CLASSES, generate

DEFAULT_DATA = Path("../shared/data")

Column = npt.NDArray[np.float64] | npt.NDArray[np.object_]
Matrix = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

SHOPPERS_FILE = Path("online_shoppers/online_shoppers_intention.csv")
SHOPPERS_CODES = ("Month", "OperatingSystems", "Browser", "Region", "TrafficType", "VisitorType")
SHOPPERS_FLAGS = ("Weekend",)
ADULT_FILES = (Path("adult/adult.data"), Path("adult/adult.test"))
ADULT_COLUMNS = (
    *("age", "workclass", "fnlwgt", "education", "education_num", "marital_status", "occupation"),
    *("relationship", "race", "sex", "capital_gain", "capital_loss", "hours_per_week"),
    *("native_country", "income"),
)
ADULT_NUMBERS = frozenset(
    {"age", "fnlwgt", "education_num", "capital_gain", "capital_loss", "hours_per_week"}
)


class DatasetError(HcdvError):
    """A set that cannot be read: says which file and what to do."""


@dataclass(frozen=True, slots=True)
class Dataset:
    """n labelled examples as columns.

    ``columns`` maps a feature to float64 (n,) numbers or to object (n,) categories, str or None;
    ``labels`` int16 (n,) index ``classes``.
    """

    name: str
    columns: Mapping[str, Column]
    labels: npt.NDArray[np.int16]
    classes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, rows: Rows) -> "Dataset":
        """Return those rows, in that order."""
        columns = {name: column[rows] for name, column in self.columns.items()}
        return Dataset(self.name, columns, self.labels[rows], self.classes)

    def with_labels(self, labels: npt.NDArray[np.int16]) -> "Dataset":
        """Return the same examples under other labels."""
        return Dataset(self.name, self.columns, labels, self.classes)

    @property
    def categorical(self) -> npt.NDArray[np.bool_]:
        """Which columns of ``matrix`` are codes of categories, in column order."""
        return np.array([column.dtype == object for column in self.columns.values()])

    def matrix(self) -> Matrix:
        """Return the features for tree learners, (n, columns): categories as codes by rank.

        A missing category is NaN. Codes follow the categories present, so take the matrix of the
        whole set first and rows of it after.
        """
        return np.column_stack([_numbers(column) for column in self.columns.values()])


def _numbers(column: Column) -> Matrix:
    if column.dtype != object:
        return column.astype(np.float64)
    known = sorted({value for value in column if value is not None})
    codes = {value: float(code) for code, value in enumerate(known)}
    return np.array([np.nan if value is None else codes[value] for value in column])


def online_shoppers(data: Path, page_values: bool = True) -> Dataset:
    """12,330 real sessions, 15.5% of which end in a purchase."""
    table = list(csv.DictReader(_lines(data / SHOPPERS_FILE)))
    dropped = {"Revenue"} | (set() if page_values else {"PageValues"})
    columns: dict[str, Column] = {}
    for name in table[0]:
        if name in dropped:
            continue
        cells = [row[name] for row in table]
        if name in SHOPPERS_FLAGS:
            columns[name] = np.array([float(cell == "TRUE") for cell in cells])
        elif name in SHOPPERS_CODES:
            columns[name] = np.array(cells, dtype=object)
        else:
            columns[name] = np.array(cells, dtype=np.float64)
    labels = np.array([row["Revenue"] == "TRUE" for row in table], dtype=np.int16)
    name = "online shoppers" if page_values else "online shoppers without PageValues"
    return Dataset(name, columns, labels, ("FALSE", "TRUE"))


def adult(data: Path, size: int | None = 15_000) -> Dataset:
    """Census incomes, 24% above 50K; the first ``size`` of one fixed shuffle of all 48,842."""
    rows = [row for path in ADULT_FILES for row in _adult_rows(data / path)]
    columns: dict[str, Column] = {}
    for index, name in enumerate(ADULT_COLUMNS[:-1]):
        cells = [row[index] for row in rows]
        if name in ADULT_NUMBERS:
            columns[name] = np.array(cells, dtype=np.float64)
        else:
            columns[name] = np.array([None if c == "?" else c for c in cells], dtype=object)
    labels = np.array([row[-1].startswith(">") for row in rows], dtype=np.int16)
    whole = Dataset("adult", columns, labels, ("<=50K", ">50K"))
    return whole.take(np.random.default_rng(1996).permutation(len(rows))[:size])


def clickstream(sessions: int = 15_000, seed: int = 0) -> Dataset:
    """Sessions of the project's own simulator, ten days with drift between them, labels clean."""
    stream = generate(days=10, sessions_per_day=max(1, sessions // 10), seed=seed)
    return Dataset("simulated clicks", stream.columns, stream.labels, CLASSES)


def four_sets(data: Path, size: int | None = None) -> list[Callable[[int], Dataset]]:
    """Return readers of the four sets, from a seed that only the simulator minds.

    ``size`` keeps the first rows.
    """

    def kept(dataset: Dataset) -> Dataset:
        return dataset if size is None else dataset.take(np.arange(min(size, len(dataset))))

    return [
        lambda _: kept(online_shoppers(data)),
        lambda _: kept(online_shoppers(data, page_values=False)),
        lambda _: kept(adult(data)),
        lambda seed: clickstream(size or 15_000, seed),
    ]


def _adult_rows(path: Path) -> Iterator[list[str]]:
    width = len(ADULT_COLUMNS)
    return (row for row in csv.reader(_lines(path), skipinitialspace=True) if len(row) == width)


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise DatasetError(
            f"cannot read {path} ({error.strerror}); name the folder that holds "
            f"{SHOPPERS_FILE.parent}/ and {ADULT_FILES[0].parent}/ with --data"
        ) from error
