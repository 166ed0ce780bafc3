"""One format for a model folder: its files, their digests, and reading them."""
