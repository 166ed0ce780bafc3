"""What was looked up beside the documents that a part of a pull consists of.

A judged detection is about an event elsewhere, the index of verdicts names alerts, a sequence has
building blocks, an analyst has a name. All of them may change while the part's own documents do
not. So each such search is kept, with which versions of which documents it found, and can be sent
again for the versions alone.
"""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from sftsec_core.api.errors import ConnectorError

if TYPE_CHECKING:
    from sftsec_search.identities import Identities
    from sftsec_search.pull import Cluster

Hit = Mapping[str, Any]
VERSIONED = {"seq_no_primary_term": True}  # of a search that is kept


@dataclass(slots=True)
class Lookups:
    """The searches of one part.

    Attributes:
        unknown: whether something was read that cannot be asked about again.
        people: the ids of analysts that were met, with their names.
    """

    unknown: bool = False
    people: dict[str, str] = field(default_factory=dict)
    _asked: list[tuple[str, Any, int]] = field(default_factory=list)
    _found: list[list[Any]] = field(default_factory=list)

    def note(self, index: str, body: Mapping[str, Any], hits: Sequence[Hit]) -> None:
        """Keep a search by a query, and what it found; it asked for `VERSIONED`."""
        self._asked.append((index, body["query"], body["size"]))
        self._found.append(_versions(hits))

    def to_json(self, known: Identities) -> dict[str, Any] | None:
        """What tells later whether a search would find the same; None where nothing can."""
        if self.unknown:
            return None
        indices = sorted({each[0] for found in self._found for each in found})
        identities = {name: known.of(name) for name in indices}
        if None in identities.values():
            return None
        return {
            "asked": base64.b64encode(zlib.compress(orjson.dumps(self._asked))).decode(),
            "found": _digest(self._found),
            "indices": identities,
            "people": self.people,
        }


def found_again(cluster: Cluster, known: Identities, said: Mapping[str, Any]) -> bool:
    """Whether the searches of a part would find the same documents in the same versions.

    Args:
        cluster: where to search.
        known: the identities of its indices.
        said: of `Lookups.to_json`.
    """
    named = said["indices"].items()
    if any(known.of(name) != identity for name, identity in named):
        return False
    if said["people"] and said["people"] != cluster.names_of(said["people"]):
        return False
    asked = orjson.loads(zlib.decompress(base64.b64decode(said["asked"])))
    try:
        return bool(said["found"] == _digest(_asked_again(cluster, asked)))
    except ConnectorError:
        return False  # reading it again says what is wrong


def _asked_again(cluster: Cluster, asked: Iterable[tuple[str, Any, int]]) -> Iterable[Any]:
    for index, query, size in asked:
        body = {"query": query, "size": size, "_source": False, "track_total_hits": False}
        found = cluster.retry(lambda b=body, i=index: cluster.client.search({**b, **VERSIONED}, i))  # type: ignore[misc]
        yield _versions(found["hits"]["hits"])


def _versions(hits: Sequence[Hit]) -> list[Any]:
    return sorted([h["_index"], h["_id"], h["_seq_no"], h["_primary_term"]] for h in hits)


def _digest(found: Iterable[Any]) -> str:
    digest = hashlib.blake2b(digest_size=20)
    for each in found:
        digest.update(orjson.dumps(each) + b"\n")
    return digest.hexdigest()
