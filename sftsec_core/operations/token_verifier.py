"""Verifies tokens of the store: one slow hash a token and process, then a look at its row.

A row is looked at again after `RECHECK_S`: within that time a revoked or expired token is refused
and changed roles count. What was wrong once is refused without another hash.
"""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sftsec_core.api.errors import StoreError
from sftsec_core.operations.token_format import matches, read_token
from sftsec_core.store.tokens import USED_EVERY

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sftsec_core.store.tokens import AccessTokens, StoredToken

log = logging.getLogger(__name__)
RECHECK_S = 5.0
MOST = 4096


@dataclass(slots=True)
class _Known:
    """A token that was seen: its row's id, or None for one that is wrong."""

    token_id: str | None
    row: StoredToken | None = None
    looked_at: float = 0.0


class TokenVerifier:
    """Says whose a token is; threads may share it."""

    def __init__(self, tokens: AccessTokens, clock: Callable[[], float] = time.monotonic) -> None:
        """Take the rows, and a clock (seconds; only their differences count)."""
        self._tokens = tokens
        self._clock = clock
        # By the tokens' digests, the last used at the end: a token itself is not kept.
        self._known: OrderedDict[bytes, _Known] = OrderedDict()
        self._lock = threading.Lock()
        # One hash at a time: a flood of wrong tokens takes one core and 16 MiB, not all.
        self._hashing = threading.Lock()

    def find(self, token: str) -> StoredToken | None:
        """The row of a valid token; None for one that is wrong, revoked or expired.

        Raises:
            StoreError: when the rows cannot be read.
        """
        given = read_token(token)
        if given is None:
            return None
        digest = hashlib.sha256(token.encode("ascii")).digest()
        known = self._seen(digest)
        if known is None:
            row = self._tokens.get(given.id)
            if row is None:
                return None  # not remembered: it costs no hash, and may be added any moment
            with self._hashing:
                right = matches(given.secret, row.hash)
            known = _Known(given.id if right else None)
            self._remember(digest, known)
        return None if known.token_id is None else self._valid(known, known.token_id)

    def cached(self, token: str) -> StoredToken | None:
        """The row of a token that `find` returned less than `RECHECK_S` ago; never blocks for long.

        None says that `find` has to be asked.
        """
        known = self._seen(hashlib.sha256(token.encode("utf-8")).digest())
        if known is None or known.row is None or self._is_old(known):
            return None
        return known.row if known.row.state(self._now()) == "valid" else None

    def still(self, token_id: str) -> StoredToken | None:
        """The row of a token by its id, if it is valid now."""
        row = self._tokens.get(token_id)
        return row if row is not None and row.state(self._now()) == "valid" else None

    def _valid(self, known: _Known, token_id: str) -> StoredToken | None:
        if self._is_old(known):
            row = self._tokens.get(token_id)
            known.row, known.looked_at = row, self._clock()
            if row is not None and row.state(self._now()) == "valid":
                self._note_use(row)
        row = known.row
        return row if row is not None and row.state(self._now()) == "valid" else None

    def _note_use(self, row: StoredToken) -> None:
        if row.used_at is not None and self._now() - row.used_at < USED_EVERY:
            return  # no write lock for nothing
        try:
            self._tokens.use(row.id)
        except StoreError as error:  # a store that is read-only or busy lets its owners in
            log.warning("the last use of a token cannot be kept: %s", error)

    def _is_old(self, known: _Known) -> bool:
        return known.row is None or self._clock() - known.looked_at >= RECHECK_S

    def _now(self) -> datetime:
        return self._tokens.now()

    def _seen(self, digest: bytes) -> _Known | None:
        with self._lock:
            known = self._known.get(digest)
            if known is not None:
                self._known.move_to_end(digest)
            return known

    def _remember(self, digest: bytes, known: _Known) -> None:
        with self._lock:
            self._known[digest] = known
            while len(self._known) > MOST:
                self._known.popitem(last=False)
