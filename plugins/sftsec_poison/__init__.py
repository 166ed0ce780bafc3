"""Verdicts as a way in: mislabelled and poisoned training rows, and what bounds their harm."""
