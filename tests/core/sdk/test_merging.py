"""Several records may be about one event, or only look so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sftsec_core.api.domain import Incident, Verdict
from sftsec_core.sdk.merging import merge_incidents

AT = datetime(2026, 3, 1, tzinfo=UTC)
SPAM, HAM = Verdict("spam", "ann", AT), Verdict("ham", "bob", AT)


def event(*verdicts: Verdict) -> Incident:
    return Incident("event-1", {"n": 1}, verdicts, AT + timedelta(hours=1))


class TestMergeIncidents:
    def test_joins_the_verdicts_on_one_event(self) -> None:
        one, other = event(SPAM, HAM), event(HAM)
        [merged] = merge_incidents([one, other])
        assert merged.verdicts == (SPAM, HAM)

    def test_keeps_records_of_two_texts_apart(self) -> None:
        one = event(SPAM)
        other = Incident(one.uid, {"message": "another text"}, (HAM,), one.at)
        again = Incident(one.uid, {"message": "another text"}, (SPAM,), one.at)
        first, second = merge_incidents([one, other, again])
        assert first == one
        assert second.verdicts == (HAM, SPAM)

    def test_keeps_events_of_two_times_apart(self) -> None:
        one = event()
        other = Incident(one.uid, one.fields, (), AT)
        assert merge_incidents([one, other]) == [one, other]
