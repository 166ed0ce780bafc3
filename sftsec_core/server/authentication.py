"""Who asks: the owner of a token of sftsec.yaml or of the store, with its roles."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sftsec_core.api.domain import Actor
from sftsec_core.api.errors import StoreError
from sftsec_core.operations.authorize import ANALYST, SCORER
from sftsec_core.operations.token_format import PREFIX
from sftsec_core.server.auth import bearer_of
from sftsec_core.server.error_responses import unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from sftsec_core.operations.token_verifier import TokenVerifier
    from sftsec_core.server.auth import Tokens
    from sftsec_core.server.renewal import Renewed
    from sftsec_core.store.tokens import StoredToken

ORIGIN = "server"
_RETRY_S = 1
_THREADS = 2
# Tokens that wait for a thread; each is a request of somebody whose token is not known yet.
MOST_WAITING = 64


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and by what it is known.

    Attributes:
        actor: who.
        token_id: of a token of the store; None for one of sftsec.yaml.
    """

    actor: Actor
    token_id: str | None = None


class Authenticator:
    """Finds the owners of tokens; a slow hash or a read of the store never holds others up."""

    def __init__(
        self, tokens: Renewed[Tokens], analysts: Collection[str], stored: TokenVerifier
    ) -> None:
        """Take where tokens are.

        Args:
            tokens: of sftsec.yaml; they may score.
            analysts: those of their owners who may label, too.
            stored: verifies the store's.
        """
        self._tokens = tokens
        self._analysts = frozenset(analysts)
        self._stored = stored
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="tokens")
        self._waiting = 0

    async def caller(self, authorization: bytes | None) -> Caller | None:
        """Who sent an `Authorization` header; None for a token that is not known.

        Raises:
            ProblemError: 503, when the store cannot be read, or too many wait for it.
        """
        owner = self._tokens.value.owner(authorization)
        if owner is not None:
            return self._of_settings(owner)
        token = bearer_of(authorization)
        if not token.startswith(PREFIX):
            return None
        row = self._stored.cached(token) or await self._read(lambda: self._stored.find(token))
        return None if row is None else _of_store(row)

    async def current(self, caller: Caller) -> Caller | None:
        """The same caller as it is now, for a session; None when its token is valid no more.

        Raises:
            ProblemError: 503, when the store cannot be read.
        """
        token_id = caller.token_id
        if token_id is None:
            return self._of_settings(caller.actor.name)
        row = await self._read(lambda: self._stored.still(token_id))
        return None if row is None else _of_store(row)

    def mark(self, caller: Caller) -> bytes | None:
        """What changes with a token of sftsec.yaml; the store's are looked up by `current`."""
        if caller.token_id is not None:
            return caller.token_id.encode("ascii")
        return self._tokens.value.mark(caller.actor.name)

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _read(self, read: Callable[[], StoredToken | None]) -> StoredToken | None:
        if self._waiting >= MOST_WAITING:
            raise unavailable("too many tokens are being checked: send it again", seconds=_RETRY_S)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, read)
        except StoreError:
            raise unavailable("tokens cannot be checked now", seconds=_RETRY_S) from None
        finally:
            self._waiting -= 1

    def _of_settings(self, owner: str) -> Caller:
        roles = {SCORER, ANALYST} if owner in self._analysts else {SCORER}
        return Caller(Actor(owner, frozenset(roles), ORIGIN))


def _of_store(row: StoredToken) -> Caller:
    return Caller(Actor(row.name, frozenset(row.roles), ORIGIN), row.id)
