"""Benchmarks: how fast, how big, how good."""
