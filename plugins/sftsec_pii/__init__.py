"""Redaction of personal data and secrets, before anything is written to disk."""
