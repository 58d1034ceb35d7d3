"""One normalisation of labels, times, gaps, numbers and booleans, used at every door."""
