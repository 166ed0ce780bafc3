"""Feeds, entries and messages, as Atom and as JSON.

In JSON a value keeps its type; in XML a truth is 1 or 0 and nothing is an empty element.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape, quoteattr

from tests.servers.splunkd.rest.messages import Request, Response, json_response
from tests.servers.splunkd.spl.times import iso

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_SHEET = '<?xml-stylesheet type="text/xml" href="/static/atom.xsl"?>\n'
_SPACES = (
    'xmlns="http://www.w3.org/2005/Atom" xmlns:s="http://dev.splunk.com/ns/rest" '
    'xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/"'
)
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


@dataclass
class Entry:
    """One object in an answer.

    Attributes:
        path: its address without the host.
        fields: required, optional and wildcard arguments; None where they are not shown.
        links: what else can be done, as pairs of a relation and an address.
    """

    name: str
    path: str
    content: dict[str, Any]
    acl: dict[str, Any]
    updated: float = 0.0
    fields: Mapping[str, list[str]] | None = None
    links: list[tuple[str, str]] = field(default_factory=list)
    author: str = "system"


@dataclass
class Feed:
    """Objects in an answer, with the page that they are."""

    title: str
    path: str
    entries: list[Entry]
    total: int | None = None
    offset: int = 0
    per_page: int = 30
    links: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Site:
    """What every answer says of its server."""

    url: str
    version: str
    build: str
    now: float


def address(*segments: str) -> str:
    """A path; a slash within a segment is encoded twice, as splunkd does."""
    return "/" + "/".join(quote(each.replace("/", "%2F"), safe="") for each in segments)


def render(feed: Feed, request: Request, site: Site, status: int = 200) -> Response:
    if request.wants_json:
        return json_response(_feed_json(feed, site), status)
    return Response((_HEAD + _SHEET + _feed_xml(feed, site)).encode(), status)


def render_entry(entry: Entry, request: Request, site: Site, status: int = 200) -> Response:
    """One entry alone, as a job's own address gives it."""
    if request.wants_json:
        return json_response(_feed_json(Feed("", entry.path, [entry]), site), status)
    return Response((_HEAD + _SHEET + _entry_xml(entry, site, f" {_SPACES}")).encode(), status)


def render_messages(
    request: Request, status: int, messages: list[tuple[str, str]], code: str | None = None
) -> Response:
    if request.wants_json:
        told = [{"type": kind, "text": text} for kind, text in messages]
        if code is not None:
            told = [{**each, "code": code} for each in told]
        return json_response({"messages": told}, status)
    attribute = "" if code is None else f" code={quoteattr(code)}"
    lines = "".join(
        f'    <msg type="{kind}"{attribute}>{_text(text)}</msg>\n' for kind, text in messages
    )
    body = f"{_HEAD}<response>\n  <messages>\n{lines}  </messages>\n</response>\n"
    return Response(body.encode(), status)


# --- JSON


def _feed_json(feed: Feed, site: Site) -> dict[str, Any]:
    total = len(feed.entries) if feed.total is None else feed.total
    return {
        "links": dict(feed.links),
        "origin": site.url + feed.path,
        "updated": iso(site.now),
        "generator": {"build": site.build, "version": site.version},
        "entry": [_entry_json(entry, site) for entry in feed.entries],
        "paging": {"total": total, "perPage": feed.per_page, "offset": feed.offset},
        "messages": [],
    }


def _entry_json(entry: Entry, site: Site) -> dict[str, Any]:
    found = {
        "name": entry.name,
        "id": site.url + entry.path,
        "updated": iso(entry.updated or site.now),
        "links": {"alternate": entry.path, **dict(entry.links)},
        "author": entry.author,
        "acl": entry.acl,
        "content": {"eai:acl": None, **entry.content},
    }
    if entry.fields is not None:
        found["fields"] = {name: list(names) for name, names in entry.fields.items()}
    return found


# --- XML


def _text(value: Any) -> str:
    return escape(_ILLEGAL.sub("", str(value)))


def _feed_xml(feed: Feed, site: Site) -> str:
    total = len(feed.entries) if feed.total is None else feed.total
    links = "".join(_link(relation, path) for relation, path in feed.links)
    entries = "".join(_entry_xml(entry, site) for entry in feed.entries)
    return (
        f"<feed {_SPACES}>\n  <title>{_text(feed.title)}</title>\n"
        f"  <id>{_text(site.url + feed.path)}</id>\n  <updated>{iso(site.now)}</updated>\n"
        f'  <generator build="{site.build}" version="{site.version}"/>\n'
        f"  <author>\n    <name>Splunk</name>\n  </author>\n{links}"
        f"  <opensearch:totalResults>{total}</opensearch:totalResults>\n"
        f"  <opensearch:itemsPerPage>{feed.per_page}</opensearch:itemsPerPage>\n"
        f"  <opensearch:startIndex>{feed.offset}</opensearch:startIndex>\n"
        f"  <s:messages/>\n{entries}</feed>\n"
    )


def _link(relation: str, path: str) -> str:
    return f"  <link href={quoteattr(path)} rel={quoteattr(relation)}/>\n"


def _entry_xml(entry: Entry, site: Site, spaces: str = "") -> str:
    content: dict[str, Any] = {**entry.content, "eai:acl": entry.acl}
    if entry.fields is not None:
        content["eai:attributes"] = {
            f"{name}Fields": list(names) for name, names in entry.fields.items()
        }
    links = "".join(
        _link(relation, path) for relation, path in [("alternate", entry.path), *entry.links]
    )
    return (
        f"<entry{spaces}>\n  <title>{_text(entry.name)}</title>\n"
        f"  <id>{_text(site.url + entry.path)}</id>\n"
        f"  <updated>{iso(entry.updated or site.now)}</updated>\n{links}"
        f"  <author>\n    <name>{_text(entry.author)}</name>\n  </author>\n"
        f'  <content type="text/xml">\n{value_xml(content)}\n  </content>\n</entry>\n'
    )


def value_xml(value: Any) -> str:
    if isinstance(value, Mapping):
        keys = "".join(
            f"<s:key name={quoteattr(str(name))}>{value_xml(inner)}</s:key>\n"
            for name, inner in value.items()
        )
        return f"<s:dict>{keys}</s:dict>"
    if isinstance(value, list | tuple):
        return "<s:list>" + "".join(f"<s:item>{value_xml(v)}</s:item>" for v in value) + "</s:list>"
    if isinstance(value, bool):
        return "1" if value else "0"
    return "" if value is None else _text(value)
