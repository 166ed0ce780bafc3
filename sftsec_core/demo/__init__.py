"""A labelled stream of our own making, and the whole loop run on it."""
