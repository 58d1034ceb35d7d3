"""Dead letters: each once, whatever became of the workers before."""
