"""Sessions of the labelling page: a cookie in the place of the token, which no script can read.

They live in this process: a restart ends them all. A cookie counts only with the header
`X-Sftsec-Page`, which a form or a link of another site cannot send, and never where the browser
says that another site asks.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Generic, TypeVar

LIFETIME_S = 12 * 3600
IDLE_S = 3600
MOST = 1000
HEADER = b"x-sftsec-page"
Headers = Iterable[tuple[bytes, bytes]]
T = TypeVar("T")


@dataclass(slots=True)
class _Session(Generic[T]):
    owner: T
    mark: bytes | None
    started: float
    used: float


class Sessions(Generic[T]):
    """The sessions by the digests of their names; all calls come from one event loop."""

    def __init__(
        self,
        *,
        secure: bool,
        mark: Callable[[T], bytes | None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take how the page is reached.

        Args:
            secure: over TLS, this server's or a proxy's: the cookie is sent over nothing else.
            mark: of an owner's token: a session ends when that is another one or none.
            clock: seconds; only their differences count.
        """
        self._secure = secure
        self._mark = mark
        self._clock = clock
        self._sessions: dict[bytes, _Session[T]] = {}
        # The prefix makes browsers refuse a cookie that another host or a plain page has set.
        self.cookie = "__Host-sftsec" if secure else "sftsec"

    def start(self, owner: T) -> str:
        """Begin a session; return the header `Set-Cookie`."""
        self._forget_ended()
        while len(self._sessions) >= MOST:
            del self._sessions[min(self._sessions, key=lambda each: self._sessions[each].used)]
        name, now = secrets.token_urlsafe(32), self._clock()
        self._sessions[_digest(name)] = _Session(owner, self._mark(owner), now, now)
        return self._header(name, LIFETIME_S)

    def owner(self, headers: Headers) -> T | None:
        """The owner of the session that a request belongs to; None without one."""
        given = dict(headers)
        name = self._name(given)
        if name is None or HEADER not in given or not _is_own(given):
            return None
        session = self._sessions.get(_digest(name))
        if session is None or self._has_ended(session):
            return None
        session.used = self._clock()
        return session.owner

    def end(self, headers: Headers) -> str:
        """End the session of a request; return the header that removes the cookie."""
        name = self._name(dict(headers))
        if name is not None:
            self._sessions.pop(_digest(name), None)
        return self._header("", 0)

    def _header(self, name: str, seconds: int) -> str:
        secure = "; Secure" if self._secure else ""
        rest = f"Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}"
        return f"{self.cookie}={name}; {rest}"

    def _name(self, headers: dict[bytes, bytes]) -> str | None:
        try:
            found = SimpleCookie(headers.get(b"cookie", b"").decode("latin-1")).get(self.cookie)
        except CookieError:
            return None
        return None if found is None else found.value

    def _has_ended(self, session: _Session[T]) -> bool:
        now = self._clock()
        if session.mark is None or session.mark != self._mark(session.owner):
            return True
        return now - session.started > LIFETIME_S or now - session.used > IDLE_S

    def _forget_ended(self) -> None:
        ended = [name for name, each in self._sessions.items() if self._has_ended(each)]
        for name in ended:
            del self._sessions[name]


def _is_own(headers: dict[bytes, bytes]) -> bool:
    return headers.get(b"sec-fetch-site", b"same-origin") == b"same-origin"


def _digest(name: str) -> bytes:
    return hashlib.sha256(name.encode("latin-1", "replace")).digest()
