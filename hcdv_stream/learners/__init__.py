"""Games whose coalitions are evaluated by a model trained on them."""
