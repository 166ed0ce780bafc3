"""What prevents a pull or a push, on either search engine."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from sftsec_core.sdk.errors import AccessError, RequestError
from sftsec_search.client import NO_REMOTE, quoted, refuse_skipped
from sftsec_search.identities import Identities
from sftsec_search.orders import ask_order, order_of, require_remotes
from sftsec_search.setup import AUDIT, DETECTIONS, Stream, exists, lacking_fields
from sftsec_search.sources import LabelledIndex

if TYPE_CHECKING:
    from sftsec_search.client import SearchClient
    from sftsec_search.pull import Cluster
    from sftsec_search.sources import DocumentSource

_PROBE = "10s"
_MOST_SKEW = timedelta(seconds=30)
_FORBIDDEN = 403
_INTERVAL = re.compile(r"(\d+)(ms|s|m|h|d)")
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400}
_DATES = frozenset({"date", "date_nanos"})
_SHOWN = 10
_NEAR = 0.88  # of 1, equal


def of_cluster(
    cluster: Cluster,
    indices: Mapping[str, Mapping[str, Any]],
    denied: dict[str, str] | None = None,
) -> Iterator[str]:
    """Look at the clock, the sources, the data stream and the indices that we keep ourselves.

    Args:
        cluster: what a pull reads from.
        indices: those that we keep, each with the mappings that it needs.
        denied: gets the index of each source that the credentials may not open, and a line.

    Raises:
        ConnectorUnavailableError: when the cluster cannot be reached.
        AccessError: when it refuses the credentials.
    """
    ask(cluster.client, "/")
    yield from _clock(cluster)
    for source in cluster.sources:
        yield from _source(cluster, source, {} if denied is None else denied)
    for stream in (DETECTIONS, AUDIT):
        yield from _stream(cluster, stream)
    for index, mappings in indices.items():
        yield from _index(cluster.client, index, mappings)


def ask(client: SearchClient, path: str) -> dict[str, Any]:
    """What the cluster answers; nothing where the credentials may not ask.

    Raises:
        ConnectorUnavailableError: when the cluster cannot be reached.
        AccessError: when it refuses the credentials.
    """
    try:
        return client.request("GET", path)
    except AccessError as error:
        if error.status != _FORBIDDEN:
            raise
        return {}  # privileges() says what is missing, and all of it at once


def _clock(cluster: Cluster) -> Iterator[str]:
    """Windows of time, and the rule that promotes detections, go wrong with a wrong clock."""
    path = "/_nodes/_local/stats/process"
    try:
        found = cluster.client.request("GET", path, params={"filter_path": "nodes.*.timestamp"})
    except RequestError:
        return  # it needs the privilege `monitor`; privileges() reports it
    here = cluster.clock()
    for node in found.get("nodes", {}).values():
        skew = here - datetime.fromtimestamp(node["timestamp"] / 1000, UTC)
        if abs(skew) > _MOST_SKEW:
            way = "ahead of" if skew > timedelta() else "behind"
            yield (
                f"this machine's clock is {abs(skew).total_seconds():.0f} s {way} the cluster's: "
                "set both by NTP, or windows of time go wrong"
            )


def _source(cluster: Cluster, source: DocumentSource, denied: dict[str, str]) -> Iterator[str]:
    body = {"size": 0, "track_total_hits": False, "query": {"match_all": {}}}
    query = {**body, "query": source.query} if source.query else body
    try:
        require_remotes(cluster.client, source.index)
        # Unlike a pull, this does not overlook an index that is missing.
        answer = cluster.client.request("POST", f"/{quoted(source.index)}/_search", body=query)
        refuse_skipped(answer)
        path = f"/{quoted(source.index)}/_field_caps"
        found = cluster.client.request("GET", path, params={"fields": "*"})
        # A pull opens a point in time, which takes rights of its own, above all in other clusters.
        if pit := cluster.client.open_pit(source.index, _PROBE):
            cluster.client.close_pit(pit)
    except AccessError as error:
        there = " (the role takes `read` on it in the other cluster)" if ":" in source.index else ""
        denied[source.index] = f"the source {source.index!r} cannot be opened{there}: {error}"
        return
    except RequestError as error:
        if error.kind == NO_REMOTE:
            yield str(error)
            return
        what = "does not exist" if error.status == 404 else f"cannot be searched ({error})"
        yield f"the source {source.index!r} {what}: correct `sources`"
        return
    yield from _fields(source, found)


def _fields(source: DocumentSource, found: dict[str, Any]) -> Iterator[str]:
    known = found.get("fields", {})
    if not found.get("indices"):
        return  # a pattern that matches nothing yet
    order = order_of(source, found)
    types = set(known.get(source.timestamp, {})) - {"unmapped"}
    if not types & _DATES and order.time.kind != "number":
        dates = [name for name, kinds in known.items() if kinds.keys() & _DATES]
        there = f"; there are: {', '.join(sorted(dates)[:_SHOWN])}" if dates else ""
        yield f"{source.timestamp!r} of {source.index!r} is no date field: set `timestamp`{there}"
    elif order.time.others:
        yield (
            f"{source.timestamp!r} is no date in {order.time.shown_others()}: leave that out of "
            f"{source.index!r}, or set `timestamp`"
        )
    if order.problem:
        yield order.problem
    if isinstance(source, LabelledIndex):
        for name in source.fields:
            yield from _verdict_field(source, name, known)


def _verdict_field(
    source: DocumentSource, name: str, known: Mapping[str, Mapping[str, Any]]
) -> Iterator[str]:
    """A field that no document has may come with the first verdict, unless it is misspelt."""
    plain = [each for each, kinds in known.items() if not kinds.keys() & {"object", "nested"}]
    if name in plain:
        return
    below = [each for each in plain if each.startswith(f"{name}.")]
    near = get_close_matches(name, plain, 1, _NEAR)
    if "." not in name:
        near += [each for each in plain if each.endswith(f".{name}")]
    if name in known and below:
        there = ", ".join(below[:_SHOWN])
        yield f"{name!r} of {source.index!r} is an object, which is no verdict; it has: {there}"
    elif near:
        yield f"no document of {source.index!r} has {name!r}: did you mean {near[0]!r}?"


def reading_of(cluster: Cluster, source: DocumentSource) -> str:
    """Say by which field a source is read, and why.

    Raises:
        ConnectorError: when the cluster does not answer, or refuses.
    """
    order = cluster.retry(lambda: ask_order(cluster.client, source))
    if order.arrival is None:
        settle = f"{cluster.config.settle.total_seconds():g} s"
        late = f"scoring leaves out what arrives more than {settle} after that time"
        if source.time_is_arrival:
            late = "scoring finds what comes in late"
        line = f"{source.index!r} is read by {source.timestamp} ({order.reason}); {late}"
    else:
        line = (
            f"{source.index!r} is read by {order.arrival.name} ({order.reason}), so that what "
            f"comes in late is found; documents without it by {source.timestamp}"
        )
    return line + _read_whole(cluster, source) + _slow_refresh(cluster, source)


def _read_whole(cluster: Cluster, source: DocumentSource) -> str:
    """Say where a build cannot tell what changed since the last one."""
    if Identities(cluster.client, cluster.retry).of_all(source.index) is not None:
        return ""
    return "; each build reads it whole, as the settings of its indices cannot be read"


def _slow_refresh(cluster: Cluster, source: DocumentSource) -> str:
    """Name an index in which a search finds documents later than `settle` waits for them."""
    path = f"/{quoted(source.index)}/_settings/index.refresh_interval"
    params = {"flat_settings": "true", "ignore_unavailable": "true", "allow_no_indices": "true"}
    try:
        found = cluster.retry(lambda: cluster.client.request("GET", path, params=params))
    except RequestError:
        return ""  # it needs a right that nothing else needs
    for index, each in sorted(found.items()):
        given = str(each.get("settings", {}).get("index.refresh_interval", "1s"))
        span = _INTERVAL.fullmatch(given)  # -1 is none at all
        seconds = int(span[1]) * _SECONDS[span[2]] if span else 0
        if seconds > cluster.config.settle.total_seconds():
            return f"; {index} is refreshed every {given} only: set `settle` to more than that"
    return ""


def _stream(cluster: Cluster, stream: Stream) -> Iterator[str]:
    name = f"logs-{stream.dataset}-{cluster.config.namespace}"
    made = (f"_data_stream/{name}", *(f"_index_template/{t}" for t in stream.templates))
    try:
        there = any(exists(cluster.client, f"/{path}") for path in made)
    except AccessError:
        return
    if not there:
        yield f"the data stream {name} is not there: run `sftsec connector setup`"


def _index(client: SearchClient, index: str, mappings: Mapping[str, Any]) -> Iterator[str]:
    """An index of verdicts on alerts, or of requests for them."""
    try:
        found = client.request("GET", f"/{index}/_mapping")
    except AccessError:
        return
    except RequestError:
        yield f"the index {index} is not there: run `sftsec connector setup`"
        return
    for name, each in found.items():
        alert = each["mappings"].get("properties", {}).get("alert", {}).get("properties", {})
        if {alert.get(part, {}).get("type") for part in ("index", "id")} != {"keyword"}:
            yield (
                f"alert.index and alert.id of {name} must be of type keyword: "
                "reindex it into one that `sftsec connector setup` makes"
            )
            return
    if lacking := lacking_fields(found, mappings):
        yield f"the index {index} lacks {', '.join(lacking)}: run `sftsec connector setup`"
