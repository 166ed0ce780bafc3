"""Which detections on a platform are this site's own, and not only carry the fields of one.

The author of an event chooses its fields. A connector takes a record for a detection of ours only
when it lies where we write (our index, data stream or sourcetype) or where the SIEM itself writes
alerts, and the outbox knows it or its seal is right:

    event["sftsec_seal"] = ownership.seal(event)             # push
    ownership.is_sealed(without_seal, event["sftsec_seal"])  # pull
    ownership.known([uid])                                   # pull, {} after a loss of the state

A seal is of the whole document, so it is worth nothing under another text.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from typing import TYPE_CHECKING, Any

import orjson

from sftsec_core.api.contracts import none_known

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sftsec_core.api.contracts import ConnectorContext, KnownDetections
    from sftsec_core.api.domain import Detection

_PURPOSE = b"sftsec: seal of a detection, 1"  # the salt has other uses: no digest of theirs is one
_AS_WRITTEN = orjson.OPT_NON_STR_KEYS


class Ownership:
    """Seals detections by the site's secret, and knows what the outbox holds.

    Its `repr` shows nothing of the secret.
    """

    def __init__(self, salt: bytes, known: KnownDetections = none_known) -> None:
        """Derive the key.

        Args:
            salt: the site's secret.
            known: the detections that the outbox holds.
        """
        self._key = hmac.new(salt, _PURPOSE, hashlib.sha256).digest()
        self._known = known

    @classmethod
    def of(cls, context: ConnectorContext) -> Ownership:
        """The site's."""
        return cls(context.salt, context.known)

    @classmethod
    def ephemeral(cls) -> Ownership:
        """One whose seals no other process makes or accepts."""
        return cls(secrets.token_bytes(32))

    def seal(self, document: Mapping[str, Any]) -> str:
        """Return the HMAC-SHA-256 of a document as JSON, 64 hexadecimal digits."""
        return hmac.new(self._key, _canonical(document), hashlib.sha256).hexdigest()

    def is_sealed(self, document: Mapping[str, Any], seal: object) -> bool:
        """Whether this is the seal of a document, given without its seal."""
        if not isinstance(seal, str) or not seal.isascii():
            return False
        try:
            return hmac.compare_digest(self.seal(document), seal)
        except orjson.JSONEncodeError:  # nested too deep, or half a character: none that we wrote
            return False

    def known(self, uids: Sequence[str]) -> Mapping[str, Detection]:
        """Return those of these detections that the outbox holds, by uid."""
        return self._known(uids) if uids else {}


def same_json(one: object, other: object) -> bool:
    """Whether two values are the same once both were written as JSON and read again."""
    try:
        return _canonical(one) == _canonical(other)
    except orjson.JSONEncodeError:
        return False


def _canonical(value: object) -> bytes:
    """What a platform cannot change: not the order of keys, spaces or the form of a number."""
    read = orjson.loads(orjson.dumps(value, default=str, option=_AS_WRITTEN))
    return json.dumps(read, sort_keys=True, separators=(",", ":")).encode()
