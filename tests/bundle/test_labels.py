import pytest

from hcdv_stream.bundle.errors import LabelError
from hcdv_stream.bundle.labels import class_index, label_text


@pytest.mark.parametrize(
    ("value", "text"),
    [("TRUE", "1"), (True, "1"), (False, "0"), (1, "1"), (1.0, "1"), (0.5, "0.5"), (" a ", "a")],
)
def test_a_label_has_one_spelling(value, text):
    assert label_text(value) == text


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "missing_label"),
        ("", "missing_label"),
        ([1], "wrong_type"),
        (float("nan"), "missing_label"),
        (float("inf"), "wrong_type"),
        ("maybe", "unknown_label"),
    ],
)
def test_what_is_no_class_is_refused_with_a_reason(value, reason):
    with pytest.raises(LabelError) as refused:
        class_index(value, {"no": 0, "yes": 1})
    assert refused.value.reason == reason


def test_class_index():
    assert class_index(1, {"0": 0, "1": 1}) == 1
