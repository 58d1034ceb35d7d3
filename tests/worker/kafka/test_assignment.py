"""Partitions go where their states are, in balance, and wait for a holder that is just starting."""

from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hcdv_stream.worker.kafka.assignment import Claim, find_homes

PATIENCE = 30.0
FOUR = range(4)


def claim(
    name: str,
    offsets: Mapping[int, int] | None = None,
    committed: Mapping[int, int] | None = None,
    age: float = 100.0,
    owned: frozenset[int] = frozenset(),
) -> Claim:
    return Claim(name, age, offsets or {}, committed or {}, owned)


def homes(claims: dict[str, Claim]) -> dict[str, list[int]]:
    return {member: list(n) for member, n in find_homes(FOUR, claims, PATIENCE).partitions.items()}


def test_a_state_draws_its_partition():
    claims = {"x": claim("b", {1: 10, 3: 10}), "y": claim("a", {0: 10, 2: 10})}
    assert homes(claims) == {"x": [1, 3], "y": [0, 2]}


def test_the_furthest_state_counts_also_against_leftovers():
    claims = {
        "x": claim("a", {0: 900, 1: 900, 2: 100, 3: 100}),
        "y": claim("b", {0: 500, 1: 500, 2: 900, 3: 900}),
    }
    assert homes(claims) == {"x": [0, 1], "y": [2, 3]}


def test_balance_comes_before_states_and_costs_as_little_as_it_can():
    claims = {
        "x": claim("a", {0: 1000, 1: 10, 2: 1000, 3: 20}, owned=frozenset(FOUR)),
        "y": claim("b"),
    }
    assert homes(claims) == {"x": [0, 2], "y": [1, 3]}


def test_equal_states_stay_with_their_owner():
    everything = dict.fromkeys(FOUR, 7)
    claims = {
        "x": claim("a", everything, owned=frozenset({2, 3})),
        "y": claim("b", everything, owned=frozenset({0, 1})),
    }
    assert homes(claims) == {"x": [2, 3], "y": [0, 1]}


def test_three_members_share_four_partitions_as_evenly_as_can_be():
    shares = homes({name: claim(name) for name in "abc"})
    assert sorted(map(len, shares.values())) == [1, 1, 2]


def test_a_partition_waits_while_its_holder_may_be_starting():
    committed = dict.fromkeys(FOUR, 50)
    early = {"x": claim("a", {0: 50, 1: 50}, committed, age=1.0)}
    found = find_homes(FOUR, early, PATIENCE)
    assert found.partitions == {"x": [0, 1]}
    assert (found.waiting, found.seconds) == ([2, 3], 29.0)
    # A leftover that is behind what the group had committed is no home either.
    behind = {"x": claim("a", {0: 50, 1: 50, 2: 49, 3: 20}, committed, age=1.0)}
    assert find_homes(FOUR, behind, PATIENCE).waiting == [2, 3]
    assert find_homes(FOUR, behind, PATIENCE, slack=1).waiting == [3]
    assert find_homes(FOUR, early, PATIENCE, slack=100).waiting == [2, 3]


def test_it_does_not_wait_for_ever_nor_where_nothing_was_done_yet():
    committed = dict.fromkeys(FOUR, 50)
    late = {"x": claim("a", {0: 50, 1: 50}, committed, age=31.0)}
    assert find_homes(FOUR, late, PATIENCE).waiting == []
    assert homes(late) == {"x": [0, 1, 2, 3]}
    fresh = {"x": claim("a", age=0.0)}
    assert homes(fresh) == {"x": [0, 1, 2, 3]}


offsets = st.dictionaries(st.integers(0, 11), st.integers(0, 5))
claims_of_members = st.dictionaries(
    st.sampled_from("abcdef"),
    st.builds(
        Claim,
        name=st.sampled_from(["", "p", "q"]),
        age=st.floats(0, 60),
        offsets=offsets,
        committed=offsets,
        owned=st.frozensets(st.integers(0, 11)),
    ),
    min_size=1,
)


@settings(deadline=None)
@given(claims_of_members, st.integers(1, 12))
def test_each_partition_has_one_home_or_waits_and_shares_are_equal(
    claims: dict[str, Claim], count: int
):
    found = find_homes(range(count), claims, PATIENCE)
    given_out = [number for numbers in found.partitions.values() for number in numbers]
    assert sorted([*given_out, *found.waiting]) == list(range(count))
    most = -(-count // len(claims))
    assert max(map(len, found.partitions.values())) <= most
    if not found.waiting:
        assert min(map(len, found.partitions.values())) >= count // len(claims)
    backwards = dict(reversed(claims.items()))
    assert find_homes(range(count), backwards, PATIENCE) == found


@pytest.mark.parametrize("members", [1, 2, 5])
def test_what_was_assigned_is_assigned_again(members: int):
    names = [f"m{n}" for n in range(members)]
    first = find_homes(range(12), {name: claim(name) for name in names}, PATIENCE)
    again = {
        name: claim(name, dict.fromkeys(first.partitions[name], 9), owned=frozenset(numbers))
        for name, numbers in first.partitions.items()
    }
    assert find_homes(range(12), again, PATIENCE).partitions == first.partitions
