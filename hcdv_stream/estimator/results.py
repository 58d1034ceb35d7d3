"""What a fitted estimator answers: values under any weights, choices, coalitions, tables."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from hcdv_stream.estimator import parameters
from hcdv_stream.estimator.coalitions import Coalition, coalitions, leaves_of, path, places
from hcdv_stream.estimator.constraints import (
    Whole,
    check_arguments,
    check_parameters,
    shown,
)
from hcdv_stream.estimator.doubts.doubting import AlignedDoubts, Doubting
from hcdv_stream.estimator.doubts.label_issues import LabelIssues, label_issues
from hcdv_stream.estimator.doubts.scales import Scale, calibrated_values, check_scale
from hcdv_stream.estimator.fitted import FittedAttributes, check_fitted
from hcdv_stream.estimator.holding import NOWHERE, Holding
from hcdv_stream.estimator.members.ensemble import Ensemble
from hcdv_stream.estimator.provenance import provenance
from hcdv_stream.estimator.provider_payouts import ProviderPayouts, paid_out
from hcdv_stream.valuation.arrays import Floats
from hcdv_stream.valuation.drift.evaluator_shortage import has_a_say, short_of_evaluators
from hcdv_stream.valuation.methods.frames import frame
from hcdv_stream.valuation.selection import REASONS, Strategy, selection
from hcdv_stream.valuation.settlement import LEAST_CERTAINTY, Rule, is_certain
from hcdv_stream.valuation.values import Values
from hcdv_stream.valuation.weights import Weights

Rows = npt.NDArray[np.intp]
TRUSTED_REASON = "trusted"
"""Why an example in V is not chosen."""


class Results(FittedAttributes):
    """The reading half of ``HCDV``. Everything raises NotFittedError before a fit."""

    classes_: npt.NDArray[Any]
    utility: str
    beta: float | None
    lam: float
    _ensemble: Ensemble
    _doubting: Doubting
    _seed: int
    _parameters: dict[str, Any]

    @property
    def values_(self) -> Floats:
        """Shapley values, (n,)."""
        return self._values().value

    @property
    def stderr_(self) -> Floats:
        """Their standard errors, (n,): how much another V and other examples would change."""
        return self._values().stderr

    @property
    def ids_(self) -> npt.NDArray[Any]:
        """The ids as they were given, (n,)."""
        return self._held.roster.given

    @property
    def labels_(self) -> npt.NDArray[np.int16]:
        """Place of each example's label in ``classes_``, (n,)."""
        return self._held.labels

    @property
    def leaves_(self) -> npt.NDArray[np.int64]:
        """Number of each example's leaf, (n,)."""
        return self._of_one_tree("leaves_").leaves

    @property
    def coalitions_(self) -> list[Coalition]:
        """Every coalition, the root first, worth what ``values_`` adds up to there."""
        corpus = self._of_one_tree("coalitions_").corpus
        return coalitions(corpus, corpus.state_values(self._weights()))

    @property
    def provider_values_(self) -> dict[str, float]:
        """What each named provider's examples are worth together."""
        worth: dict[str, float] = {}
        for name, value in zip(self._held.providers, self.values_.tolist(), strict=True):
            if name is not None:
                worth[name] = worth.get(name, 0.0) + value
        return worth

    @property
    def provider_payouts_(self) -> dict[str, float]:
        """The part of a pot that each named provider is paid, from 0 to 1; see ``payouts``.

        Raises ValueError where ``payouts`` refuses to pay.
        """
        values = self.payout_values_
        self._refuse_luck()
        names = sorted({name for name in self._held.providers if name is not None})
        worth = dict.fromkeys(names, 0.0)
        for name, value in zip(self._held.providers, values.tolist(), strict=True):
            if name is not None:
                worth[name] += value
        total = sum(max(value, 0.0) for value in worth.values())
        return {name: max(value, 0.0) / total if total else 0.0 for name, value in worth.items()}

    def _refuse_luck(self, *, uncertain: bool = False) -> None:
        """Raise ValueError if V cannot say what a class or, unless ``uncertain``, D is worth."""
        corpus = self._held.corpus
        short = short_of_evaluators(corpus.whole.counts, corpus.trusted)
        labels = [str(corpus.classes[label]) for label in short]
        if missing := [label for label in labels if has_a_say(label, str(self.utility))]:
            named = ", ".join(map(repr, missing))
            raise ValueError(
                "payouts need V to have examples of every class that the examples have, and it "
                f"has none of {named}: give fit X_val and y_val with some"
            )
        value, stderr = self._ensemble.whole(Weights.for_payouts(self.utility))
        if not uncertain and not is_certain(value, stderr):
            raise ValueError(
                f"all examples together are worth {value:.3g} with a standard error of "
                f"{stderr:.3g}; payments would follow luck below {LEAST_CERTAINTY:g} standard "
                "errors: give fit more of X_val, leave out providers of negative value, or pay "
                "with payouts(pot, uncertain=True)"
            )

    @property
    def payout_values_(self) -> Floats:
        """Values that payouts go by, (n,), NaN for an example in V.

        V alone evaluates, what chance gives is taken off, and an exact copy of an earlier example
        is worth 0. Raises ValueError without V, and for the game "algorithm1".
        """
        check_fitted(self)
        return self._ensemble.values(Weights.for_payouts(self.utility)).value

    def payouts(
        self,
        pot: int,
        *,
        balances: Mapping[str, int] | None = None,
        rule: Rule = "balance",
        uncertain: bool = False,
    ) -> ProviderPayouts:
        """Pay a pot out to the named providers, by ``payout_values_``.

        Parameters
        ----------
        pot : int
            What is to be paid, in whole units.
        balances : mapping, optional
            What providers carried over from earlier settlements, each at most 0.
        rule : {"balance", "margin"}, default="balance"
            With ``balance`` a claim is the provider's value at one rate plus its balance. A claim
            below 0 is paid nothing and is the next balance. With ``margin`` the claim is
            Σφ − √Σφ² and nothing is carried: for names that anybody can make up.
        uncertain : bool, default=False
            Pay also if V does not tell the corpus from chance, so that payments follow luck.

        Returns
        -------
        ProviderPayouts
            Amounts, which add up to the pot, and balances, by provider.

        Raises
        ------
        ValueError
            If nobody's examples are worth more than nothing, there is no V, an argument is out of
            range, V has no example of a class that the examples have, or V does not tell the corpus
            from chance: what all examples are worth together is less than three standard errors.

        """
        paid = paid_out(self._held.providers, self.payout_values_, pot, balances, rule)
        if pot:
            self._refuse_luck(uncertain=uncertain)
        return paid

    @property
    def total_(self) -> float:
        """v(D) − v(∅), reached without any Shapley value."""
        check_fitted(self)
        return self._ensemble.total(self._weights())

    @property
    def residual_(self) -> float:
        """|Σ values − total|: 0 to rounding."""
        check_fitted(self)
        return self._ensemble.residual(self._weights())

    @property
    def provenance_(self) -> dict[str, Any]:
        """Parameters, seed, versions and sizes: enough to get the values again.

        Parameters are those in use: the weights as they are now, all others as the first call had
        them.
        """
        held, members = self._held, self._ensemble.members
        several = {"members": [each.described() for each in members]} if len(members) > 1 else {}
        return provenance(
            self._parameters | {name: getattr(self, name) for name in self._read_late},
            self._seed,
            examples=len(held.corpus),
            validation_examples=len(held.validation),
            classes=held.corpus.classes,
            encoder=members[0].embedder.metrics,
            tree=members[0].tree(),
            **several,
        )

    @property
    def doubt_(self) -> Floats:
        """The probability that each label is wrong, (n,), NaN in V.

        For the examples of the fit it comes from models that saw neither the example nor another
        of its provider; for later ones from the models of the fit, which stay as they are.
        """
        return self._doubts.doubt

    @property
    def doubt_evidence_(self) -> str:
        """What calibrated the doubts: ``validation``, or ``examples`` where V is too small."""
        return self._held_doubting.evidence

    def find_label_issues(self, threshold: float = 0.5) -> LabelIssues:
        """Return the examples whose label is probably wrong, the most doubtful first.

        Parameters
        ----------
        threshold : float, default=0.5
            The doubt, from 0 to 1, above which an example is returned.

        Returns
        -------
        LabelIssues
            Indices into X, given and suggested labels, doubts, values and a sentence of reasons for
            each. One list holds all classes: a doubt means the same in each.

        Raises
        ------
        ValueError
            If the threshold is out of range.

        """
        return label_issues(
            self._doubts,
            self._held.labels,
            self.classes_,
            self._values(),
            models=self._held_doubting.models,
            threshold=threshold,
        )

    def value(
        self,
        *,
        utility: str | None = None,
        beta: float | None = None,
        lam: float | None = None,
        scale: Scale = "shapley",
        return_stderr: bool = False,
    ) -> Any:
        """Return values under other weights, exactly and without a refit.

        Parameters
        ----------
        utility : str, optional
            How classes are weighed; see `HCDV`. None is the parameter.
        beta : float, optional
            The peers' share of the judgement. None is the parameter.
        lam : float, optional
            The weight of the contrast. None is the parameter.
        scale : {"shapley", "calibrated"}, default="shapley"
            ``shapley`` are Shapley values, which add up, but whose size depends on how common a
            class is. ``calibrated`` keeps their order within a class and makes one list over all
            classes: the probability, between 0 and 1, that an example with such a value has the
            right label.
        return_stderr : bool, default=False
            Whether to return standard errors too, of the scale ``shapley`` alone.

        Returns
        -------
        ndarray of shape (n,), or two of them
            The values, and their standard errors if asked for.

        Raises
        ------
        ValueError
            If a weight is out of range, or the game fixed it, or there is no such scale.

        """
        values = self._values(utility, beta, lam)
        check_scale(scale, return_stderr)
        if scale == "calibrated":
            return calibrated_values(values.value, self._held.labels, self._doubts.doubt)
        return (values.value, values.stderr) if return_stderr else values.value

    def select(
        self,
        share: float,
        strategy: Strategy = "spread",
        *,
        utility: str | None = None,
        beta: float | None = None,
        lam: float | None = None,
        random_state: Any = None,
        return_reasons: bool = False,
    ) -> Any:
        """Choose examples to train on.

        Parameters
        ----------
        share : float
            The share of the valued examples to return, in (0, 1].
        strategy : {"spread", "top"}, default="spread"
            ``spread`` drops every example whose doubt is above 0.5, and those above 0.1 that have a
            negative value without the contrast too. It drops the most doubtful others of a class
            until as many are dropped as have a negative value, or a tenth of the class. It draws
            evenly from the rest of each class.
            ``top`` takes the highest values.
        utility, beta, lam : optional
            Weights, as in `value`.
        random_state : int, RandomState instance or None, default=None
            Decides what ``spread`` draws. None is the seed of the fit.
        return_reasons : bool, default=False
            Whether to return the reason of each exclusion too.

        Returns
        -------
        ndarray of int
            Ascending indices into X.
        reasons : ndarray of shape (n,)
            Only with ``return_reasons``: for each example ``chosen``, ``not drawn``, ``probably
            wrong``, ``doubted and of negative value``, ``among the most doubtful of its class``,
            ``low value``, or ``trusted`` in V.

        Raises
        ------
        ValueError
            If a share, strategy or weight is out of range.

        """
        labels = self._held.labels
        check_arguments(share=share, strategy=strategy)
        values = self._values(utility, beta, lam)
        seed = self._seed if random_state is None else parameters.seed_of(random_state)
        valued = np.flatnonzero(labels != NOWHERE)
        generator = np.random.default_rng(seed)
        chosen = selection(
            values.value[valued],
            labels[valued],
            share,
            strategy,
            generator,
            evaluated=values.evaluated[valued],
            doubts=self._doubts.doubt[valued] if strategy == "spread" else None,
        )
        rows = valued[chosen.rows]
        if not return_reasons:
            return rows
        reasons = np.full(len(labels), TRUSTED_REASON, dtype=object)
        reasons[valued] = np.array(REASONS, dtype=object)[chosen.reasons]
        return rows, reasons

    def examples_in(self, coalition: str) -> Rows:
        """Return the indices of a coalition's examples.

        Parameters
        ----------
        coalition : str
            The name of a leaf or an inner node, as in ``coalitions_``.

        Returns
        -------
        ndarray of int
            Ascending indices into X.

        Raises
        ------
        KeyError
            If there is no coalition of that name.
        ValueError
            If there are several members: each has a tree of its own.

        """
        held = self._of_one_tree("examples_in")
        return np.flatnonzero(np.isin(held.leaves, leaves_of(held.corpus, coalition)))

    def path(self, example: int) -> tuple[str, ...]:
        """Return the names of an example's coalitions, from the root to its leaf.

        Parameters
        ----------
        example : int
            An index as in ``values_``, from 0.

        Returns
        -------
        tuple of str
            Names as in ``coalitions_``, the root's first.

        Raises
        ------
        IndexError
            If there is no example of that index.
        KeyError
            If the example became part of V.
        ValueError
            If there are several members: each has a tree of its own.

        """
        held = self._of_one_tree("path")
        leaves = held.leaves
        if not Whole(0, len(leaves) - 1).accepts(example):
            raise IndexError(
                f"example must be an index into values_, which has {len(leaves)} entries, "
                f"got {shown(example)}"
            )
        leaf = int(leaves[example])
        if leaf == NOWHERE:
            raise KeyError(f"the example {example} became part of V and is in no coalition")
        return path(held.corpus, leaf)

    def to_frame(self) -> Any:
        """Return what is known of each example as a table.

        Returns
        -------
        DataFrame
            The index is ``id``. Columns: label, value, stderr, evaluated (the value without the
            contrast, if the game tells them apart), leaf, path (the coalitions from the root
            down), provider. Several members have a tree each, so there are no leaf and no path
            then. ``attrs`` hold ``provenance_``.

        Raises
        ------
        ImportError
            If pandas is not installed.

        """
        held = self._held
        values = self._values()
        named = np.append(self.classes_.astype(object), [None])[held.labels]
        columns: dict[str, Any] = {
            "label": named.tolist(),
            "value": values.value,
            "stderr": values.stderr,
            "evaluated": values.evaluated,
        }
        if len(self._ensemble.members) == 1:
            columns |= places(held.corpus, held.leaves.tolist(), NOWHERE)
        columns["provider"] = held.providers
        return frame(columns, self.ids_, self.provenance_)

    @property
    def _held_doubting(self) -> Doubting:
        check_fitted(self)
        return self._doubting

    @property
    def _doubts(self) -> AlignedDoubts:
        return self._held_doubting.of(self._held.roster.names)

    @property
    def _held(self) -> Holding:
        """The examples as the first member has them."""
        check_fitted(self)
        return self._ensemble.first

    def _of_one_tree(self, name: str) -> Holding:
        """Return what the only member has; raises ValueError if there are several."""
        held, members = self._held, len(self._ensemble.members)
        if members > 1:
            raise ValueError(
                f"{name} needs one tree, and each of the {members} members has its own: fit with "
                "members=1"
            )
        return held

    @property
    def _read_late(self) -> frozenset[str]:
        """The parameters that take effect when values are read, not when games are played."""
        routed = self._held.corpus.game == "routed"
        return frozenset({"utility", "beta", "lam"} if routed else ())

    def _weights(
        self, utility: str | None = None, beta: float | None = None, lam: float | None = None
    ) -> Weights | None:
        judges, game = len(self._held.validation), self._held.corpus.game
        check_arguments(utility=utility, beta=beta, lam=lam)
        check_parameters(self, self._read_late)
        if utility is None and beta is None and lam is None:
            return parameters.usual_weights(self, game, judges)
        return parameters.weights(self, judges, utility, beta, lam)

    def _values(
        self, utility: str | None = None, beta: float | None = None, lam: float | None = None
    ) -> Values:
        weights = self._weights(utility, beta, lam)
        return self._ensemble.values(weights)
