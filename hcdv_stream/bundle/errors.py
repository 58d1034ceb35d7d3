"""What can be wrong with a bundle, with the data it is trained on and with a session."""

from enum import Enum

from hcdv_stream.errors import HcdvError


class BundleError(HcdvError):
    """A bundle that cannot be used: one sentence with the fix."""


class TrainingError(HcdvError):
    """A table that no bundle can be trained on: one sentence with the fix."""


class Remedy(Enum):
    """What helps if a column cannot be used: the option for it, and the words for Python."""

    DROP = ("leave it out with --drop {}", "leave it out of X")
    CATEGORICAL = ("name it in --categorical", "make it text, which is categorical")
    ENCODER = ("use --encoder contrastive", "use encoder='contrastive'")


class ColumnError(TrainingError):
    """A column that is no feature: one sentence for the command line, and one for Python."""

    def __init__(self, column: str, problem: str, *remedies: Remedy) -> None:
        """``problem`` goes on where "the column 'name'" stops."""
        self._start = f"the column {column!r} {problem}; "
        self._column = column
        self._remedies = remedies
        super().__init__(
            self._start + " or ".join(each.value[0].format(column) for each in remedies)
        )

    @property
    def in_python(self) -> str:
        """The sentence for a caller of ``HCDV`` or a method, who has no options."""
        return self._start + " or ".join(each.value[1] for each in self._remedies)


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
