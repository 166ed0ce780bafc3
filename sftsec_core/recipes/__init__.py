"""The built-in ways to make a model."""
