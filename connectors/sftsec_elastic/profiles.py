"""Analysts' names: Kibana writes profile ids (`u_..._0`) where an alert names a person."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from sftsec_core.sdk.errors import RequestError

if TYPE_CHECKING:
    from sftsec_core.sdk.retry import RetryPolicy
    from sftsec_search.client import SearchClient

log = logging.getLogger(__name__)

PRIVILEGE = "read_security"
_PROFILE = re.compile(r"^u_[A-Za-z0-9_-]+_\d+$")
_AT_ONCE = 50  # they stand in the address, which is bounded


class ProfileNames:
    """The names behind profile ids, each asked for once; without the privilege, the ids remain."""

    def __init__(self, client: SearchClient, retry: RetryPolicy) -> None:
        self._client = client
        self._retry = retry
        self._names: dict[str, str] = {}
        self._asked: set[str] = set()
        self._refused = False

    def learn(self, people: Iterable[object]) -> None:
        """Ask for the names of those that are profile ids and not known yet.

        Raises:
            ConnectorUnavailableError: when the cluster does not answer.
        """
        ids = {each for each in people if isinstance(each, str) and _PROFILE.match(each)}
        new = sorted(ids - self._asked)
        for start in range(0, len(new), _AT_ONCE):
            if self._refused:
                return
            part = new[start : start + _AT_ONCE]
            self._names |= dict(self._read(part))
            self._asked.update(part)

    def name(self, person: str) -> str:
        """The user name behind a profile id; anything else, and what is not known, as it is."""
        return self._names.get(person, person)

    def _read(self, ids: list[str]) -> Iterator[tuple[str, str]]:
        path = f"/_security/profile/{','.join(ids)}"
        try:
            found = self._retry(lambda: self._client.request("GET", path))
        except RequestError as error:
            self._refused = True
            why = "it takes the cluster privilege read_security" if error.status == 403 else error
            log.warning("analysts are named by their profile ids: %s", why)
            return
        for profile in found.get("profiles", ()):
            user: Mapping[str, Any] = profile.get("user") or {}
            name = user.get("username")
            if isinstance(name, str) and name:
                yield str(profile.get("uid")), name
