"""What the demo comes to: the figures of the run and of the models trained on selections."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from hcdv_stream.demo.data import Prepared
from hcdv_stream.demo.observation import Observation

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Summary:
    """The run's end.

    ``auc`` holds what gradient boosting reaches on the test split by how its training examples were
    chosen; ``detection`` how well low values find the labels that were made wrong, None without.
    ``seconds`` says how long each part of the demo took.
    """

    prepared: Prepared
    last: Observation
    auc: dict[str, float]
    detection: float | None
    seconds: dict[str, float]
    partitions: int
    seed: int

    @property
    def streamed(self) -> int:
        """Sessions sent."""
        return len(self.prepared.replay.examples)

    def to_json(self) -> Json:
        """Return every figure under its name."""
        told = self.last.summary
        return {
            "input": self.prepared.title,
            "sessions_streamed": self.streamed,
            "sessions_valued": told["examples"],
            "updates": told["updates"],
            "writes": len(self.last.latencies),
            "update_latency_seconds": {
                "p50": self.last.quantile(0.5),
                "p99": self.last.quantile(0.99),
                "max": max(self.last.latencies, default=0.0),
            },
            "leaves": told["leaves"],
            "spawned": told["spawned"],
            "split": told["split"],
            "merged": told["merged"],
            "rebalances": told["rebalances"],
            "dead_letters": self.last.dead_letters,
            "efficiency_residual": told["residual"],
            "total_value": told["total"],
            "highest": [_example(example) for example in self.last.highest],
            "lowest": [_example(example) for example in self.last.lowest],
            "providers": self.last.providers,
            "auc": self.auc,
            "labels_flipped": int(np.sum(self.prepared.replay.flipped)),
            "detection_auc": self.detection,
            "trusted_examples": self.prepared.trusted,
            "test_examples": len(self.prepared.test),
            "partitions": self.partitions,
            "seed": self.seed,
            "seconds": self.seconds,
        }


def _example(example: Json) -> Json:
    return {name: example[name] for name in ("id", "label", "provider", "value", "stderr", "leaf")}
