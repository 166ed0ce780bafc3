"""Labelling functions: rules that vote on incidents, and a model of how far to trust them."""
