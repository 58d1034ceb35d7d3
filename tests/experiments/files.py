"""Made-up files in the shape of the real sets, learnable and small."""

import csv
import gzip

import numpy as np

from hcdv_stream.experiments.augmentation.fashion_mnist import (
    CLASSES,
    FOLDER,
    IMAGE_HEADER,
    LABEL_HEADER,
    SIDE,
)
from hcdv_stream.experiments.common.datasets import (
    ADULT_COLUMNS,
    ADULT_FILES,
    ADULT_NUMBERS,
    SHOPPERS_CODES,
    SHOPPERS_FILE,
)

SHOPPERS_NUMBERS = ("Administrative", "ProductRelated", "BounceRates", "ExitRates", "PageValues")


def write_sets(folder, rows=400, seed=0):
    generator = np.random.default_rng(seed)
    (folder / SHOPPERS_FILE).parent.mkdir(parents=True)
    (folder / ADULT_FILES[0]).parent.mkdir(parents=True)
    _write_shoppers(folder / SHOPPERS_FILE, generator, rows)
    half = rows // 2
    _write_adult(folder / ADULT_FILES[0], generator, half, "")
    _write_adult(folder / ADULT_FILES[1], generator, rows - half, ".")
    return folder


def write_fashion(folder, count=60, part="train"):
    """Write noise whose first pixel is the label; return the images."""
    (folder / FOLDER).mkdir(exist_ok=True)
    labels = (np.arange(count) % len(CLASSES)).astype(np.uint8)
    images = np.random.default_rng(0).integers(0, 256, (count, SIDE, SIDE)).astype(np.uint8)
    images[:, 0, 0] = labels
    for name, header, content in (
        (f"{part}-labels-idx1-ubyte.gz", LABEL_HEADER, labels),
        (f"{part}-images-idx3-ubyte.gz", IMAGE_HEADER, images),
    ):
        (folder / FOLDER / name).write_bytes(gzip.compress(bytes(header) + content.tobytes()))
    return images


def _write_shoppers(path, generator, rows):
    bought = generator.random(rows) < 0.2
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*SHOPPERS_NUMBERS, *SHOPPERS_CODES, "Weekend", "Revenue"])
        for label in bought:
            numbers = np.round(generator.normal(2.0 * label, 1.0, len(SHOPPERS_NUMBERS)), 3)
            codes = [f"c{generator.integers(3)}" for _ in SHOPPERS_CODES]
            writer.writerow([*numbers, *codes, "FALSE", str(bool(label)).upper()])


def _write_adult(path, generator, rows, stop):
    lines = []
    for label in generator.random(rows) < 0.25:
        cells = [
            f"{generator.normal(2.0 * label, 1.0):.3f}"
            if name in ADULT_NUMBERS
            else ("?" if generator.random() < 0.1 else f"v{generator.integers(3)}")
            for name in ADULT_COLUMNS[:-1]
        ]
        lines.append(", ".join([*cells, (">50K" if label else "<=50K") + stop]))
    path.write_text("\n".join(lines) + "\n")
