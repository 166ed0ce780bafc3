"""Settings that name a field which no event has."""

from __future__ import annotations

from typing import Any

import pytest

from tests.connectors.splunk.pulls import AT, rejected, source
from tests.connectors.splunk.sites import Site

EVENT: dict[str, Any] = {
    "message_id": "one",
    "Subject": "win",
    "closed_by": "ann",
    "to": ["a"],
    "seen_at": AT,
}


class TestAbsentField:
    @pytest.mark.parametrize(
        ("settings", "line"),
        [
            ({"uid": "message_id", "time": "seen_at", "analyst": "closed_by"}, None),
            ({"uid": "messageid"}, "the field 'messageid' (did you mean 'message_id'?)"),
            ({"uid": ["message_id", "subject"]}, "'subject' (did you mean 'Subject'?)"),
            ({"uid": "zzz"}, "no event has the field 'zzz'; there are: Subject, closed_by, "),
            ({"time": "Seen_At"}, "'Seen_At' (did you mean 'seen_at'?)"),
            ({"rename": {"email.to": "to", "x": "subjekt"}}, "'subjekt' (did you mean 'Subject'?)"),
            ({"rename": {"email.subject": "Subject"}}, None),
            ({"label": "verdict"}, None),
            ({"label": "close_by"}, "'close_by' (did you mean 'closed_by'?)"),
            ({"label": "closed_by", "verdict_time": "closedby"}, "'closedby' (did you mean"),
        ],
    )
    def test_is_named_by_the_check(
        self, shared_site: Site, index: str, settings: dict[str, Any], line: str | None
    ) -> None:
        shared_site.index(index, AT, **EVENT)
        connector = shared_site.connect(sources=[source(search=f"index={index}", **settings)])
        lines = list(connector.check())
        assert len(lines) == (0 if line is None else 1)
        assert line is None or line in lines[0]

    def test_is_the_reason_of_a_rejection(self, shared_site: Site, index: str) -> None:
        shared_site.index(index, AT, **EVENT)
        told = source(search=f"index={index}", uid=["messageid", "b"])
        [refused] = rejected(shared_site.connect(sources=[told]))
        assert refused.reason == "it has no name: 'messageid', 'b' is empty, or has several values"

    def test_is_unknown_without_events(self, shared_site: Site, index: str) -> None:
        told = source(search=f"index={index}", uid="messageid")
        assert list(shared_site.connect(sources=[told]).check()) == []
