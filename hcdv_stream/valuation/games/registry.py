"""Which games there are, by name."""

from hcdv_stream.valuation.config import EngineConfig
from hcdv_stream.valuation.games.algorithm1 import PrintedGame
from hcdv_stream.valuation.games.game import TreeGame
from hcdv_stream.valuation.games.routed_knn import RoutedGame
from hcdv_stream.valuation.validation import Validation


def game_of(config: EngineConfig, classes: int, validation: Validation) -> TreeGame:
    """Return the game that the configuration names."""
    if config.game == "routed":
        return RoutedGame(config, classes, validation)
    return PrintedGame(config, classes, validation)
