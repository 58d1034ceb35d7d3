"""What can be wrong with a bundle, with the data it is trained on and with a session."""

from hcdv_stream.errors import HcdvError


class BundleError(HcdvError):
    """A bundle that cannot be used: one sentence with the fix."""


class TrainingError(HcdvError):
    """A table that no bundle can be trained on: one sentence with the fix."""


class RejectionError(ValueError):
    """A part of a session that is refused, with a ``reason`` that rejections are counted by."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class FeatureError(RejectionError):
    """Features that do not fit the schema.

    ``reason`` is one of ``missing_feature``, ``extra_feature``, ``wrong_type``, ``not_finite`` and
    ``null_feature``; the message names the feature.
    """


class LabelError(RejectionError):
    """A label that is no class: ``missing_label``, ``wrong_type`` or ``unknown_label``."""
