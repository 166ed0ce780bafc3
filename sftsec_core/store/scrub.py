"""Keep secrets out of what is stored: by the name of a key, and inside URLs.

The configuration names secrets by reference (`env:NAME`), so that none should come here at
all; this is the second net. A reference is not a secret and stays readable.
"""

from __future__ import annotations

import re
from typing import Any

from sftsec_core.store.canonical import plain

HIDDEN = "***"
_SECRET_NAME = re.compile(
    # Only one token: `max_tokens` is a number of words.
    r"(^|[_.\-])(token|(pass|password|passwd|passphrase|secret|api[_\-]?key|authorization|"
    r"credential|private[_\-]?key|access[_\-]?key|salt)s?)$",
    re.IGNORECASE,
)
_REFERENCE = re.compile(r"^(env|file|keyring):")
_URL_PASSWORD = re.compile(r"(?P<before>\b[a-z][a-z0-9+.\-]*://[^\s/:@]*:)[^\s/@]+(?=@)", re.I)


def without_secrets(value: Any) -> Any:  # noqa: ANN401 - any value in, a JSON value out
    """Return a value as JSON knows it, with passwords, tokens and keys replaced by `***`."""
    return _scrubbed(plain(value))


def hide_url_passwords(text: str) -> str:
    """Replace the password of every `scheme://user:password@` in a text."""
    return _URL_PASSWORD.sub(lambda found: found["before"] + HIDDEN, text)


def _scrubbed(value: Any) -> Any:  # noqa: ANN401 - a JSON value
    if isinstance(value, dict):
        return {key: _of_key(key, inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_scrubbed(inner) for inner in value]
    return hide_url_passwords(value) if isinstance(value, str) else value


def _of_key(key: str, value: Any) -> Any:  # noqa: ANN401 - a JSON value
    if not _SECRET_NAME.search(key) or isinstance(value, dict | bool | None):
        return _scrubbed(value)
    if isinstance(value, str) and _REFERENCE.match(value):
        return value
    return HIDDEN
