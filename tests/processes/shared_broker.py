"""One broker for all processes of the tests: whoever starts them starts it when one first asks."""

import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from multiprocessing.connection import Client, Listener


@contextmanager
def shared_broker(start: Callable[[], AbstractContextManager[str]]) -> Iterator[str]:
    """Yield where ``broker_address`` asks for a broker that is started if anybody does."""
    with (
        tempfile.TemporaryDirectory(prefix="hcdv-broker-") as directory,
        Listener(f"{directory}/requests", "AF_UNIX") as listener,
    ):
        # The kernel ties the broker to the thread that starts it, so that one stops it too.
        thread = threading.Thread(target=_answer, args=(listener, start))
        thread.start()
        try:
            yield str(listener.address)
        finally:
            with Client(listener.address) as connection:
                connection.send("end")
            thread.join()


def _answer(listener: Listener, start: Callable[[], AbstractContextManager[str]]) -> None:
    with ExitStack() as running:
        found: tuple[str, str] | None = None
        while True:
            with listener.accept() as connection:
                if connection.recv() == "end":
                    return
                if found is None:
                    try:
                        found = running.enter_context(start()), ""
                    except Exception as error:
                        found = "", f"{type(error).__name__}: {error}"
                connection.send(found)


def broker_address(requests: str) -> str:
    """Ask for the broker; return its address once it runs."""
    with Client(requests) as connection:
        connection.send("start")
        address, error = connection.recv()
    assert address, error
    return str(address)
