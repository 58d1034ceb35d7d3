"""Answers computed from one view."""
