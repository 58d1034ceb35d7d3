"""V and peers that move with the stream, and whether V still agrees with it."""
