"""Redacting one text, as the step does."""

from __future__ import annotations

from sftsec_pii.config import RedactConfig
from sftsec_pii.redact import Redact

SALT = bytes(range(32))
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"


def redact(text: str, **options: bool) -> str:
    return Redact(RedactConfig(**options), SALT).text(text)


def kinds(text: str, **options: bool) -> dict[str, int]:
    step = Redact(RedactConfig(**options), SALT)
    step.text(text)
    return dict(step.counts())
