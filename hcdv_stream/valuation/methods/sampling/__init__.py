"""Semivalues of any game by sampling: what is drawn, when to stop, what is known so far."""
