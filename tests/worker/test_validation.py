"""Membership as of each record, and the way from records to the engine's batch."""

from dataclasses import replace

import numpy as np

from hcdv_stream.bundle.fingerprints import fingerprints
from hcdv_stream.valuation.batch import DELETION
from hcdv_stream.valuation.doubt.packed import doubts_in, evidence_in, suggested_in
from hcdv_stream.worker.letters.dead_letter import LARGEST_VALUE, DeadLetter, Record
from hcdv_stream.worker.session import SessionValidator
from hcdv_stream.worker.trust import Trust
from hcdv_stream.worker.validation import ProvidersById, validate_records
from tests.worker.harness import session, small_bundle

BUNDLE = small_bundle()
VALIDATOR = SessionValidator(BUNDLE.schema, BUNDLE.classes, 1 << 20)


def records(*pairs: tuple[bytes | None, bytes | None], first: int = 100) -> list[Record]:
    return [Record(first + n, key, value, 5.0 + n) for n, (key, value) in enumerate(pairs)]


def test_a_null_is_judged_by_what_came_before_it():
    key, value = session(1)
    run = records((key, None), (key, value), (key, None), (key, None), (key, value))
    validated = validate_records(VALIDATOR, ("t", 0), run, known=ProvidersById())
    assert list(validated.offsets) == [101, 102, 104]
    assert [letter.record.offset for letter in validated.rejected] == [100, 103]
    assert {letter.reason for letter in validated.rejected} == {"unknown_id"}


def test_a_null_for_an_id_of_before_is_a_deletion_once():
    validated = validate_records(
        VALIDATOR, ("t", 0), records((b"a", None), (b"a", None)), known=ProvidersById(a=None)
    )
    assert list(validated.offsets) == [100]
    assert [letter.record.offset for letter in validated.rejected] == [101]


def test_the_batch_has_the_accepted_records_in_order():
    run = records(session(1), (b"x", b"{}"), (b"old", None), session(2, provider=None))
    batch = validate_records(VALIDATOR, ("t", 0), run, known=ProvidersById(old=None)).batch(BUNDLE)
    assert list(batch.ids) == ["s000001", "old", "s000002"]
    assert batch.labels[1] == DELETION
    assert list(batch.providers) == ["seller-1", None, None]
    assert batch.timestamps.tolist() == [1_700_000_001.0, 0.0, 1_700_000_002.0]
    assert np.allclose(np.linalg.norm(batch.embeddings[[0, 2]], axis=1), 1.0)
    assert not batch.embeddings[1].any()


def test_a_batch_of_nothing():
    validated = validate_records(VALIDATOR, ("t", 0), records((b"x", b"{}")), known=ProvidersById())
    assert len(validated.batch(BUNDLE)) == 0


def test_a_dead_letter_says_where_it_came_from_and_keeps_the_record():
    letter = DeadLetter("t", 3, Record(17, b"id", b"{", 1.0), "not_json", "the value is not JSON")
    assert letter.key == b"t/3/17"
    assert letter.value == b"{"
    assert dict(letter.headers) == {
        "hcdv-source-topic": b"t",
        "hcdv-source-partition": b"3",
        "hcdv-source-offset": b"17",
        "hcdv-source-key": b"id",
        "hcdv-error-class": b"not_json",
        "hcdv-error-message": b"the value is not JSON",
    }


def test_a_dead_letter_without_key_or_value():
    letter = DeadLetter("t", 3, Record(17, None, None, 1.0), "key_mismatch", "no key")
    assert letter.value is None
    assert "hcdv-source-key" not in dict(letter.headers)


def test_the_letter_of_an_unknown_deletion_has_the_id_nowhere():
    """An id that was erased and is deleted once more must not be written anew."""
    key, _ = session(1)
    (letter,) = validate_records(
        VALIDATOR, ("t", 0), records((key, None)), known=ProvidersById()
    ).rejected
    assert letter.reason == "unknown_id"
    assert "hcdv-source-key" not in dict(letter.headers)
    told = [letter.key, letter.value or b"", *(value or b"" for _, value in letter.headers)]
    assert not any(key in text for text in told)


