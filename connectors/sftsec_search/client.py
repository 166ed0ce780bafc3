"""What a connector needs of a vendor's client: one way to send a request, errors told apart."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import orjson

from sftsec_core.api.errors import ConnectorUnavailableError
from sftsec_core.sdk.errors import AccessError, RequestError
from sftsec_search.errors import PitExpiredError

RETRIED = frozenset({429, 502, 503, 504})
_UNKNOWN_USER, _FORBIDDEN, TOO_LARGE = 401, 403, 413
_ROOM = re.compile(r"operation_bytes=(\d+), max_coordinating\w*_bytes=(\d+)")
NOT_A_CLUSTER = "what answers there is no search engine: see to `url`"
NO_REMOTE = "no_such_remote_cluster_exception"
_REMOTE = re.compile(r"no such remote cluster: \[([\w*-]+)\]")
_LONGEST_CAUSE = 400
_GONE = frozenset({"search_context_missing_exception", "already_closed_exception"})
BLOCK = "cluster_block_exception"
BLOCKED = "it was blocked (index.blocks.* or cluster.blocks.*); lift the block"


class SearchClient(ABC):
    """One cluster, spoken to through its vendor's client.

    Attributes:
        vendor: "Elasticsearch" or "OpenSearch", for messages.
        tie_breakers: fields that make a sort by time unique, after it.
        stable: how many of the tie-breakers keep their values from one point in time to another.
        accepted: whether the cluster has taken the credentials before.
    """

    vendor: str
    tie_breakers: tuple[str, ...]
    stable: int
    accepted: bool = False

    @abstractmethod
    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        body: Any = None,  # noqa: ANN401 - JSON
        lines: Sequence[bytes] | None = None,
    ) -> dict[str, Any]:
        """Send one request and return its answer, read as JSON.

        Args:
            method: GET, POST, PUT or DELETE.
            path: with a leading slash, quoted.
            params: of the query.
            body: a JSON value.
            lines: newline-delimited JSON instead, one item a line, without its newline.

        Raises:
            ConnectorUnavailableError: when the cluster does not answer or is too busy (429, 502,
                503, 504).
            AccessError: when it answers 401 or 403.
            PitExpiredError: when a point in time is gone.
            RequestError: for any other refusal; carries no content of a document.
            TlsError: when the certificate cannot be verified.
            TooLargeError: when the answer passes the bound.
        """

    @abstractmethod
    def open_pit(self, index: str, keep_alive: str, shard: int | None = None) -> str:
        """Open a point in time; "" when a pattern matches no index.

        Args:
            index: names or patterns, joined by commas.
            keep_alive: how long it stays between two searches.
            shard: the number of the one shard of each index to look at; None for all.

        Raises:
            RequestError: with status 404 when an index that is named in full is not there.
        """

    @abstractmethod
    def close_pit(self, pit: str) -> None:
        """Let go of a point in time."""

    @abstractmethod
    def close(self) -> None:
        """Close the client's connections; may be called twice."""

    def to_error(self, status: int, body: object) -> Exception:
        """Make our error of a refusal, for `request` to raise; see the function `to_error`.

        A node that has just come back does not know its users for a second or so, and answers
        401: credentials that were taken before are asked about again.
        """
        error = to_error(self.vendor, status, body)
        if status == _UNKNOWN_USER and self.accepted:
            return ConnectorUnavailableError(
                f"{self.vendor} answers 401 to credentials that it took before: "
                "it may be starting, or they were withdrawn"
            )
        return error

    def info(self) -> dict[str, Any]:
        """What the cluster says of itself (`GET /`)."""
        return self.request("GET", "/")

    def search(
        self, body: Mapping[str, Any], index: str = "", shard: int | None = None
    ) -> dict[str, Any]:
        """Search, whole or not at all: a shard that fails or times out fails the search.

        Args:
            body: of the search; with a `pit`, `index` stays empty.
            index: names or patterns, joined by commas; missing ones are left out.
            shard: the number of the one shard of each index to look at; None for all.

        Raises:
            ConnectorUnavailableError: when a shard or a remote cluster did not answer.
            AccessError: when a remote cluster refuses; it would be skipped without a word.
        """
        path = f"/{quoted(index)}/_search" if index else "/_search"
        params = {"allow_partial_search_results": "false"}
        if index:
            params |= {"ignore_unavailable": "true", "allow_no_indices": "true"}
        params |= in_shard(shard)
        found = self.request("POST", path, params=params, body=body)
        if "hits" not in found:
            raise RequestError(NOT_A_CLUSTER, status=0)
        refuse_skipped(found)
        shards = found.get("_shards", {})
        if found.get("timed_out") or shards.get("failed"):
            raise ConnectorUnavailableError("a search was answered in part only")
        return found


def in_shard(shard: int | None) -> dict[str, str]:
    """The parameters that limit a request to one shard of each index; None for all."""
    return {} if shard is None else {"preference": f"_shards:{shard}"}


def refuse_skipped(found: Mapping[str, Any]) -> None:
    """Refuse an answer that lacks remote clusters, which are skipped where they do not answer.

    Raises:
        AccessError: when one of them does not allow it.
        ConnectorUnavailableError: when one of them does not answer.
    """
    clusters = found.get("_clusters", {})
    for name, each in clusters.get("details", {}).items():
        if each.get("status") not in {"skipped", "failed"}:
            continue
        failures = [one.get("reason") for one in each.get("failures", ())]
        body = {"error": {"type": "", "caused_by": next(filter(None, failures), None)}}
        if "security_exception" in _kinds(body):
            raise _forbidden(f"the remote cluster {name!r} refuses", "", body)
        raise ConnectorUnavailableError(f"the remote cluster {name!r} was skipped{_cause(body)}")
    if clusters.get("skipped"):
        raise ConnectorUnavailableError("a remote cluster was skipped: it did not answer")


