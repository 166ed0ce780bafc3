"""The use cases: typed arguments in, a value out; nothing here prints."""
