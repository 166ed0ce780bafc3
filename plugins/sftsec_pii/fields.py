"""Field names that say that the value is secret."""

from __future__ import annotations

import re

_NAME = re.compile(
    r"(?i)(?:^|[._\-])(?:password|passwd|passwort|pwd|passphrase|authorization|cookie|set[_\-]?cookie"
    r"|(?:x[_\-])?api[_\-]?key|secret|client[_\-]?secret|access[_\-]?token|refresh[_\-]?token"
    r"|private[_\-]?key)$"
)
# Names that tell what a bare number is, as the finders read them before it.
_NUMBER = re.compile(
    r"(?i)(?:^|[._\-])(?:ssn|social_security_number|phone_?number|phone|mobile|msisdn|telephone|fax)$"
)
# An injection in a parameter of that name is what an attack does, and stays.
_ATTACK = re.compile(r"['\"`$;|(]|\.\./|<\w|--|^\W*$")
_WORDS = frozenset(
    {"", "true", "false", "null", "none", "required", "expired", "invalid", "unknown"}
)


def names_secret(name: str) -> bool:
    """Whether a field of this name, dotted or not, holds a secret."""
    return _NAME.search(name) is not None


def names_number(name: str) -> bool:
    """Whether a field of this name holds a phone or social security number."""
    return _NUMBER.search(name) is not None


def is_secret_value(value: str) -> bool:
    """Whether the value may be a secret: neither a word about one, an attack nor a placeholder."""
    plain = value.strip().lower()
    return plain not in _WORDS and "<secret:" not in plain and not _ATTACK.search(value)
