"""Disguise: attacks that keep an attack working, and defences against them."""
