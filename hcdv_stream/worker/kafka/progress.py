"""How far a partition has come in its log, and what is behind.

Not every offset holds a record that takes effect: commit and abort markers, aborted transactions
and compaction leave gaps. They are progress as soon as they have been read and everything before
them has taken effect.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LogProgress:
    """Where a partition is in its log.

    ``position`` is the first offset that may still hold a record without effect, ``log_end`` the
    last stable offset: behind it are records of transactions that may still be aborted, which
    nobody may read yet.
    """

    position: int
    log_end: int

    @property
    def behind(self) -> int:
        """The offsets up to the log's end whose records, if any, have no effect yet."""
        return max(self.log_end - self.position, 0)


@dataclass(frozen=True, slots=True)
class ReadPosition:
    """How far the consumer has read: everything below ``position``, and what it found there.

    ``handed_over`` is the offset of the last record that it handed over, -1 before the first.
    """

    position: int
    handed_over: int

    def reached(self, expected: int) -> int:
        """Return the first offset that may still hold a record without effect.

        ``expected`` is the offset behind the last effect. While a record that was handed over is
        without effect, what was read behind it is not done yet.
        """
        return max(expected, self.position) if self.handed_over < expected else expected
