"""Warns in the log, once, that V has too few evaluators of a class that has examples."""

import logging
from collections.abc import Sequence

from hcdv_stream.runtime.logs import fields
from hcdv_stream.valuation.drift.evaluator_shortage import Counts, short_of_evaluators

log = logging.getLogger(__name__)


class EvaluatorWarnings:
    """The warnings of one partition; a class that has recovered is warned of again.

    ``least`` (C,) are the evaluators that V should keep of each class.
    """

    def __init__(self, partition: int, classes: Sequence[str], least: Counts) -> None:
        self._partition = partition
        self._classes = classes
        self._least = least
        self._short: set[int] = set()

    def check(self, examples: Counts, evaluators: Counts) -> None:
        """Look at the counts by class, (C,), after an update."""
        short = short_of_evaluators(examples, evaluators, self._least)
        for label in short:
            if label not in self._short:
                log.warning(
                    "V has too few evaluators of a class: its values say little, none without any",
                    extra=fields(
                        partition=self._partition,
                        label=self._classes[label],
                        evaluators=int(evaluators[label]),
                        least=int(self._least[label]),
                    ),
                )
        self._short = set(short)
