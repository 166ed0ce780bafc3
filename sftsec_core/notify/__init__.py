"""Tells people and programs of what happens, once, without holding up what happens."""
