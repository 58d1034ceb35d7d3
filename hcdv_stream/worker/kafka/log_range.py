"""What a partition's log in Kafka holds, and whether it goes with the stored state."""

from dataclasses import dataclass

from hcdv_stream.errors import HcdvError


class LogError(HcdvError):
    """A log in Kafka that does not go with the stored state."""


@dataclass(frozen=True, slots=True)
class LogRange:
    """The offsets that the log of a partition holds: ``start`` up to, not including, ``end``."""

    topic: str
    partition: int
    start: int
    end: int

    def resumed_at(self, stored: int) -> int:
        """Return where to go on after ``stored``, the first offset without effect yet.

        Raises LogError where the log does not hold what comes after ``stored``.
        """
        name = f"partition {self.partition} of topic {self.topic!r}"
        if stored < self.start:
            raise LogError(
                f"the state goes on at offset {stored} of {name}, but the log now starts at "
                f"{self.start} and the records between are lost: give the topic a longer "
                "retention, and move this partition's state directory away to begin anew from "
                f"{self.start}, on a truncated corpus, with HCDV_TRUNCATED_LOG=accept"
            )
        if stored > self.end:
            raise LogError(
                f"the state goes on at offset {stored} of {name}, but the log ends at {self.end}: "
                "it is another log than the state was computed from, so name the right "
                "HCDV_BOOTSTRAP and HCDV_TOPIC, or another HCDV_STATE_DIR"
            )
        return stored
