"""How a token is written, and how its secret is hashed.

    sftsec_<id: 12>_<secret: 43><checksum: 6>

The id finds the row, so that one hash is computed. The secret has 256 bits. The prefix and the
checksum let scanners find tokens in files without false alarms, and what is mistyped costs no hash.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
import zlib
from dataclasses import dataclass, field

PREFIX = "sftsec_"
TOKEN = re.compile(r"sftsec_([a-z2-7]{12})_([0-9A-Za-z]{43})([0-9A-Za-z]{6})")
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
# Cost and block size of scrypt (RFC 7914): 16 MiB and some 50 ms. The secret is random: a guess is
# out of reach already; the cost is for a hash that was stolen together with a weak generator.
_LOG2_N, _R, _P = 14, 8, 1
_SALT_BYTES, _HASH_BYTES = 16, 32


@dataclass(frozen=True, slots=True)
class GivenToken:
    """A token in its parts; its secret is not shown."""

    id: str
    secret: str = field(repr=False)


def make_token() -> tuple[str, str, str]:
    """Make a token: what its owner keeps, its id, and the hash of its secret."""
    token_id = base64.b32encode(secrets.token_bytes(8)).decode("ascii").lower()[:12]
    secret = _base62(int.from_bytes(secrets.token_bytes(32), "big"), 43)
    return f"{PREFIX}{token_id}_{secret}{_checksum(token_id, secret)}", token_id, _hashed(secret)


def read_token(text: str) -> GivenToken | None:
    """Take a token apart; None for what is no token, or is mistyped."""
    found = TOKEN.fullmatch(text)
    if found is None or not hmac.compare_digest(_checksum(found[1], found[2]), found[3]):
        return None
    return GivenToken(found[1], found[2])


def matches(secret: str, hashed: str) -> bool:
    """Whether a hash is of this secret; it takes as long either way."""
    kind, log2_n, r, p, salt, _ = hashed.split("$")
    parameters = (int(log2_n), int(r), int(p))
    known = _hashed(secret, bytes.fromhex(salt), parameters)
    return kind == "scrypt" and hmac.compare_digest(known, hashed)


def _hashed(
    secret: str, salt: bytes | None = None, parameters: tuple[int, int, int] = (_LOG2_N, _R, _P)
) -> str:
    salt = secrets.token_bytes(_SALT_BYTES) if salt is None else salt
    log2_n, r, p = parameters
    digest = hashlib.scrypt(
        secret.encode("ascii"),
        salt=salt,
        n=1 << log2_n,
        r=r,
        p=p,
        maxmem=256 * r * (1 << log2_n),
        dklen=_HASH_BYTES,
    )
    return f"scrypt${log2_n}${r}${p}${salt.hex()}${digest.hex()}"


def _checksum(token_id: str, secret: str) -> str:
    return _base62(zlib.crc32(f"{token_id}_{secret}".encode("ascii")), 6)


def _base62(number: int, length: int) -> str:
    digits = ""
    for _ in range(length):
        number, digit = divmod(number, len(_DIGITS))
        digits = _DIGITS[digit] + digits
    return digits
