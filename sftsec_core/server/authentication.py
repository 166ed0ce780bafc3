"""Who asks: the owner of a token of sftsec.yaml, of the store or of an issuer, with its roles."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from sftsec_core.api.domain import Actor
from sftsec_core.api.errors import ConnectorUnavailableError, StoreError
from sftsec_core.operations.authorize import ANALYST, SCORER
from sftsec_core.operations.oidc import is_jwt
from sftsec_core.operations.token_format import PREFIX
from sftsec_core.server.auth import bearer_of
from sftsec_core.server.error_responses import unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from concurrent.futures import Executor

    from sftsec_core.operations.oidc import OidcVerifier
    from sftsec_core.operations.token_verifier import TokenVerifier
    from sftsec_core.server.auth import Tokens
    from sftsec_core.server.renewal import Renewed
    from sftsec_core.store.tokens import StoredToken

ORIGIN = "server"
T = TypeVar("T")
_RETRY_S = 1
_THREADS = 2
# Tokens that wait for a thread; each is a request of somebody whose token is not known yet.
MOST_WAITING = 64


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and by what it is known.

    Attributes:
        actor: who.
        token_id: of a token of the store; None for another one.
        until: when an issuer's token expires, in seconds since 1970; None for another one.
    """

    actor: Actor
    token_id: str | None = None
    until: float | None = None


class Authenticator:
    """Finds the owners of tokens; a slow hash or a read of the store never holds others up."""

    def __init__(
        self,
        tokens: Renewed[Tokens],
        analysts: Collection[str],
        stored: TokenVerifier,
        issued: OidcVerifier | None = None,
    ) -> None:
        """Take where tokens are.

        Args:
            tokens: of sftsec.yaml; they may score.
            analysts: those of their owners who may label, too.
            stored: verifies the store's.
            issued: verifies an issuer's; None where there is no issuer.
        """
        self._tokens = tokens
        self._analysts = frozenset(analysts)
        self._stored = stored
        self._issued = issued
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="tokens")
        # An issuer that does not answer holds up tokens of its own alone.
        self._issuer_threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="oidc")
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
        if self._issued is not None and is_jwt(token):
            return await self._of_issuer(self._issued, token)
        if not token.startswith(PREFIX):
            return None
        row = self._stored.cached(token) or await self._run(
            self._threads, lambda: self._stored.find(token)
        )
        return None if row is None else _of_store(row)

    async def current(self, caller: Caller) -> Caller | None:
        """The same caller as it is now, for a session; None when its token is valid no more.

        Raises:
            ProblemError: 503, when the store cannot be read.
        """
        token_id = caller.token_id
        if caller.until is not None:
            return caller if time.time() < caller.until else None
        if token_id is None:
            return self._of_settings(caller.actor.name)
        row = await self._run(self._threads, lambda: self._stored.still(token_id))
        return None if row is None else _of_store(row)

    def mark(self, caller: Caller) -> bytes | None:
        """What changes with a token of sftsec.yaml; the others are looked up by `current`."""
        if caller.token_id is not None or caller.until is not None:
            return b"looked up"
        return self._tokens.value.mark(caller.actor.name)

    def close(self) -> None:
        """End the threads."""
        for threads in (self._threads, self._issuer_threads):
            threads.shutdown(wait=False, cancel_futures=True)

    async def _of_issuer(self, issued: OidcVerifier, token: str) -> Caller | None:
        if issued.is_ready(token):
            found = issued.find(token)
        else:
            found = await self._run(self._issuer_threads, lambda: issued.find(token))
        if found is None:
            return None
        return Caller(Actor(found.name, found.roles, ORIGIN), until=found.expires_at)

    async def _run(self, threads: Executor, read: Callable[[], T]) -> T:
        if self._waiting >= MOST_WAITING:
            raise unavailable("too many tokens are being checked: send it again", seconds=_RETRY_S)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(threads, read)
        except (StoreError, ConnectorUnavailableError):
            raise unavailable("tokens cannot be checked now", seconds=_RETRY_S) from None
        finally:
            self._waiting -= 1

    def _of_settings(self, owner: str) -> Caller:
        roles = {SCORER, ANALYST} if owner in self._analysts else {SCORER}
        return Caller(Actor(owner, frozenset(roles), ORIGIN))


def _of_store(row: StoredToken) -> Caller:
    return Caller(Actor(row.name, frozenset(row.roles), ORIGIN), row.id)
