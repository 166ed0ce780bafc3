"""What a model gave, as a file between runs: digests and numbers, no text.

    32 bytes   HMAC-SHA256 of the rest and of the model's digest, by the site's salt
    the rest   safetensors: digests (uint8, shape (n, 16)), proba (float64, shape (n, labels)), and
               the version that computed them

A file that was changed, is another model's or another version's is no file: the model is asked.
The salt keeps those who may write the file, but read nothing else, from choosing what a model says.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

import numpy as np

import sftsec_core
from sftsec_core.api.domain.inputs import DIGEST_BYTES
from sftsec_core.scoring.score_cache import ScoreCache

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SEAL = hashlib.sha256().digest_size


def to_bytes(cache: ScoreCache, model: str, salt: bytes) -> bytes:
    """Write what a cache holds.

    Args:
        cache: of the model.
        model: the model's digest.
        salt: the site's.
    """
    from safetensors.numpy import save

    digests, proba = cache.snapshot()
    raw = np.frombuffer(bytes.fromhex("".join(digests)), dtype=np.uint8)
    tensors: dict[str, NDArray[np.generic]] = {
        "digests": raw.reshape(-1, DIGEST_BYTES),
        "proba": proba,
        "version": _version(),
    }
    body = bytes(save(tensors))
    return _seal(body, model, salt) + body


def from_bytes(content: bytes, model: str, salt: bytes, labels: int) -> ScoreCache | None:
    """Read what `to_bytes` wrote; None where it is not exactly that.

    Args:
        content: of the file.
        model: the model's digest.
        salt: the site's.
        labels: how many the model has.
    """
    from safetensors.numpy import load

    body = content[_SEAL:]
    if not hmac.compare_digest(content[:_SEAL], _seal(body, model, salt)):
        return None
    tensors = load(body)
    digests, proba = tensors["digests"], tensors["proba"]
    if not np.array_equal(tensors["version"], _version()) or proba.shape[1:] != (labels,):
        return None
    cache = ScoreCache()
    cache.keep(dict(zip((row.tobytes().hex() for row in digests), proba, strict=True)))
    return cache


def _version() -> NDArray[np.uint8]:
    return np.frombuffer(sftsec_core.__version__.encode(), dtype=np.uint8)


def _seal(body: bytes, model: str, salt: bytes) -> bytes:
    return hmac.new(salt, model.encode() + body, hashlib.sha256).digest()
