"""Is what a bundle holds possible? Each check raises ValueError that names file and field."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from hcdv_stream.bundle.features import Categorical, Feature, Number
from hcdv_stream.valuation.embedding.grid import on_grid
from hcdv_stream.valuation.tree.seed import SeedHierarchy
from hcdv_stream.valuation.validation import Validation

_FARTHEST = 2.0
"""The largest cosine distance."""


def check_description(description: Mapping[str, Any]) -> None:
    """Check the entries of ``bundle.json`` besides the features, which must all be there."""
    kinds = {
        "features": list,
        "classes": list,
        "label": str,
        "dimensions": int,
        "hyper_parameters": dict,
        "metrics": dict,
        "versions": dict,
    }
    for name, kind in kinds.items():
        if type(description.get(name)) is not kind:
            raise ValueError(f"bundle.json: {name} is missing or no {kind.__name__}")
    tau, classes = description.get("tau"), description["classes"]
    if not _is_number(tau) or not 0.0 < float(tau or 0.0) <= _FARTHEST:
        raise ValueError(f"bundle.json: tau must be over 0 and at most {_FARTHEST:g}, got {tau!r}")
    texts = all(type(name) is str for name in classes)
    if len(classes) < 2 or not texts or len(set(classes)) < len(classes):
        raise ValueError("bundle.json: classes must be two or more different texts")
    if len(classes) > np.iinfo(np.int16).max:
        raise ValueError(f"bundle.json: classes are more than {np.iinfo(np.int16).max}")


def check_feature(feature: Feature) -> None:
    """Check one feature of ``bundle.json``."""
    place = f"bundle.json: the feature {feature.name!r}"
    if type(feature.name) is not str:
        raise ValueError(f"{place} must have a text as its name")
    if type(feature.nullable) is not bool:
        raise ValueError(f"{place} has a nullable that is neither true nor false")
    if isinstance(feature, Number):
        _check_number(place, feature)
    else:
        _check_categorical(place, feature)


def _check_number(place: str, feature: Number) -> None:
    if feature.scale is not None and not (_is_number(feature.scale) and feature.scale > 0.0):
        raise ValueError(f"{place} has the scale {feature.scale!r}, which must be over 0")
    if not _is_number(feature.mean):
        raise ValueError(f"{place} has the mean {feature.mean!r}, which must be a finite number")
    if feature.power is not None and not _is_number(feature.power):
        raise ValueError(f"{place} has the power {feature.power!r}, which must be a finite number")


def _check_categorical(place: str, feature: Categorical) -> None:
    if feature.kind not in ("string", "boolean", "integer"):
        raise ValueError(f"{place} has the unknown type {feature.kind!r}")
    if type(feature.other) is not bool:
        raise ValueError(f"{place} has an other that is neither true nor false")
    if any(type(category) is not feature.python_type for category in feature.categories):
        raise ValueError(f"{place} has a category that is no {feature.kind}")
    if len(set(feature.categories)) < len(feature.categories):
        raise ValueError(f"{place} has a category twice")


def check_validation(validation: Validation, classes: int) -> None:
    """Check V."""
    labels, embeddings = validation.labels, validation.embeddings
    if len(labels) != len(embeddings):
        raise ValueError(
            f"validation.npz: there are {len(labels)} labels for {len(embeddings)} embeddings"
        )
    if len(labels) and not 0 <= int(labels.min()) <= int(labels.max()) < classes:
        raise ValueError(f"validation.npz: labels must be from 0 to {classes - 1}")
    if not on_grid(embeddings):
        raise ValueError("validation.npz: embeddings must be unit vectors on the grid")


def check_seed_hierarchy(seed: SeedHierarchy) -> None:
    """Check the seed's tree: one root, every leaf equally far from it, no node without children."""
    leaves, nodes = len(seed.parents), len(seed.node_parents)
    if not leaves or not nodes or len(seed.centroids) != leaves:
        raise ValueError(
            f"hierarchy.npz: there are {len(seed.centroids)} centroids for {leaves} leaves "
            f"under {nodes} nodes"
        )
    if not on_grid(seed.centroids):
        raise ValueError("hierarchy.npz: centroids must be unit vectors on the grid")
    if not (seed.parents >= 0).all() or not (seed.parents < nodes).all():
        raise ValueError(f"hierarchy.npz: parents must be from 0 to {nodes - 1}")
    above = seed.node_parents
    if not (above >= -1).all() or not (above < nodes).all():
        raise ValueError(f"hierarchy.npz: node_parents must be from -1 to {nodes - 1}")
    if int((above == -1).sum()) != 1:
        raise ValueError("hierarchy.npz: node_parents must have -1 for one node, the root")
    depths = _depths(above)
    if min(depths) < 0:
        raise ValueError("hierarchy.npz: node_parents have a cycle")
    if len({depths[parent] for parent in seed.parents.tolist()}) > 1:
        raise ValueError("hierarchy.npz: parents put leaves at different depths")
    over_leaves, over_nodes = set(seed.parents.tolist()), set(above.tolist())
    if over_leaves & over_nodes:
        raise ValueError("hierarchy.npz: a node has both leaves and nodes as children")
    if (over_leaves | over_nodes) - {-1} != set(range(nodes)):
        raise ValueError("hierarchy.npz: a node has no children")


def _depths(above: Any) -> list[int]:
    """Return how far each node is below the root; -1 for those that never reach it."""
    children: dict[int, list[int]] = {}
    for node, parent in enumerate(above.tolist()):
        children.setdefault(parent, []).append(node)
    depths, level, depth = [-1] * len(above), children[-1], 0
    while level:
        for node in level:
            depths[node] = depth
        level = [child for node in level for child in children.get(node, ())]
        depth += 1
    return depths


def _is_number(value: object) -> bool:
    return type(value) in (int, float) and math.isfinite(value)  # type: ignore[arg-type]
