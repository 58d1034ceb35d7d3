"""What a broker says of consumer groups before a worker joins one."""

from collections.abc import Mapping
from dataclasses import dataclass

from kafka.errors import KafkaError

from hcdv_stream.broker.topic_facts import read_topic
from hcdv_stream.broker.topics import _admin

_TANSU = "tansu"


@dataclass(frozen=True, slots=True)
class GroupFacts:
    """The offsets that a group has committed in a topic, by partition, and what the broker can do.

    ``forgets_names``: a named member that does not come back loses its place in the group. Tansu
    keeps it for ever, so that nobody else would get its partitions. ``idempotent``: it takes
    aiokafka's idempotent producer, which Tansu does not. ``topic_id`` is None where the
    broker has no ids.
    """

    committed: Mapping[int, int]
    forgets_names: bool
    topic_id: str | None

    @property
    def idempotent(self) -> bool:
        """Whether a producer's retries cannot double a record."""
        return self.forgets_names


def group_facts(
    bootstrap: str, group: str, topic: str, timeout_seconds: float = 10.0
) -> GroupFacts:
    """Ask the broker; what it does not say of the group counts as nothing committed.

    Raises BrokerError where the broker cannot be reached.
    """
    with _admin(bootstrap, timeout_seconds) as admin:
        facts = read_topic(admin, topic)
        topic_id = facts.topic_id if facts else None
        try:
            cluster = str(admin.describe_cluster()["cluster_id"])
            found = admin.list_group_offsets(group).get(group, {})
        except KafkaError:  # the group is not there yet, or this client may not ask
            return GroupFacts({}, True, topic_id)
    offsets = {tp.partition: at.offset for tp, at in found.items() if tp.topic == topic}
    committed = {number: offset for number, offset in offsets.items() if offset > 0}
    return GroupFacts(committed, not cluster.startswith(_TANSU), topic_id)
