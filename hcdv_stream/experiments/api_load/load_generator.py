"""Reads of examples at a fixed rate, as a process of its own: what each took and what it said.

``python -m`` this module with an address, a rate, how many seconds, how many connections, a file of
ids and a file to write. The schedule is absolute and open: a read that is late because those before
it were counts from when it was due, so waiting in line is not left out. Raw sockets, since a client
library would take more of the processor than the API does.
"""

import asyncio
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlsplit

import orjson
import uvloop

_LENGTH = b"content-length:"


@dataclass(slots=True)
class ReadLoad:
    """A fixed rate of reads over some connections; ``answers`` keeps body and seconds of each."""

    host: str
    port: int
    rate: float
    seconds: float
    ids: list[str]
    answers: list[tuple[float, int, bytes]] = field(default_factory=list)
    _next: int = 0
    _began: float = 0.0

    async def run(self, connections: int) -> None:
        """Read until the time is over."""
        self._began = time.perf_counter()
        await asyncio.gather(*(self._read_on() for _ in range(connections)))

    async def _read_on(self) -> None:
        """Take the next read that is due, over and over, on one connection."""
        reader, writer = await asyncio.open_connection(self.host, self.port)
        total = int(self.rate * self.seconds)
        while self._next < total:
            turn, self._next = self._next, self._next + 1
            due = self._began + turn / self.rate
            await asyncio.sleep(max(due - time.perf_counter(), 0.0))
            path = f"/v1/examples/{quote(self.ids[turn % len(self.ids)], safe='')}"
            writer.write(f"GET {path} HTTP/1.1\r\nHost: {self.host}\r\n\r\n".encode())
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = head[head.index(_LENGTH) + len(_LENGTH) :].split(b"\r\n", 1)[0]
            body = await reader.readexactly(int(length))
            status = int(head[9:12])
            self.answers.append((time.perf_counter() - due, status, body))
        writer.close()
        await writer.wait_closed()


def main(arguments: list[str]) -> None:
    """Load an API and write, as one line of JSON for each read: seconds, status and answer."""
    url, rate, seconds, connections, ids, out = arguments
    address = urlsplit(url)
    names = Path(ids).read_text().splitlines()
    load = ReadLoad(address.hostname or "", address.port or 80, float(rate), float(seconds), names)
    uvloop.run(load.run(int(connections)))
    with Path(out).open("wb") as file:
        for taken, status, body in load.answers:
            line = {"seconds": taken, "status": status, "answer": orjson.Fragment(body)}
            file.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))


if __name__ == "__main__":
    main(sys.argv[1:])
