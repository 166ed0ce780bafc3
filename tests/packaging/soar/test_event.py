"""What the app computes of an event is what the app for Splunk computes."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sftsec_core.packages.sources import source_folder

SOAR = str(source_folder("soar_app"))
SPLUNK = str(source_folder("splunk_app") / "bin")
NAMES = [
    "status", "status_label", "owner", "comment", "urgency", "disposition", "verdict", "verdict_by",
    "reviewer", "review_time", "analyst", "labels_by", "investigation_id", "notable_xref_name",
    "sftsec_label", "linecount", "punct", "date_hour", "tag::host", "eventtype", "info_min_time",
    "rule_id", "event_hash", "detection_id", "incident_uid", "event_id", "finding_id", "src",
    "_raw", "_bkt", "_cd", "_time", "orig_time", "to{}", "label", "notes", "create_time",
]  # fmt: skip
VALUES = st.sampled_from(["4624", "A@@notable@@B", "7", "1767600000.5", "nan", "inf", "x"])
ROWS = st.dictionaries(
    st.one_of(st.sampled_from(NAMES), st.text("abdeilnoprstuvw_", min_size=1, max_size=12)),
    st.one_of(VALUES, st.lists(VALUES, min_size=1, max_size=2)),
)


@pytest.fixture(scope="module", autouse=True)
def _path() -> Iterator[None]:
    sys.path[:0] = [SOAR, SPLUNK]
    yield
    del sys.path[:2]


@given(ROWS)
def test_an_event_has_the_same_name_and_the_same_fields(row: dict[str, str | list[str]]) -> None:
    from src import event as ours

    from sftsec_app import fields as theirs

    assert ours.incident_uid(row) == theirs.incident_uid(row)
    assert ours.event_fields(row) == theirs.event_fields(row)


@given(ROWS)
def test_an_event_has_the_same_time_and_it_is_one(row: dict[str, str | list[str]]) -> None:
    from src import event as ours

    from sftsec_app import fields as theirs

    named = {name: value for name, value in row.items() if value not in ("nan", "inf")}
    numbers = {n: v for n, v in named.items() if ours.first(named, n) not in ("nan", "inf")}
    assert ours.event_time(numbers) == theirs.event_time(numbers)
    assert ours.event_time({"orig_time": "nan", "_time": "5"}) == 5.0


@given(st.one_of(st.sampled_from(NAMES), st.text("abdeilnoprstuvw_", max_size=12)), st.booleans())
def test_the_same_fields_hold_what_analysts_said(name: str, reviewed: bool) -> None:
    from src import event as ours

    from sftsec_app import fields as theirs

    assert ours.is_private(name, reviewed=reviewed) == theirs.is_private(name, reviewed=reviewed)


def test_fields_are_flat_texts_and_what_is_empty_is_left_out() -> None:
    from src.event import read_fields

    text = '{"a": {"b": 1, "c": {"d": true}}, "e": [1, null, "x", {"f": 2}], "g": "", "h": null}'
    assert read_fields(text) == {"a.b": "1", "a.c.d": "true", "e": ["1", "x", '{"f": 2}']}
    assert read_fields("  ") == {}
