"""The members of an estimator: encoders of other seeds, each with a tree of its own."""
