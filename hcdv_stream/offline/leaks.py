"""Columns that alone tell the label: what is known only after it, such as an order's id."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from hcdv_stream.bundle.normalisation.gaps import is_gap

LEAK = 0.99
"""A column warns if it gets this mean share of each class right."""
MOST_VALUES = 64
"""A column of more values is looked at for its gaps alone."""
LEAST_ROWS = 50
"""Fewer rows agree by chance."""


def leak_notes(columns: Mapping[str, Sequence[Any]], labels: Sequence[str]) -> tuple[str, ...]:
    """Return a warning for each column whose values, or gaps, nearly tell the label."""
    if len(labels) < LEAST_ROWS:
        return ()
    notes = []
    for name, values in columns.items():
        filled = [not is_gap(value) for value in values]
        if _told(filled, labels) >= LEAK:
            problem = "is filled for some labels only, which nearly tells the label"
        elif _few(values) and _told(values, labels) >= LEAK:
            problem = "nearly tells the label"
        else:
            continue
        notes.append(f"column {name!r}: {problem}; if it is known only afterwards, --drop {name}")
    return tuple(notes)


def _few(values: Sequence[Any]) -> bool:
    seen = set()
    for value in values:
        seen.add(value)
        if len(seen) > MOST_VALUES:
            return False
    return True


def _told(values: Sequence[Any], labels: Sequence[str]) -> float:
    """Return the mean share of each class that is right if each value says its commonest class."""
    groups: defaultdict[Any, Counter[str]] = defaultdict(Counter)
    for value, label in zip(values, labels, strict=True):
        groups[value][label] += 1
    classes = Counter(labels)
    if len(groups) < 2 or len(classes) < 2:
        return 0.0
    right: Counter[str] = Counter()
    for counts in groups.values():
        label, count = max(counts.items(), key=lambda each: (each[1] / classes[each[0]], each[0]))
        right[label] += count
    return sum(right[name] / count for name, count in classes.items()) / len(classes)
