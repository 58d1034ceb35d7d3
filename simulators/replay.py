"""Examples as a stream: in order of time, with wrong labels where an experiment wants them."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hcdv_stream.offline.examples import Examples
from hcdv_stream.simulators.providers import flipped_rows


@dataclass(frozen=True, slots=True)
class ExampleStream:
    """What is replayed, in order, and which of the n rows carry a wrong label on purpose.

    ``true_labels`` are the labels before the flips.
    """

    examples: Examples
    flipped: npt.NDArray[np.bool_]
    true_labels: list[str]

    def flips(self) -> pa.Table:
        """Return who was flipped: the columns ``id``, ``true_label`` and ``sent_label``."""
        rows = np.flatnonzero(self.flipped).tolist()
        columns = {
            "id": self.examples.ids,
            "true_label": self.true_labels,
            "sent_label": self.examples.labels,
        }
        return pa.table(
            {
                name: pa.array([column[row] for row in rows], pa.string())
                for name, column in columns.items()
            }
        )


def replay(examples: Examples, flip_share: float = 0.0, seed: int = 0) -> ExampleStream:
    """Prepare examples for sending: sorted by time, those of one time in the order given.

    ``flip_share`` of the labels become another one of the labels, each equally likely. Raises
    ValueError where that is out of range, or where there is only one label.
    """
    ordered = examples.take(np.argsort(examples.timestamps, kind="stable"))
    generator = np.random.default_rng([seed, 4])
    flipped = flipped_rows(flip_share, np.ones(len(ordered)), generator)
    classes, codes = np.unique(np.array(ordered.labels, dtype=object), return_inverse=True)
    if not flipped.any():
        return ExampleStream(ordered, flipped, ordered.labels)
    if len(classes) < 2:
        raise ValueError(f"labels can only be flipped where there are two, not only {classes[0]!r}")
    other = (codes + generator.integers(1, len(classes), size=len(codes))) % len(classes)
    labels: list[str] = classes[np.where(flipped, other, codes)].tolist()
    return ExampleStream(replace(ordered, labels=labels), flipped, ordered.labels)
