"""The mappings decide by which field a source is read; `describe_reading` says which and why."""

from __future__ import annotations

from typing import Any

import pytest

from tests.connectors.search.sites import ARRIVING, MAPPINGS, Site

COPIED = {"properties": {**ARRIVING["properties"], "kibana.alert.uuid": {"type": "keyword"}}}


def mapped(ingested: dict[str, Any]) -> dict[str, Any]:
    event = {"properties": {"ingested": ingested}}
    return {"properties": {"@timestamp": {"type": "date"}, "event": event}}


def said(site: Site, *mappings: Any, **source: Any) -> tuple[str, list[str]]:
    """How a pattern over indices of these mappings is read, and what `check` finds wrong."""
    name = site.name("mail")
    for number, each in enumerate(mappings):
        site.make_index(f"{name}-{number}", each)
    sources = [{"kind": "index", "index": f"{name}-*", **source}]
    connector = site.connect(sources=sources, setup=False)
    [line] = connector.describe_reading()
    problems = [each.replace(name, "mail") for each in connector.check() if name in each]
    return line.replace(name, "mail"), problems


class TestReadingOrder:
    @pytest.mark.parametrize(
        ("mappings", "why"),
        [
            ([ARRIVING], ""),
            ([ARRIVING, MAPPINGS], ""),
            ([mapped({"type": "date_nanos"})], ""),
            ([ARRIVING, mapped({"type": "keyword"})], ", but for mail-1"),
            ([mapped({"type": "date", "doc_values": False}), ARRIVING], ", but for mail-0"),
        ],
        ids=["all", "some", "nanoseconds", "other type", "not sortable"],
    )
    def test_is_that_of_arrivals(self, site: Site, mappings: list[Any], why: str) -> None:
        assert said(site, *mappings) == (
            f"'mail-*' is read by event.ingested (event.ingested is a date in the mapping{why}), "
            "so that what comes in late is found; documents without it by @timestamp",
            [],
        )

    @pytest.mark.parametrize(
        ("mappings", "source", "why"),
        [
            ([MAPPINGS], {}, "event.ingested is no date in the mapping"),
            ([mapped({"type": "keyword"})], {}, "event.ingested is no date in the mapping"),
            ([COPIED], {}, "of an alert, event.ingested is when its event came"),
            ([ARRIVING], {"arrival_field": None}, "`arrival_field` is null"),
        ],
    )
    def test_is_that_of_times(
        self, site: Site, mappings: list[Any], source: dict[str, Any], why: str
    ) -> None:
        assert said(site, *mappings, **source) == (
            f"'mail-*' is read by @timestamp ({why}); scoring leaves out what arrives more than "
            "60 s after that time",
            [],
        )

    def test_may_be_named_by_the_source(self, site: Site) -> None:
        line, _ = said(site, ARRIVING, timestamp="event.ingested")
        assert line.endswith("scoring finds what comes in late")
        line, _ = said(site, COPIED, arrival_field="event.ingested")
        assert line.startswith("'mail-*' is read by event.ingested")
        line, problems = said(site, ARRIVING, arrival_field="event.arrived")
        assert line.startswith("'mail-*' is read by @timestamp (event.arrived is no date")
        assert problems == ["'event.arrived' of 'mail-*' is no date field: set `arrival_field`"]

    def test_names_indices_without_the_time(self, site: Site) -> None:
        text = {"properties": {"@timestamp": {"type": "keyword"}}}
        assert said(site, ARRIVING, text)[1] == [
            "'@timestamp' is no date in mail-1: leave that out of 'mail-*', or set `timestamp`"
        ]
