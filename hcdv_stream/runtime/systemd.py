"""Tells systemd how a service is, where systemd asked: a datagram to ``NOTIFY_SOCKET``.

See sd_notify(3). Outside systemd nothing happens.
"""

import os
import socket
from contextlib import suppress
from typing import Literal

State = Literal["READY=1", "WATCHDOG=1", "STOPPING=1"]


def notify(state: State) -> None:
    """Say that the service is ready, still alive, or about to stop; never an error of its own.

    It never waits either: if nobody reads what was sent before, the message is dropped.
    """
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):  # the abstract namespace
        address = "\0" + address[1:]
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.setblocking(False)
        channel.sendto(state.encode(), address)
