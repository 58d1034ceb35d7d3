"""Draws ``docs/augmentation.png``: candidates of each kind from the top and the bottom.

``python -m`` this module, with the extra ``plot``. Examples are drawn at random from each kind's
part of a slice; a frame marks those that the recogniser does not take for their class.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from hcdv_stream.experiments.augmentation.fashion_mnist import SIDE, fashion_images
from hcdv_stream.experiments.augmentation.pool import KINDS, Labelled
from hcdv_stream.experiments.augmentation.trial import HCDV, Rows, Sizes, Trial
from hcdv_stream.experiments.common.datasets import DEFAULT_DATA
from hcdv_stream.plots.style import COLOURS

PICTURE = Path("docs/augmentation.png")
SHOWN = 10
GAP = 2
"""Pixels between images."""


def picture(trial: Trial) -> Figure:
    """Return a figure with a row for each kind, top on the left and bottom on the right."""
    ranked = np.argsort(-trial.values[HCDV], kind="stable")
    slices = {"top": ranked[: trial.sizes.slice], "bottom": ranked[-trial.sizes.slice :]}
    figure = Figure(figsize=(11.0, 2.6), layout="constrained")
    axes = figure.subplots(len(KINDS), len(slices), squeeze=False)
    generator = np.random.default_rng(trial.seed)
    kinds = np.array(trial.kinds)
    for row, kind in enumerate(KINDS):
        for column, (name, chosen) in enumerate(slices.items()):
            among = generator.permutation(chosen[kinds[chosen] == kind])[:SHOWN]
            _show(axes[row, column], trial, among)
            if row == 0:
                axes[row, column].set_title(f"{name} {trial.sizes.slice:,}", fontsize=10)
        axes[row, 0].set_ylabel(kind, rotation=0, ha="right", va="center", fontsize=10)
    return figure


def _show(ax: Axes, trial: Trial, among: Rows) -> None:
    strip = np.zeros((SIDE, SHOWN * (SIDE + GAP) - GAP), np.float32)
    for place, row in enumerate((among + trial.first).tolist()):
        left = place * (SIDE + GAP)
        strip[:, left : left + SIDE] = trial.pool.images[row]
        if not trial.recognised[row]:
            frame = Rectangle((left - 0.5, -0.5), SIDE, SIDE, fill=False, linewidth=1.5)
            frame.set_edgecolor(COLOURS[1])
            ax.add_patch(frame)
    ax.imshow(strip, cmap="gray_r", vmin=0.0, vmax=1.0)
    ax.set_xticks([])
    ax.set_yticks([])
    ax.spines[:].set_visible(False)


def main(arguments: Sequence[str] | None = None) -> None:
    """Make a trial without the rivals and draw it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA, help="folder of the sets")
    parser.add_argument("--out", type=Path, default=PICTURE, help="picture to write")
    parser.add_argument("--seed", type=int, default=0, help="seed of the trial")
    chosen = parser.parse_args(arguments)
    train = Labelled.of(*fashion_images(chosen.data, "train"))
    picture(Trial.of(train, chosen.seed, Sizes(), rivals={})).savefig(chosen.out, dpi=110)


if __name__ == "__main__":
    main()
