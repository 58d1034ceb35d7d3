"""Loops over the answers on all providers, as a process of its own.

``python -m`` this module with an address, how many seconds and how many loops; it prints how many
answers came. Each loop asks anew as soon as it is answered, for another page or another amount, so
that no answer is one that the API has kept.
"""

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from urllib.request import urlopen

_TIMEOUT_SECONDS = 60.0


def _loop(url: str, end: float, place: int) -> int:
    for turn in count():
        if time.monotonic() >= end:
            return turn
        if (turn + place) % 2:
            path = f"/v1/providers?limit=1000&lambda=0.{turn % 900 + 10:03d}"
        else:
            amount = 1000 + turn * 10 + place
            path = f"/v1/payouts?limit=1000&amount={amount}&uncertain=true"
        with urlopen(f"{url}{path}", timeout=_TIMEOUT_SECONDS) as answer:
            answer.read()
    raise AssertionError


def main(arguments: list[str]) -> None:
    """Ask until the time is over and print how many answers came."""
    url, seconds, loops = arguments[0], float(arguments[1]), int(arguments[2])
    end = time.monotonic() + seconds
    with ThreadPoolExecutor(loops) as pool:
        print(sum(pool.map(lambda place: _loop(url, end, place), range(loops))))


if __name__ == "__main__":
    main(sys.argv[1:])
