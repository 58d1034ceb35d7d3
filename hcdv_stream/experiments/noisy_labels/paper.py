"""Table 3 of the HCDV paper (Xiao et al., AAAI 2026), as printed.

By measure, method and set: the figures at 5% and at 15%.
"""

from collections.abc import Mapping

from hcdv_stream.experiments.noisy_labels.methods import DATA_SHAPLEY, DU, KNN, LOO
from hcdv_stream.experiments.tables.methods import HCDV, RANDOM

SETS = ("CIFAR10", "bbc", "IMDB")
"""OpenDataVal's embeddings of them."""

Figures = tuple[tuple[float, float], ...]

PAPER: Mapping[str, Mapping[str, Figures]] = {
    "F1": {
        RANDOM: ((0.11, 0.19), (0.11, 0.19), (0.10, 0.16)),
        LOO: ((0.13, 0.18), (0.11, 0.17), (0.11, 0.18)),
        DATA_SHAPLEY: ((0.13, 0.25), (0.12, 0.20), (0.17, 0.28)),
        KNN: ((0.14, 0.28), (0.19, 0.29), (0.17, 0.29)),
        DU: ((0.14, 0.30), (0.18, 0.34), (0.18, 0.32)),
        HCDV: ((0.16, 0.33), (0.21, 0.35), (0.20, 0.35)),
    },
    "removal": {
        RANDOM: ((0.61, 0.60), (0.90, 0.88), (0.77, 0.75)),
        LOO: ((0.62, 0.60), (0.90, 0.88), (0.77, 0.74)),
        DATA_SHAPLEY: ((0.61, 0.59), (0.89, 0.87), (0.75, 0.69)),
        KNN: ((0.60, 0.57), (0.88, 0.86), (0.76, 0.68)),
        DU: ((0.61, 0.55), (0.89, 0.85), (0.76, 0.66)),
        HCDV: ((0.57, 0.52), (0.86, 0.83), (0.74, 0.66)),
    },
    "addition": {
        RANDOM: ((0.25, 0.41), (0.68, 0.81), (0.62, 0.68)),
        LOO: ((0.15, 0.32), (0.61, 0.77), (0.53, 0.59)),
        DATA_SHAPLEY: ((0.12, 0.18), (0.08, 0.12), (0.36, 0.33)),
        KNN: ((0.13, 0.15), (0.13, 0.12), (0.41, 0.37)),
        DU: ((0.11, 0.14), (0.07, 0.11), (0.33, 0.34)),
        HCDV: ((0.09, 0.12), (0.05, 0.09), (0.29, 0.30)),
    },
}
