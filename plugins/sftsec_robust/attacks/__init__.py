"""Attacks by kind of text: pure functions of a target and a chance."""
