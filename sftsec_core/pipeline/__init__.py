"""The stages of a retraining run: each takes values and gives values."""
