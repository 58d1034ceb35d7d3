"""Pictures of values: those of ``HCDV`` or of any other method.

Each function draws on ``ax``, or a new figure, and returns it. Needs matplotlib:
``pip install 'hcdv-stream[plot]'``.
"""

try:
    import matplotlib as _  # noqa: F401
except ModuleNotFoundError as error:
    raise ImportError("hcdv_stream.plots needs matplotlib: install hcdv-stream[plot]") from error

from hcdv_stream.plots.curves import plot_curves
from hcdv_stream.plots.histogram import value_histogram
from hcdv_stream.plots.tree_map import coalition_map

__all__ = ["coalition_map", "plot_curves", "value_histogram"]
