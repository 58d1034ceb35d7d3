"""Can the records that a worker would read next be read, and how many wait?"""

import asyncio
from collections.abc import Mapping

from aiokafka.errors import KafkaError

from hcdv_stream.doctor.check import CheckResult, failed, passed, skipped
from hcdv_stream.settings import Settings
from hcdv_stream.worker.kafka.log_end import UNDECODABLE, WaitingRecords, count_waiting

_MOST = 1000
"""Records that are read of each partition."""


def check_records(settings: Settings, stored: Mapping[int, int], partitions: int) -> CheckResult:
    """Read what waits in each partition's log, as far as it is committed.

    ``stored`` maps a partition to the first offset without effect; others are read from the start.
    """
    name = "records"
    if not partitions:
        return skipped(name, "there is no topic to read")
    found: list[WaitingRecords] = []
    for number in range(partitions):
        place = (settings.topic, number, stored.get(number))
        try:
            found.append(asyncio.run(count_waiting(settings.bootstrap.split(","), *place, _MOST)))
        except UNDECODABLE as error:
            return failed(
                name,
                f"partition {number} of {settings.topic!r} holds a batch that cannot be decoded "
                f"({error})",
                "install what its codec needs, or copy the topic without that batch",
            )
        except (KafkaError, TimeoutError) as error:
            return failed(
                name,
                f"partition {number} of {settings.topic!r} cannot be read ({error!r})",
                "look at the broker",
            )
    least = "" if all(each.is_all for each in found) else "at least "
    return passed(name, f"{least}{sum(each.records for each in found)} records wait")
