"""Which member of the group each partition goes to: the one whose state is furthest, in balance.

A partition that moves to a member without its state is valued anew from the log's beginning, so the
group's leader weighs what every member holds. Members get equal shares, give or take one partition;
within that, few records are to be read again. A partition of which no member present has a state as
far as the group had committed waits: its holder is probably still starting.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MemberReport:
    """What a member says about itself when it joins.

    ``name`` orders members; ``age`` is for how many seconds it has been in the group. ``offsets``
    are the next offsets of the states that it holds, ``committed`` those that the group had
    committed when the member started; ``owned`` are the partitions that it had last.
    """

    name: str
    age: float
    offsets: Mapping[int, int]
    committed: Mapping[int, int]
    owned: frozenset[int]


@dataclass(frozen=True, slots=True)
class Assignment:
    """Partitions by member, and those that wait ``seconds`` longer for their holder."""

    partitions: Mapping[str, Sequence[int]]
    waiting: Sequence[int]
    seconds: float


def assign_partitions(
    partitions: Sequence[int],
    reports: Mapping[str, MemberReport],
    patience_seconds: float,
    slack: int = 0,
) -> Assignment:
    """Give every partition to a member; the same reports give the same assignment.

    A partition whose holder is absent waits until some member has been in the group for
    ``patience_seconds``. A state counts as its holder's if it is no more than ``slack`` records
    behind: what a group commits may lie a little beyond the state, behind what a log holds besides
    records.
    """
    furthest = {number: _furthest(number, reports) for number in partitions}
    remaining = patience_seconds - max(report.age for report in reports.values())
    waiting = (
        [
            number
            for number in partitions
            if _holder_is_absent(number, reports, furthest[number], slack)
        ]
        if remaining > 0
        else []
    )
    given = _given([n for n in partitions if n not in waiting], reports, furthest, len(partitions))
    return Assignment(given, waiting, remaining if waiting else 0.0)


def _furthest(number: int, reports: Mapping[str, MemberReport]) -> int:
    """Return the furthest offset that is known of a partition."""
    known = (report.offsets.get(number, 0) for report in reports.values())
    committed = (report.committed.get(number, 0) for report in reports.values())
    return max(*known, *committed)


def _holder_is_absent(
    number: int, reports: Mapping[str, MemberReport], furthest: int, slack: int
) -> bool:
    """Say whether no state that is present is about as far as the furthest that is known."""
    present = max(report.offsets.get(number, 0) for report in reports.values())
    return present < furthest and (not present or present < furthest - slack)


def _given(
    partitions: Sequence[int],
    reports: Mapping[str, MemberReport],
    furthest: Mapping[int, int],
    total: int,
) -> dict[str, list[int]]:
    """Share partitions out, first those to which it matters most who gets them."""
    members = sorted(reports, key=lambda member: (reports[member].name, member))
    given: dict[str, list[int]] = {member: [] for member in members}
    least, larger = divmod(total, len(members))  # so many members get one more than ``least``

    def cost(number: int, member: str) -> tuple[int, bool, int, int]:
        report = reports[member]
        behind = furthest[number] - report.offsets.get(number, 0)
        return behind, number not in report.owned, len(given[member]), members.index(member)

    def regret(number: int) -> int:
        behind = sorted(cost(number, member)[0] for member in members)
        return behind[1] - behind[0] if len(behind) > 1 else 0

    def owners(number: int) -> int:
        return sum(number in report.owned for report in reports.values())

    for number in sorted(partitions, key=lambda n: (-regret(n), -owners(n), n)):
        above = sum(len(numbers) > least for numbers in given.values())
        room = [
            member
            for member in members
            if len(given[member]) < least or (len(given[member]) == least and above < larger)
        ]
        given[min(room, key=lambda member: cost(number, member))].append(number)
    return {member: sorted(numbers) for member, numbers in given.items()}
