"""Recipes: from examples to a model that can be kept without pickle."""
