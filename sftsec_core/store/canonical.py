"""Values as JSON, and one way to write them, so that equal values have equal digests."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from math import isfinite
from typing import Any

# One encoder: `json.dumps` with these options makes a new one at each call, which takes longer than
# the encoding of a short row.
_ENCODER = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
)


def plain(value: Any) -> Any:  # noqa: ANN401 - any value in, a JSON value out
    """Return a value as JSON knows it: what it does not know (dates, infinities) as its `str`."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if isfinite(value) else str(value)
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if isinstance(value, set | frozenset):
        return sorted((plain(inner) for inner in value), key=str)
    return str(value)


def canonical(value: Any) -> bytes:  # noqa: ANN401 - any JSON value
    """Write a JSON value with sorted keys, no spaces and no NaN.

    Raises:
        ValueError: when it holds NaN or an infinity.
        TypeError: when it holds what JSON does not know.
    """
    # Lone surrogates can come out of a SIEM's broken text; they must not stop an audit entry.
    return _ENCODER.encode(value).encode("utf-8", errors="surrogatepass")


def digest(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """Return the hex SHA-256 of `canonical(value)`."""
    return hashlib.sha256(canonical(value)).hexdigest()
