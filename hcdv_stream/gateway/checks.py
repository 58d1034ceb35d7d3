"""Whether the view of an API behind the gateway can be one of this topic's partitions.

What an API answers to a query is checked by the query itself (``api/queries``).
"""

from hcdv_stream.api.models.shards import ViewState
from hcdv_stream.gateway.exchange import BadAnswerError

SAME_VERSION = "see that it is an API of the same version"


def check_view(state: ViewState, topic: str, partitions: int) -> None:
    """Raise BadAnswerError if a state cannot be one of this topic's partitions."""
    if state.topic != topic:
        raise BadAnswerError(
            f"serves the topic {state.topic!r} and HCDV_TOPIC={topic}: name the same topic in both"
        )
    numbers = [part.number for part in state.partitions]
    if len(set(numbers)) < len(numbers):
        raise BadAnswerError(f"names a partition twice ({numbers}): {SAME_VERSION}")
    for part in state.partitions:
        if not 0 <= part.number < partitions:
            raise BadAnswerError(
                f"has partition {part.number} and HCDV_PARTITIONS={partitions}: set it to the "
                "topic's number of partitions"
            )
        if min(part.examples, part.updates, part.next_offset) < 0:
            raise BadAnswerError(f"has a negative count in partition {part.number}: {SAME_VERSION}")
    if not numbers:
        raise BadAnswerError("has no partition: see that its worker runs")
