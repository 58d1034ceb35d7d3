"""Which errors of the broker pass by themselves, and waiting until they have."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from aiokafka import errors

from hcdv_stream.worker.kafka.log_end import UNDECODABLE
from hcdv_stream.worker.kafka.log_range import LogError

log = logging.getLogger(__name__)

Answer = TypeVar("Answer")

_AGAIN_SECONDS = 0.5
_PASSING = (
    TimeoutError,
    errors.KafkaTimeoutError,
    # A producer that lost count, or its place at the broker, begins anew with the next one.
    errors.OutOfOrderSequenceNumber,
    errors.UnknownProducerId,
    errors.InvalidProducerEpoch,
    errors.ProducerFenced,
    errors.ProducerClosed,
)


def will_pass(error: BaseException) -> bool:
    """Say whether trying again may help once the broker is back."""
    return isinstance(error, _PASSING) or getattr(error, "retriable", False)


async def until_answered(ask: Callable[[], Awaitable[Answer]], about: str) -> Answer:
    """Ask again and again until the broker answers; raises LogError where that will not help."""
    while True:
        try:
            return await ask()
        except UNDECODABLE as error:
            raise LogError(
                f"a batch of {about} cannot be decoded ({error}): install what its codec needs, "
                "then start the worker again"
            ) from error
        except (errors.KafkaError, TimeoutError) as error:
            log.debug("the broker does not answer", exc_info=True)
            if not will_pass(error):
                raise LogError(
                    f"the broker refuses to answer for {about} ({error!r}): look at its log, then "
                    "start the worker again"
                ) from error
        await asyncio.sleep(_AGAIN_SECONDS)
