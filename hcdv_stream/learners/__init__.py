"""Games whose coalitions are judged by a model trained on them."""
