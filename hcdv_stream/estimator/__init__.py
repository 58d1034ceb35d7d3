"""The Python API: ``from hcdv_stream import HCDV``, in the manner of scikit-learn."""

from hcdv_stream.estimator.coalitions import Coalition
from hcdv_stream.estimator.hcdv import HCDV

__all__ = ["HCDV", "Coalition"]
