"""What tells an index from another one that has, or had, the same name.

A sequence number says which state of a document is meant within the history of one shard. An
index that was removed and made again, or restored, has another history under the same name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sftsec_core.sdk.errors import AccessError, RequestError
from sftsec_search.client import quoted

if TYPE_CHECKING:
    from sftsec_core.sdk.retry import RetryPolicy
    from sftsec_search.client import SearchClient

# A restore into an index that was closed keeps its `uuid`, and gives it another history.
_TELLING = ("index.uuid", "index.history.uuid", "index.creation_date")


@dataclass(frozen=True, slots=True)
class IndexIdentity:
    """One index; `name` tells it from all others, `shards` is the number of its primaries."""

    name: str
    shards: int


class Identities:
    """The identities of indices, each asked for once: make a new one for each pull."""

    def __init__(self, client: SearchClient, retry: RetryPolicy) -> None:
        """Take the cluster; nothing is asked before it is needed."""
        self._client = client
        self._retry = retry
        self._known: dict[str, IndexIdentity | None] = {}

    def of_all(self, index: str) -> Mapping[str, IndexIdentity] | None:
        """The identities of all indices that names, aliases and patterns stand for.

        Returns:
            By their own names; None where the credentials may not read settings, or the indices
            are of another cluster.
        """
        if ":" in index and not index.startswith("<"):
            return None
        path, asked = f"/{quoted(index)}/_settings", {"flat_settings": "true"}
        params = {**asked, "ignore_unavailable": "true", "expand_wildcards": "open,hidden"}
        try:
            answer = self._retry(lambda: self._client.request("GET", path, params=params))
        except (AccessError, RequestError):
            return None
        found = {name: _identity(each) for name, each in answer.items()}
        self._known |= found
        return {name: each for name, each in found.items() if each is not None}

    def of(self, name: str) -> str | None:
        """The identity of one index by its own name; None where it cannot be told."""
        if name not in self._known:
            found = self.of_all(name) or {}
            self._known[name] = found.get(name)
        known = self._known[name]
        return None if known is None else known.name


def _identity(answer: Any) -> IndexIdentity | None:  # noqa: ANN401 - JSON
    settings = answer.get("settings", {}) if isinstance(answer, dict) else {}
    shards = str(settings.get("index.number_of_shards", ""))
    if not settings.get("index.uuid") or not shards.isdigit():
        return None
    return IndexIdentity("/".join(str(settings.get(key, "")) for key in _TELLING), int(shards))
