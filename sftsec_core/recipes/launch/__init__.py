"""Fitting the recipes of a run from an order that is data, in this process or in another."""
