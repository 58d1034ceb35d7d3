"""How the doubt model lies in a bundle: arrays in ``doubt.npz``, the rest in ``bundle.json``.

The models of all rows come first, then those that are blind to some providers, one set behind the
other in each array.
"""

import io
from collections.abc import Mapping, Sequence
from typing import Any, get_args

import numpy as np

from hcdv_stream.bundle.arrays import Kind, read_arrays
from hcdv_stream.bundle.files import DOUBT_FILE
from hcdv_stream.valuation.doubt.calibration import Calibration
from hcdv_stream.valuation.doubt.linear import LinearScores
from hcdv_stream.valuation.doubt.model import ClassModels, DoubtModel, Evidence
from hcdv_stream.valuation.doubt.trees import TreeEnsemble

_TREES: Mapping[str, Kind] = {
    "feature": ("<i4", 1),
    "threshold": ("<f4", 1),
    "left": ("<i4", 1),
    "outputs": ("<i4", 2),
    "roots": ("<i4", 2),
    "sizes": ("<i8", 1),
}
_KINDS: Mapping[str, Kind] = {
    **{f"{part}_{name}": kind for part in ("forest", "boosting") for name, kind in _TREES.items()},
    "coefficients": ("<i4", 3),
    "intercepts": ("<f8", 2),
    "centre": ("<f8", 2),
    "scale": ("<f8", 2),
    "baseline": ("<f8", 2),
    "offsets": ("<f8", 1),
    "slopes": ("<f8", 1),
    "sharpness": ("<f8", 1),
    "learned": ("<u8", 1),
}


def doubt_bytes(model: DoubtModel) -> bytes:
    """Return the model's arrays in numpy's npz format."""
    sets = [model.models, *model.blind]
    arrays = {
        **_tree_arrays("forest", [each.forest for each in sets]),
        **_tree_arrays("boosting", [each.boosting for each in sets if each.boosting is not None]),
        "coefficients": np.stack([each.linear.coefficients for each in sets]),
        "intercepts": np.stack([each.linear.intercepts for each in sets]),
        "centre": np.stack([each.linear.centre for each in sets]),
        "scale": np.stack([each.linear.scale for each in sets]),
        "baseline": np.stack([each.baseline for each in sets]),
        "offsets": model.calibration.offsets,
        "slopes": model.calibration.slopes,
        "sharpness": model.sharpness,
        "learned": model.learned,
    }
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def doubt_entry(model: DoubtModel, calibration: Sequence[Mapping[str, float]]) -> dict[str, Any]:
    """Return what ``bundle.json`` says of the model, and the curve of its calibration."""
    return {
        "evidence": model.evidence,
        "providers": dict(model.blind_to or {}),
        "calibration": [dict(each) for each in calibration],
    }


def calibration_from(entry: Mapping[str, Any]) -> tuple[Mapping[str, float], ...]:
    """Read the curve of the calibration; raises ValueError."""
    curve = entry.get("calibration")
    if not isinstance(curve, list) or not all(
        isinstance(each, dict) and each.keys() == {"doubt", "wrong", "weight"} for each in curve
    ):
        raise ValueError("bundle.json: doubt has no list of calibration points")
    return tuple(curve)


def doubt_from(content: bytes, entry: object, columns: int, classes: int) -> DoubtModel:
    """Read the model of a bundle with so many columns and classes; raises ValueError."""
    evidence, providers = _described(entry)
    arrays = read_arrays(DOUBT_FILE, content, _KINDS)
    try:
        model = _model(arrays, evidence, providers)
        model.check(columns, classes)
    except (ValueError, IndexError) as error:
        raise ValueError(f"{DOUBT_FILE}: {error}") from error
    return model


def _described(entry: object) -> tuple[Evidence, dict[str, int]]:
    """Check what ``bundle.json`` says of the model."""
    described: dict[str, Any] = entry if isinstance(entry, dict) else {}
    evidence: Any = described.get("evidence")
    providers = described.get("providers")
    if evidence not in get_args(Evidence):
        raise ValueError("bundle.json: doubt has no evidence that is validation or examples")
    if not isinstance(providers, dict) or not all(type(each) is int for each in providers.values()):
        raise ValueError("bundle.json: doubt has no object of providers with whole numbers")
    return evidence, providers


def _model(arrays: dict[str, Any], evidence: Evidence, providers: dict[str, int]) -> DoubtModel:
    sets = len(arrays["coefficients"])
    classes = arrays["coefficients"].shape[2]
    per_set = ("intercepts", "centre", "scale", "baseline")
    if not sets or any(len(arrays[name]) != sets for name in per_set):
        raise ValueError("its arrays are of different numbers of models")
    forests = _trees("forest", arrays, [1] * sets)
    boosted = bool(len(arrays["boosting_roots"]))
    groups = [1 if classes == 2 else classes] * (sets if boosted else 0)
    boostings: Sequence[TreeEnsemble | None] = _trees("boosting", arrays, groups)
    models = [
        ClassModels(
            forests[place],
            LinearScores(
                arrays["coefficients"][place],
                arrays["intercepts"][place],
                arrays["centre"][place],
                arrays["scale"][place],
            ),
            boostings[place] if boosted else None,
            arrays["baseline"][place],
        )
        for place in range(sets)
    ]
    calibration = Calibration(arrays["offsets"], arrays["slopes"])
    return DoubtModel(
        models[0],
        calibration,
        evidence,
        tuple(models[1:]),
        providers or None,
        arrays["sharpness"],
        arrays["learned"],
    )


def _tree_arrays(part: str, trees: Sequence[TreeEnsemble]) -> dict[str, Any]:
    columns: dict[str, list[Any]] = {
        name: [getattr(each, name) for each in trees] for name in _TREES if name != "sizes"
    }
    roots = columns.pop("roots")
    joined = {
        name: np.concatenate(parts)
        if parts
        else np.zeros((0, 1) if name == "outputs" else 0, _TREES[name][0])
        for name, parts in columns.items()
    }
    joined["roots"] = np.stack(roots) if roots else np.zeros((0, 0), np.int32)
    joined["sizes"] = np.array([len(each.left) for each in trees], np.int64)
    return {f"{part}_{name}": array for name, array in joined.items()}


def _trees(name: str, arrays: dict[str, Any], groups: Sequence[int]) -> list[TreeEnsemble]:
    found = {each: arrays[f"{name}_{each}"] for each in _TREES}
    sizes = found["sizes"]
    nodes = len(found["left"])
    if len(sizes) != len(groups) or (sizes < 1).any() or int(sizes.sum()) != nodes:
        raise ValueError(f"the sizes of its {name} are not those of its nodes")
    if len(found["roots"]) != len(groups):
        raise ValueError(f"the roots of its {name} are of another number of models")
    stops = np.cumsum(sizes).tolist()
    parts = [slice(stop - size, stop) for stop, size in zip(stops, sizes.tolist(), strict=True)]
    return [
        TreeEnsemble(
            found["feature"][part],
            found["threshold"][part],
            found["left"][part],
            found["outputs"][part],
            found["roots"][place],
            groups[place],
        )
        for place, part in enumerate(parts)
    ]
