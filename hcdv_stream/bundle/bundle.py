"""A model bundle: everything frozen before the stream begins, with one checksum over all of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hcdv_stream.bundle import files
from hcdv_stream.bundle.checks import check_description, check_seed_hierarchy, check_validation
from hcdv_stream.bundle.doubt_files import calibration_from, doubt_bytes, doubt_entry, doubt_from
from hcdv_stream.bundle.errors import BundleError
from hcdv_stream.bundle.labels import class_index, class_indices
from hcdv_stream.bundle.schema import Columns, FeatureSchema
from hcdv_stream.valuation.doubt.model import DoubtModel
from hcdv_stream.valuation.embedding.encoder import Encoder, Matrix
from hcdv_stream.valuation.embedding.grid import Embeddings
from hcdv_stream.valuation.tree.seed import SeedHierarchy
from hcdv_stream.valuation.validation import Validation


@dataclass(frozen=True)
class Bundle:
    """The frozen encoder with its feature schema, V, the seed hierarchy, τ and the doubt model.

    ``label`` names the label column, ``classes`` the labels in order of their indices. ``tau`` is
    the cosine distance that ``HCDV_TAU=auto`` stands for. ``doubt`` takes ``schema.matrix``; it is
    None in a bundle that was trained without. ``calibration`` is its curve. ``hyper_parameters``,
    ``metrics`` and ``versions`` (of the libraries that trained it) are there to be read; nothing
    depends on them.
    """

    schema: FeatureSchema
    classes: tuple[str, ...]
    label: str
    encoder: Encoder
    validation: Validation
    seed: SeedHierarchy
    tau: float
    hyper_parameters: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    doubt: DoubtModel | None = None
    calibration: Sequence[Mapping[str, float]] = ()

    @property
    def dimensions(self) -> int:
        """The length d of an embedding."""
        return self.encoder.dimensions

    @cached_property
    def checksum(self) -> str:
        """SHA-256 over the content of every file, in hex: the same bundle, the same checksum."""
        return files.checksum(self._description(), files.digests(self._contents()))

    @cached_property
    def class_indices(self) -> Mapping[str, int]:
        """Index of each class by its name and by its one spelling."""
        return class_indices(self.classes)

    def class_of(self, label: object) -> int:
        """Return the class index of a label as a file or message holds it; raises LabelError."""
        return class_index(label, self.class_indices)

    def encode(self, rows: Matrix, positions: npt.NDArray[np.int64]) -> Embeddings:
        """Embed rows (n, width) of ``schema.matrix``; ``positions`` (n,) are places in their log.

        Bit-identical however the log is cut, see ``valuation.encoder``.
        """
        return self.encoder.embed(rows, positions)

    def encode_columns(self, columns: Columns) -> Embeddings:
        """Judge and embed columns, their rows at positions 0, 1, ...; raises FeatureError."""
        rows = self.schema.matrix(self.schema.rows(columns))
        return self.encode(rows, np.arange(len(rows)))

    def save(self, directory: Path) -> None:
        """Write the bundle; a bundle that is there already is replaced as a whole.

        Raises BundleError where the place is taken by something else or cannot be written.
        """
        files.write(directory, self._description(), self._contents())

    @classmethod
    def load(cls, directory: Path) -> "Bundle":
        """Read a bundle; raises BundleError where it is missing, damaged or of another format."""
        description, contents = files.read(directory)
        try:
            check_description(description)
            schema = FeatureSchema.from_json(description["features"])
            classes = tuple(description["classes"])
            doubt = _doubt(description, contents, schema.width, len(classes))
            bundle = cls(
                schema=schema,
                classes=classes,
                label=description["label"],
                encoder=files.encoder_from(contents["encoder.safetensors"]),
                validation=files.validation_from(contents["validation.npz"]),
                seed=files.seed_hierarchy_from(contents["hierarchy.npz"]),
                tau=description["tau"],
                hyper_parameters=description["hyper_parameters"],
                metrics=description["metrics"],
                versions=description["versions"],
                doubt=doubt,
                calibration=() if doubt is None else calibration_from(description["doubt"]),
            )
            check_validation(bundle.validation, len(bundle.classes))
            check_seed_hierarchy(bundle.seed)
        except (BundleError, ValueError) as error:
            raise BundleError(
                f"the bundle {directory} is inconsistent ({error}); train it again with "
                "`hcdv-stream train`"
            ) from error
        bundle.check(str(directory))
        if bundle.dimensions != description["dimensions"]:
            raise BundleError(
                f"in the bundle {directory} bundle.json and the encoder differ in dimensions "
                f"({description['dimensions']} and {bundle.dimensions}); train it again with "
                "`hcdv-stream train`"
            )
        return bundle

    def check(self, name: str) -> None:
        """Raise BundleError where the parts do not fit each other."""
        widths = {
            "the encoder's input and the feature schema": (self.encoder.width, self.schema.width),
            "V and the encoder": (self.validation.embeddings.shape[1], self.dimensions),
            "the hierarchy and the encoder": (self.seed.centroids.shape[1], self.dimensions),
            "V's embeddings and labels": (len(self.validation.embeddings), len(self.validation)),
        }
        for parts, (left, right) in widths.items():
            if left != right:
                raise BundleError(
                    f"in the bundle {name} {parts} differ in size ({left} and {right}); "
                    "train it again with `hcdv-stream train`"
                )

    def _description(self) -> dict[str, Any]:
        description = {
            "features": self.schema.to_json(),
            "label": self.label,
            "classes": list(self.classes),
            "dimensions": self.dimensions,
            "tau": self.tau,
            "hyper_parameters": dict(self.hyper_parameters),
            "metrics": dict(self.metrics),
            "versions": dict(self.versions),
        }
        if self.doubt is not None:
            description["doubt"] = doubt_entry(self.doubt, self.calibration)
        return description

    def _contents(self) -> dict[str, bytes]:
        contents = {
            "encoder.safetensors": files.encoder_bytes(self.encoder),
            "validation.npz": files.arrays_bytes(
                embeddings=self.validation.embeddings, labels=self.validation.labels
            ),
            "hierarchy.npz": files.arrays_bytes(
                centroids=self.seed.centroids,
                parents=self.seed.parents,
                node_parents=self.seed.node_parents,
            ),
        }
        if self.doubt is not None:
            contents[files.DOUBT_FILE] = doubt_bytes(self.doubt)
        return contents


def _doubt(
    description: Mapping[str, Any], contents: Mapping[str, bytes], columns: int, classes: int
) -> DoubtModel | None:
    content = contents.get(files.DOUBT_FILE)
    if content is None:
        return None
    return doubt_from(content, description.get("doubt"), columns, classes)
