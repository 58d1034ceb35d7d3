"""Wide & Deep keeps scikit-learn's conventions."""

from sklearn.utils.estimator_checks import parametrize_with_checks

from hcdv_stream.learners.wide_deep import WideDeepClassifier


@parametrize_with_checks([WideDeepClassifier(epochs=12, learning_rate=2e-2)])
def test_scikit_learns_checks(estimator, check):
    check(estimator)