def test_a_dead_letter_that_no_broker_would_take_is_cut():
    record = Record(17, b"k" * 2_000_000, b"v" * 2_000_000, 1.0)
    letter = DeadLetter("t", 3, record, "too_large", "too large")
    assert letter.value == b"v" * LARGEST_VALUE
    assert dict(letter.headers)["hcdv-source-bytes"] == b"2000000"
    size = len(letter.value) + sum(len(name) + len(value) for name, value in letter.headers)
    assert size < 1_000_000


def test_a_foreign_id_is_refused_as_of_that_record():
    run = records(
        session(1, provider="thief"),  # the example of before is seller-1's
        session(1),
        (b"s000001", None),
        session(1, provider="thief"),  # nobody's any more
        session(1),
        session(2, provider=None),
        session(2, provider="thief"),
    )
    owners = ProvidersById(s000001="seller-1")
    accepted = validate_records(VALIDATOR, ("t", 0), run, owners)
    assert len(accepted.offsets) == 7
    validated = validate_records(VALIDATOR, ("t", 0), run, owners, reject_foreign=True)
    assert list(validated.offsets) == [101, 102, 103, 105]
    assert {letter.reason for letter in validated.rejected} == {"foreign_id"}
    assert [letter.record.offset for letter in validated.rejected] == [100, 104, 106]
    assert list(validated.refused) == ["thief", "seller-1", "thief"]


def test_fingerprints_follow_features_and_label_alone():
    run = records(
        session(1),
        session(1, id="s000001", ts=5.0, provider="other"),
        session(1, label="yes"),
        session(1, label="no"),
        session(2),
        (b"s000001", None),
    )
    batch = validate_records(VALIDATOR, ("t", 0), run, ProvidersById()).batch(BUNDLE)
    first, again, yes, no, other, gone = map(tuple, batch.fingerprints.tolist())
    assert first == again
    assert yes != no
    assert first in {yes, no}
    assert other not in {yes, no}
    assert gone == (0, 0)


def test_fingerprints_stay_what_they_are():
    rows = np.array([[0.5, -0.0, np.nan], [0.5, 0.0, -np.nan]])
    found = fingerprints(rows, [1, 1])
    assert found[0].tolist() == found[1].tolist() == [14799145620404643485, 1604394052245040807]


def test_sessions_are_doubted_by_models_that_did_not_see_their_provider():
    trust = Trust(marks=True)
    validator = SessionValidator(BUNDLE.schema, BUNDLE.classes, 1 << 20, trust)
    run = records(
        *(session(number) for number in range(1, 9)),
        (b"old", None),
        session(9, provider=None),
        session(10, trusted=True),
    )
    validated = validate_records(validator, ("t", 0), run, known=ProvidersById(old=None))
    batch, model = validated.batch(BUNDLE), BUNDLE.doubt
    assert batch.doubts[[8, 10]].tolist() == [0, 0]  # a deletion, and one whose label is trusted
    rows = np.array([one.row for one, _ in validated.sessions[:9]])
    features, doubted = BUNDLE.schema.matrix(rows), [*range(8), 9]
    owners = [batch.providers[row] for row in doubted]
    expected = model.doubts(features, batch.labels[doubted], owners)
    assert doubts_in(batch.doubts[doubted]).tolist() == expected.doubt.tolist()
    assert suggested_in(batch.doubts[doubted]).tolist() == expected.suggested.tolist()
    sighted = model.doubts(features, batch.labels[doubted]).doubt
    blind = [owner == "seller-0" for owner in owners]
    assert any(blind)
    assert (sighted != expected.doubt).tolist() == blind


def test_without_a_doubt_model_no_session_is_doubted():
    validated = validate_records(VALIDATOR, ("t", 0), records(session(1)), known=ProvidersById())
    assert validated.batch(replace(BUNDLE, doubt=None)).doubts.tolist() == [0]


def test_a_session_that_the_models_have_learned_from_says_so():
    run = records(session(1), session(2))
    validated = validate_records(VALIDATOR, ("t", 0), run, known=ProvidersById())
    prints = validated.batch(BUNDLE).fingerprints[:1, 0]
    knowing = replace(BUNDLE, doubt=replace(BUNDLE.doubt, learned=prints))
    assert evidence_in(validated.batch(knowing).doubts) == ["seen", "validation"]
