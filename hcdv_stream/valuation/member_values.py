"""Values of an ensemble: the mean of what its members, each with its encoder and tree, find.

**Standard errors.** Members see the same V and the same examples, and differ in what was drawn for
them: the seed of their encoder, the rows it was trained on. By the law of total variance, the
variance of the mean of M members is that of its expectation over such draws, plus the draws' own:

    W + B/M,   W = (Σ_m s_m / M)²,   B = Σ_m (φ_m − φ)² / (M − 1)

s_m are the members' standard errors, over draws of V and of the other examples. These errors come
from the same draws in every member, so they do not average out; by Cauchy and Schwarz their mean
bounds the standard error of the mean. Members are drawn independently, so theirs do: B is their
variance, without bias, and B/M what is left of it. These are the within and between variances of
Rubin, Multiple Imputation for Nonresponse in Surveys (1987), section 3.1; his B counts in full as
well, since his draws stand for data that is missing, and ours for a choice that is averaged over.
"""

import math
from collections.abc import Sequence
from functools import cached_property

import numpy as np

from hcdv_stream.valuation.arrays import Floats
from hcdv_stream.valuation.values import ValueAndStderr, Values


class MemberValues:
    """The mean values (n,) of several members, each column computed when first asked for."""

    def __init__(self, members: Sequence[Values]) -> None:
        self._members = members

    @cached_property
    def value(self) -> Floats:
        """The mean of φ."""
        return _mean([member.value for member in self._members])

    @cached_property
    def stderr(self) -> Floats:
        """Its standard error over draws of V, of the other examples and of members."""
        values = np.stack([member.value for member in self._members])
        found = _stderr(values, np.stack([member.stderr for member in self._members]))
        found.flags.writeable = False
        return found

    @cached_property
    def evaluated(self) -> Floats:
        """The mean of φ without the contrast."""
        return _mean([member.evaluated for member in self._members])


def member_mean(members: Sequence[ValueAndStderr]) -> ValueAndStderr:
    """Return the mean of a coalition's values, with its standard error."""
    if len(members) == 1:
        return members[0]
    values, stderr = np.array(members).T[..., None]
    return ValueAndStderr(
        math.fsum(member.value for member in members) / len(members),
        float(_stderr(values, stderr)[0]),
    )


def _mean(columns: Sequence[Floats]) -> Floats:
    mean: Floats = np.mean(np.stack(columns), axis=0)
    mean.flags.writeable = False
    return mean


def _stderr(values: Floats, stderr: Floats) -> Floats:
    """Return the standard errors (n,) of the means of ``values`` (M, n); see the module."""
    members = len(values)
    between = values.var(axis=0, ddof=1) / members if members > 1 else 0.0
    found: Floats = np.sqrt(stderr.mean(axis=0) ** 2 + between)
    return found
