"""Doubts of an estimator's examples, what follows from them, and values on their scale."""
