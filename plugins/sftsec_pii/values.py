"""Tells values that may be secrets from words about them, from code and from attacks."""

from __future__ import annotations

import re

_WORDS = frozenset(
    {"", "true", "false", "null", "none", "nil", "required", "expired", "invalid", "unknown", "yes"}
    | {"no", "missing", "incorrect", "failed", "denied", "changed", "reset", "empty", "optional"}
    | {"undefined", "n/a", "redacted", "[redacted]", "hidden", "masked", "removed", "filtered"}
    | {"password", "passwd", "pass", "pwd", "secret", "token", "key", "string", "value", "bearer"}
    | {"basic", "never", "always", "enabled", "disabled", "not", "set", "unset", "the", "for", "is"}
    | {
        "correct",
        "wrong",
        "accepted",
        "rejected",
        "ok",
        "error",
        "valid",
        "prompt",
        "input",
        "text",
    }
    | {"test", "default", "blank", "omitted", "protected", "encrypted", "strict", "confirm", "on"}
    | {"off", "new", "old", "login", "and", "or", "with", "without", "found", "already", "updated"}
)
# What makes a value an injection, a path or another part of an attack: that is signal.
_ATTACK = re.compile(
    r"['\"]\s*(?:or\b|and\b|union\b|;|--|\|\||&&|\)|\+|=|like\b|#|%)|\b(?:or|and)\b\s+\S{1,40}\s*="
    r"|\.\./|\.\.\\|<\w|</|--\s*$|/\*|\$\(|\$\{|`|/etc/|/bin/|^/|^\w:\\|\|\s*\w+ |;\s*\w+ [\-/]"
    r"|\b(?:sleep|benchmark|waitfor|select|union|concat|char|exec|system|passthru|eval)\s*\("
    r"|\b(?:union|select|insert|drop|waitfor)\s+\w|%2[27]|%3c|%60|%24%28|%3b|%00|0x[0-9a-f]{8}"
    r"|^\W*['\"]|\\x[0-9a-f]{2}\\x"
)
_MASK = re.compile(r"[\W_]+|x{3,}|[*.\u2022]+.{0,4}|<.*>|\[.*\]")
# A variable, a format or a template in the value's place.
_VARIABLE = re.compile(
    r"\$\{?[a-z_]\w*(?:[.:][\w.]*)?\}?|%\(?\w*\)?s?%?|\{\{?.*\}?\}|[@:]\w+|\$env:\w+|!\w+!|#\{.*\}"
)
_CODE = re.compile(r"[a-z_][\w.]*[(\[]|(?:os|process|config|settings|self|this|request)\.\w")
_LONGEST_PROSE = 24
_CLASSES = (re.compile(r"[a-z]"), re.compile(r"[A-Z]"), re.compile(r"\d"))


def is_word(value: str) -> bool:
    """Whether a value in small letters is a word about secrets, a mask, a variable or code."""
    return value in _WORDS or bool(_MASK.fullmatch(value) or _VARIABLE.fullmatch(value))


def is_attack(value: str) -> bool:
    """Whether a value in small letters is what an attack does."""
    return _ATTACK.search(value) is not None


def is_password(value: str, *, quoted: bool, prose: bool) -> bool:
    """Whether a value after a password's name may be one.

    Args:
        value: as it stands in the text.
        quoted: whether quotes stand around it.
        prose: whether the name may be a word of a sentence: "password: required".
    """
    low = value.lower()
    if "<secret:" in low or is_word(low) or is_attack(low):
        return False
    if quoted:
        return True
    if _CODE.match(low):
        return False
    return not prose or not (value.isalpha() and value.islower())


def is_token(value: str) -> bool:
    """Whether a value after a weak name ("token", "key", "sig") is a secret: long and mixed."""
    if "<" in value:
        return False
    classes = sum(1 for pattern in _CLASSES if pattern.search(value))
    has_digit = _CLASSES[2].search(value) is not None
    mixed = classes > 1 and (has_digit or len(value) > _LONGEST_PROSE)
    return mixed and not is_attack(value.lower())
