"""Partitions go where their states are, in balance, and wait for a holder that is just starting."""

from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hcdv_stream.worker.kafka.assignment import MemberReport, assign_partitions

PATIENCE = 30.0
FOUR = range(4)


def report(
    name: str,
    offsets: Mapping[int, int] | None = None,
    committed: Mapping[int, int] | None = None,
    age: float = 100.0,
    owned: frozenset[int] = frozenset(),
) -> MemberReport:
    return MemberReport(name, age, offsets or {}, committed or {}, owned)


def assigned(reports: dict[str, MemberReport]) -> dict[str, list[int]]:
    return {
        member: list(n)
        for member, n in assign_partitions(FOUR, reports, PATIENCE).partitions.items()
    }


def test_a_state_draws_its_partition():
    reports = {"x": report("b", {1: 10, 3: 10}), "y": report("a", {0: 10, 2: 10})}
    assert assigned(reports) == {"x": [1, 3], "y": [0, 2]}


def test_the_furthest_state_counts_also_against_leftovers():
    reports = {
        "x": report("a", {0: 900, 1: 900, 2: 100, 3: 100}),
        "y": report("b", {0: 500, 1: 500, 2: 900, 3: 900}),
    }
    assert assigned(reports) == {"x": [0, 1], "y": [2, 3]}


def test_balance_comes_before_states_and_costs_as_little_as_it_can():
    reports = {
        "x": report("a", {0: 1000, 1: 10, 2: 1000, 3: 20}, owned=frozenset(FOUR)),
        "y": report("b"),
    }
    assert assigned(reports) == {"x": [0, 2], "y": [1, 3]}


def test_equal_states_stay_with_their_owner():
    everything = dict.fromkeys(FOUR, 7)
    reports = {
        "x": report("a", everything, owned=frozenset({2, 3})),
        "y": report("b", everything, owned=frozenset({0, 1})),
    }
    assert assigned(reports) == {"x": [2, 3], "y": [0, 1]}


def test_three_members_share_four_partitions_as_evenly_as_can_be():
    shares = assigned({name: report(name) for name in "abc"})
    assert sorted(map(len, shares.values())) == [1, 1, 2]


def test_a_partition_waits_while_its_holder_may_be_starting():
    committed = dict.fromkeys(FOUR, 50)
    early = {"x": report("a", {0: 50, 1: 50}, committed, age=1.0)}
    found = assign_partitions(FOUR, early, PATIENCE)
    assert found.partitions == {"x": [0, 1]}
    assert (found.waiting, found.seconds) == ([2, 3], 29.0)
    # A leftover that is behind what the group had committed is no owner either.
    behind = {"x": report("a", {0: 50, 1: 50, 2: 49, 3: 20}, committed, age=1.0)}
    assert assign_partitions(FOUR, behind, PATIENCE).waiting == [2, 3]
    assert assign_partitions(FOUR, behind, PATIENCE, slack=1).waiting == [3]
    assert assign_partitions(FOUR, early, PATIENCE, slack=100).waiting == [2, 3]


def test_it_does_not_wait_for_ever_nor_where_nothing_was_done_yet():
    committed = dict.fromkeys(FOUR, 50)
    late = {"x": report("a", {0: 50, 1: 50}, committed, age=31.0)}
    assert assign_partitions(FOUR, late, PATIENCE).waiting == []
    assert assigned(late) == {"x": [0, 1, 2, 3]}
    fresh = {"x": report("a", age=0.0)}
    assert assigned(fresh) == {"x": [0, 1, 2, 3]}


offsets = st.dictionaries(st.integers(0, 11), st.integers(0, 5))
reports_of_members = st.dictionaries(
    st.sampled_from("abcdef"),
    st.builds(
        MemberReport,
        name=st.sampled_from(["", "p", "q"]),
        age=st.floats(0, 60),
        offsets=offsets,
        committed=offsets,
        owned=st.frozensets(st.integers(0, 11)),
    ),
    min_size=1,
)


@settings(deadline=None)
@given(reports_of_members, st.integers(1, 12))
def test_each_partition_has_one_owner_or_waits_and_shares_are_equal(
    reports: dict[str, MemberReport], count: int
):
    found = assign_partitions(range(count), reports, PATIENCE)
    given_out = [number for numbers in found.partitions.values() for number in numbers]
    assert sorted([*given_out, *found.waiting]) == list(range(count))
    most = -(-count // len(reports))
    assert max(map(len, found.partitions.values())) <= most
    if not found.waiting:
        assert min(map(len, found.partitions.values())) >= count // len(reports)
    backwards = dict(reversed(reports.items()))
    assert assign_partitions(range(count), backwards, PATIENCE) == found


@pytest.mark.parametrize("members", [1, 2, 5])
def test_what_was_assigned_is_assigned_again(members: int):
    names = [f"m{n}" for n in range(members)]
    first = assign_partitions(range(12), {name: report(name) for name in names}, PATIENCE)
    again = {
        name: report(name, dict.fromkeys(first.partitions[name], 9), owned=frozenset(numbers))
        for name, numbers in first.partitions.items()
    }
    assert assign_partitions(range(12), again, PATIENCE).partitions == first.partitions
