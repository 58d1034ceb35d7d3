"""Whose state a directory holds: what must stay the same for the state to go on."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

import orjson

from hcdv_stream.state.errors import REBUILD, StateError
from hcdv_stream.valuation.config import EngineConfig

_USUALLY = {
    name: getattr(EngineConfig(), name)
    for name in ("validation_most", "validation_least", "validation_horizon", "peer_horizon")
}
"""Parameters that older versions do not know; one that has its usual value is not written."""
_ALGORITHM1_ONLY = frozenset({"permutations", "contrast"})


@dataclass(frozen=True, slots=True)
class Identity:
    """The topic partition, the bundle and the engine parameters that a state was computed with.

    ``bundle`` is the bundle's checksum; ``classes`` are its class labels in order and
    ``validation_counts`` |V_c|, which make the state readable without the bundle.
    """

    topic: str
    partition: int
    bundle: str
    classes: tuple[str, ...]
    validation_counts: tuple[int, ...]
    engine: EngineConfig

    def dump(self) -> bytes:
        """Return it as JSON."""
        content = asdict(self)
        for name, usual in _USUALLY.items():
            if content["engine"][name] == usual:
                del content["engine"][name]
        return orjson.dumps(content, option=orjson.OPT_SORT_KEYS)

    @classmethod
    def parse(cls, data: bytes) -> "Identity":
        """Read what ``dump`` wrote; raises StateError where it holds other fields."""
        try:
            content: dict[str, Any] = orjson.loads(data)
            engine = content.pop("engine")
            engine["branching"] = tuple(engine["branching"])
            content["classes"] = tuple(content["classes"])
            content["validation_counts"] = tuple(content["validation_counts"])
            return cls(engine=EngineConfig(**engine), **content)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise StateError(
                f"the state's identity has other fields than this version writes ({error}): "
                f"run the version that wrote it, or {REBUILD}"
            ) from error

    def differences(self, other: "Identity") -> list[str]:
        """Say which fields differ, this one's value first; empty where a state can go on.

        What only ``algorithm1`` plays with does not matter to ``routed``, which weighs on read.
        """
        mine, others = dict(self._relevant()), dict(other._relevant())
        return [
            f"{name} was {mine.get(name)!r} and is now {others.get(name)!r}"
            for name in mine | others
            if mine.get(name) != others.get(name)
        ]

    def _relevant(self) -> Iterator[tuple[str, object]]:
        for field in fields(self):
            if field.name != "engine":
                yield field.name, getattr(self, field.name)
        for name, value in _parameters(self.engine).items():
            if self.engine.game == "algorithm1" or name not in _ALGORITHM1_ONLY:
                yield name, value


def _parameters(engine: EngineConfig) -> Mapping[str, object]:
    return asdict(engine)
