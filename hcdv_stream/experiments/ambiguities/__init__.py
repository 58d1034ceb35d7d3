"""How much the interpretations of Algorithm 1 differ."""
