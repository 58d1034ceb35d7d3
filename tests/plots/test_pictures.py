"""What the pictures show."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.patches import Rectangle
from sklearn.exceptions import NotFittedError

from hcdv_stream import HCDV
from hcdv_stream.estimator.curves import Curve
from hcdv_stream.methods import KNNShapley
from hcdv_stream.plots import coalition_map, plot_curves, value_histogram
from hcdv_stream.valuation.methods.sampling.run import Estimate
from tests.estimator.worlds import world


def test_a_histogram_draws_each_class_as_shares(fitted: HCDV) -> None:
    ax = value_histogram(fitted, bins=20)
    texts = [text.get_text() for text in ax.get_legend().get_texts()]
    valued = ~np.isnan(fitted.values_)
    counts = [int((valued & (fitted.labels_ == place)).sum()) for place in range(2)]
    assert texts == [f"no ({counts[0]})", f"yes ({counts[1]})"]
    medians = [line.get_xdata()[0] for line in ax.lines[:2]]
    for place, median in enumerate(medians):
        own = fitted.values_[valued & (fitted.labels_ == place)]
        assert median == pytest.approx(np.median(own))
    tops = [patch.get_xy()[:, 1].sum() for patch in ax.patches]
    assert all(top > 0 for top in tops)


def test_a_histogram_takes_values_under_other_weights(fitted: HCDV) -> None:
    usual = value_histogram(fitted).get_xlim()
    assert value_histogram(fitted, fitted.value(lam=5.0)).get_xlim() != usual


def test_a_histogram_draws_a_fitted_method() -> None:
    data = world(60)
    fitted = KNNShapley("identity").fit(*data[:4])
    texts = [text.get_text() for text in value_histogram(fitted).get_legend().get_texts()]
    assert texts == [f"{name} ({(data.y == name).sum()})" for name in ("no", "yes")]
    with pytest.raises(NotFittedError):
        value_histogram(KNNShapley())


def test_a_histogram_draws_any_methods_values(fitted: HCDV) -> None:
    valued = ~np.isnan(fitted.values_)
    values, names = fitted.values_[valued], fitted.classes_[fitted.labels_[valued]]
    estimate = Estimate.exact("loo", values, 0)
    usual = value_histogram(fitted)
    for given in (estimate, values, values.tolist()):
        ax = value_histogram(given, labels=names)
        texts = [text.get_text() for text in ax.get_legend().get_texts()]
        assert texts == [text.get_text() for text in usual.get_legend().get_texts()]
        for one, other in zip(ax.patches, usual.patches, strict=True):
            np.testing.assert_array_equal(one.get_xy(), other.get_xy())


def test_a_histogram_says_what_it_lacks(fitted: HCDV) -> None:
    with pytest.raises(ValueError, match="needs labels"):
        value_histogram([0.1, 0.2])
    with pytest.raises(ValueError, match="2 values have 3 labels"):
        value_histogram([0.1, 0.2], labels=["a", "b", "a"])
    with pytest.raises(ValueError, match="no value to draw"):
        value_histogram([np.nan, np.nan], labels=["a", "b"])
    with pytest.raises(ValueError, match="fitted method only"):
        value_histogram([0.1], [0.2], labels=["a"])


@pytest.mark.parametrize("height", [0, 1])
def test_a_map_has_a_cell_for_each_coalition_in_proportion(fitted: HCDV, height: int) -> None:
    figure, given = plt.subplots()
    ax = coalition_map(fitted, height=height, ax=given)
    assert ax is given
    cells = [patch for patch in ax.patches if isinstance(patch, Rectangle) and patch.get_fill()]
    shown = [each for each in fitted.coalitions_ if each.height == height and each.size]
    assert len(cells) == len(shown) > 3
    areas = np.array([cell.get_width() * cell.get_height() for cell in cells])
    sizes = np.array([each.size for each in shown])
    np.testing.assert_allclose(areas / areas.sum(), sizes / sizes.sum(), rtol=1e-9)
    worth = np.array([each.value / each.size for each in shown])
    reds = np.array([cell.get_facecolor()[0] for cell in cells])
    blues = np.array([cell.get_facecolor()[2] for cell in cells])
    assert (reds - blues)[worth.argmin()] > 0 > (reds - blues)[worth.argmax()]
    figure.canvas.draw()


def test_a_map_of_one_coalition(fitted: HCDV) -> None:
    ax = coalition_map(fitted, height=99)
    (cell,) = ax.patches
    assert cell.get_fill()
    assert ax.texts[0].get_text() == f"{fitted.coalitions_[0].name}\n400"


def test_a_map_of_nothing_is_refused() -> None:
    emptied = HCDV(encoder="identity").fit([[0.0], [1.0]], [0, 1]).forget([0, 1])
    with pytest.raises(ValueError, match="no example to draw"):
        coalition_map(emptied)


def curve(kind: str, order: str) -> Curve:
    return Curve(kind, order, np.array([0.0, 0.5]), np.array([0.9, 0.7]))


def test_curves_are_drawn_by_name_and_chance_in_grey() -> None:
    ax = plot_curves(
        {"chance": curve("removal", "random"), "HCDV": curve("removal", "lowest")}, score="AUC"
    )
    chance, ours = ax.lines
    assert (chance.get_linestyle(), ours.get_linestyle()) == ("--", "-")
    assert chance.get_color() != ours.get_color()
    assert ax.get_xlabel() == "share of the examples removed"
    assert ax.get_ylabel() == "AUC"
    np.testing.assert_array_equal(ours.get_ydata(), [0.9, 0.7])


@pytest.mark.parametrize(
    "curves", [{}, {"a": curve("removal", "lowest"), "b": curve("addition", "highest")}]
)
def test_curves_of_two_kinds_do_not_mix(curves: dict[str, Curve]) -> None:
    with pytest.raises(ValueError, match="all removals or all additions"):
        plot_curves(curves)


def test_every_picture_is_drawn_on_given_axes(fitted: HCDV) -> None:
    figure, (left, right) = plt.subplots(1, 2)
    assert value_histogram(fitted, ax=left) is left
    assert plot_curves({"a": curve("addition", "highest")}, ax=right) is right
    figure.canvas.draw()