def quoted(index: str) -> str:
    """Names, aliases or patterns as a part of a path."""
    return quote(index, safe=",*-.:<>{}|+")


def unavailable_error(urls: Sequence[str], kind: str) -> ConnectorUnavailableError:
    """Make our error of nodes that do not answer; the addresses hold no password, see the config.

    Args:
        urls: of the nodes.
        kind: of the error that the client met.
    """
    return ConnectorUnavailableError(f"the cluster at {', '.join(urls)} does not answer ({kind})")


def to_error(vendor: str, status: int, body: object) -> Exception:
    """Make our error of a refusal; its message is not repeated, because it quotes documents.

    Args:
        vendor: for the message.
        status: the HTTP status.
        body: the answer, parsed or not.
    """
    kinds = list(_kinds(body))
    if remote := _REMOTE.search(str(body)) if NO_REMOTE in kinds else None:
        # With security on it comes as a missing privilege.
        return RequestError(no_remote(remote[1]), status=404, kind=NO_REMOTE)
    kind = kinds[0] if kinds else ""
    what = f"{vendor} answers {status}{f' ({kind})' if kind else ''}"
    if status in RETRIED:
        return _busy(what, kind, body)
    if status == _UNKNOWN_USER:
        return _not_let_in(what, kind, body)
    if status == _FORBIDDEN:
        return _forbidden(what, kind, body)
    if _is_gone(body):
        return PitExpiredError(what, status=status, kind=kind)
    return RequestError(what + _missing(body), status=status, kind=kind)


def no_remote(name: str) -> str:
    """Say that a source names a cluster that this one is not connected to."""
    return f"there is no remote cluster {name!r}: connect it, or correct `sources`"


def _is_gone(body: object) -> bool:
    """Whether a point in time is gone; one that ends while a shard is read comes as a fault of it.

    Then either engine answers 500 with an illegal state, beside or without shards that miss it.
    """
    return any(
        each["type"] in _GONE
        or (
            each["type"] == "illegal_state_exception"
            and "already closed" in str(each.get("reason"))
        )
        for each in _failures(body)
    )


def _kinds(body: object) -> list[str]:
    """The names of an answer's failures, the outermost first."""
    return [each["type"] for each in _failures(body)]


def _failures(body: object) -> list[dict[str, Any]]:
    """An answer's failures that have a name, the outermost first."""
    error = body.get("error") if isinstance(body, dict) else None
    found: list[dict[str, Any]] = []
    todo: list[Any] = [error]
    while todo:
        each = todo.pop(0)
        if isinstance(each, list):
            todo += each
        elif isinstance(each, dict):
            if isinstance(each.get("type"), str):
                found.append(each)
            nested = ("root_cause", "caused_by", "failed_shards", "reason")
            todo += [each[name] for name in nested if isinstance(each.get(name), dict | list)]
    return found


def _error(body: object) -> Mapping[str, Any]:
    error = body.get("error") if isinstance(body, dict) else None
    return error if isinstance(error, dict) else {}


def _busy(what: str, kind: str, body: object) -> Exception:
    found = _ROOM.search(str(_error(body).get("reason", "")))
    if found is not None and int(found[1]) > int(found[2]):  # it alone, whatever else is going on
        return RequestError(f"{what}: it has no room for that, ever", status=TOO_LARGE, kind=kind)
    return ConnectorUnavailableError(what)


def _forbidden(what: str, kind: str, body: object) -> Exception:
    if kind == BLOCK:
        return RequestError(f"{what}: {BLOCKED}", status=_FORBIDDEN, kind=kind)
    hint = f"a privilege is missing{_refused(body)}; `sftsec connector check` names it"
    return AccessError(f"{what}: {hint}{_cause(body)}", status=_FORBIDDEN, kind=kind)


def _not_let_in(what: str, kind: str, body: object) -> Exception:
    reason = _error(body).get("additional_unsuccessful_credentials")
    if isinstance(reason, str) and reason.endswith("encountered a failure"):
        return ConnectorUnavailableError(f"{what}: it cannot look the API key up just now")
    hint = "the credentials are not accepted; correct the API key, or user and password"
    return AccessError(f"{what}: {hint}", status=_UNKNOWN_USER, kind=kind)


def _refused(body: object) -> str:
    """The action that was not allowed, as both engines name it; it holds no data."""
    reason = str(_error(body).get("reason", ""))
    action = next((w for w in reason.replace("[", " ").replace("]", " ").split() if ":" in w), "")
    return f" for {action.rstrip(',')}" if "/" in action else ""


def _cause(body: object) -> str:
    """The innermost cause of a refusal, such as that of a remote cluster; it quotes no document."""
    cause: Mapping[str, Any] = {}
    inner = _error(body).get("caused_by")
    while isinstance(inner, dict):
        cause, inner = inner, inner.get("caused_by")
    if not cause:
        return ""
    said = " ".join(f"{cause.get('type', '')}: {cause.get('reason', '')}".split())
    return f" (caused by {said[:_LONGEST_CAUSE]})"


def _missing(body: object) -> str:
    index = _error(body).get("index")
    return f": {index}" if isinstance(index, str) else ""


def json_line(value: object) -> bytes:
    """One line of newline-delimited JSON, without its newline."""
    return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS)
