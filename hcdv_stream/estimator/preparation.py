"""From the arguments of ``fit`` to what is valued: checked, embedded, divided into D and V."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from joblib import Parallel, delayed

from hcdv_stream.bundle.split import stratified_split
from hcdv_stream.estimator import targets
from hcdv_stream.estimator.contrastive import ContrastiveEmbedder, feature_matrix, schema_of
from hcdv_stream.estimator.embedders import Embedder, Features, Fitted, FunctionEmbedder
from hcdv_stream.estimator.likeness import fingerprints_of
from hcdv_stream.estimator.roster import Roster
from hcdv_stream.estimator.tables import Table, checked_table
from hcdv_stream.estimator.tabular import take
from hcdv_stream.valuation.batch import Batch
from hcdv_stream.valuation.embedding.grid import Embeddings
from hcdv_stream.valuation.tree.leaf import no_fingerprints
from hcdv_stream.valuation.validation import Validation

Rows = npt.NDArray[np.int64]
Given = tuple[Table | None, Any]
"""X_val and y_val, each perhaps None."""


class Embedding(Protocol):
    """An estimator whose parameters say how to embed, and what becomes V."""

    encoder: Any
    encoder_options: Mapping[str, Any] | None
    validation_share: float


@dataclass(frozen=True, slots=True)
class PreparedExamples:
    """What is valued, and by whom.

    ``batch`` holds the valued examples, ``rows`` (m,) their places among the n that were given.
    ``roster`` has the ids of all n. ``features`` (m, width) are the valued examples', and
    ``trusted_features`` V's, as a doubt model takes them.
    """

    batch: Batch
    rows: Rows
    validation: Validation
    embedder: Embedder
    roster: Roster
    features: Features
    trusted_features: Features


def prepare(
    estimator: Embedding,
    table: Table,
    codes: targets.Codes,
    classes: targets.Array,
    validation: Given,
    *,
    provider: Iterable[Any] | None,
    ids: Iterable[Any] | None,
    seeds: Sequence[int],
    jobs: int = 1,
    lacking: str | None = None,
) -> list[PreparedExamples]:
    """Embed n examples with class indices ``codes`` (n,), and V, by an encoder of each seed.

    The first seed decides which examples become V. Several seeds need an encoder that is trained,
    which ``jobs`` processes do. ``lacking`` is the error's text where there is neither an X_val nor
    a share of the examples to become V; None allows that. Raises ValueError.
    """
    owners = targets.providers_of(provider, len(codes))
    roster = Roster()
    names = roster.enter(ids, len(codes))
    judging, valued = division(estimator.validation_share, codes, validation, seeds[0], lacking)
    roster.appoint([names[row] for row in judging])
    fits = _fit_embedders(estimator, table, codes, valued, len(classes), seeds=seeds, jobs=jobs)
    trusted, trusted_codes = None, codes[judging]
    if validation[0] is not None:
        trusted = checked_table(
            estimator, *validation, encoder=estimator.encoder, names=("X_val", "y_val")
        )
        trusted_codes = targets.codes_of(validation[1], classes, "y_val")
    batch = batch_of(names, codes, owners, fits[0].embedded.embeddings, table)
    if len(judging):
        batch = rows_of(batch, valued)

    def embedded_by(fit: Fitted) -> PreparedExamples:
        own = fit.embedded.take(valued) if len(judging) else fit.embedded
        known = fit.embedded.take(judging)
        if trusted is not None:
            known = fit.embedder.embed(trusted, 0)
        return PreparedExamples(
            replace(batch, embeddings=own.embeddings),
            valued,
            Validation(known.embeddings, trusted_codes),
            fit.embedder,
            roster,
            own.features,
            known.features,
        )

    return [embedded_by(fit) for fit in fits]


def prepare_unembedded(
    codes: targets.Codes, provider: Iterable[Any] | None, ids: Iterable[Any] | None
) -> PreparedExamples:
    """Prepare n examples for a method that needs neither embeddings nor V. Raises ValueError."""
    owners = targets.providers_of(provider, len(codes))
    roster = Roster()
    names = roster.enter(ids, len(codes))
    nothing = np.zeros((len(codes), 0), np.float32)
    batch = batch_of(names, codes, owners, nothing)
    nobody = Validation(nothing[:0], codes[:0])
    nothing_embedded = FunctionEmbedder(None, np.zeros(0))
    return PreparedExamples(
        batch, np.arange(len(codes)), nobody, nothing_embedded, roster, nothing, nothing[:0]
    )


def prepare_features(table: Table) -> npt.NDArray[np.float32]:
    """Return a table's features as an encoder would get them, (n, width).

    Numbers are standardised, categories have indicators, gaps a column of their own. Raises
    ValueError for a column that cannot be used.
    """
    schema = schema_of(table)
    return feature_matrix(schema, table)


def division(
    share: float,
    codes: npt.NDArray[np.int16],
    validation: Given,
    seed: int,
    lacking: str | None = None,
) -> tuple[Rows, Rows]:
    """Return the rows that become V, and those that are valued; see ``prepare``."""
    given = [part is not None for part in validation]
    if given[0] != given[1]:
        raise ValueError("X_val and y_val must be given together")
    if given[0] and share:
        raise ValueError("give either X_val or a validation_share, not both")
    if lacking is not None and not (given[0] or share):
        raise ValueError(lacking)
    if not share:
        return np.zeros(0, np.int64), np.arange(len(codes))
    judging, valued = stratified_split(codes, [share], seed)
    return judging, valued


def _fit_embedders(
    estimator: Embedding,
    table: Table,
    codes: npt.NDArray[np.int16],
    rows: Rows,
    classes: int,
    *,
    seeds: Sequence[int],
    jobs: int,
) -> list[Fitted]:
    """Fit an encoder of each seed, in processes of their own since torch draws from one state."""
    if len(seeds) == 1:
        return [fit_embedder(estimator, table, codes, rows, classes, seed=seeds[0])]
    options = estimator.encoder_options or {}
    found: list[Fitted] = Parallel(n_jobs=jobs, backend="loky")(
        delayed(ContrastiveEmbedder.fit)(table, codes, rows, classes, options=options, seed=seed)
        for seed in seeds
    )
    return found


def fit_embedder(
    estimator: Embedding,
    table: Table,
    codes: npt.NDArray[np.int16],
    rows: Rows,
    classes: int,
    *,
    seed: int,
) -> Fitted:
    """Fit the encoder on some rows, with ``codes`` (n,) below ``classes``, and embed them all.

    Raises ValueError.
    """
    encoder = estimator.encoder
    if callable(encoder):
        return FunctionEmbedder.fit(encoder, table, rows)
    if encoder == "identity":
        return FunctionEmbedder.fit(None, table, rows)
    if encoder == "contrastive":
        options = estimator.encoder_options or {}
        return ContrastiveEmbedder.fit(table, codes, rows, classes, options=options, seed=seed)
    raise AssertionError(f"no encoder {encoder!r}")  # the table of constraints has it


def batch_of(
    names: list[str],
    codes: targets.Codes,
    owners: list[str | None],
    embeddings: Embeddings,
    table: Table = None,
) -> Batch:
    """Return examples without times as a batch; ``table`` has their features, if they matter."""
    prints = no_fingerprints(len(names)) if table is None else fingerprints_of(table, codes)
    return Batch(names, codes, owners, np.zeros(len(names)), embeddings, prints)


def rows_of(batch: Batch, rows: Rows) -> Batch:
    """Return some rows of a batch."""
    return Batch(
        take(batch.ids, rows),
        batch.labels[rows],
        take(batch.providers, rows),
        batch.timestamps[rows],
        batch.embeddings[rows],
        batch.fingerprints[rows],
    )
