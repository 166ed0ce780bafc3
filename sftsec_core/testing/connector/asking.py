"""Requests for labels, and the way of a verdict on a detection back to its incident."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sftsec_core.api.domain import LabelRequest, Verdict
from sftsec_core.testing.connector.planted import (
    LABELLED,
    UNLABELLED,
    Planted,
    connected,
    incidents,
    pull,
    uids,
)
from sftsec_core.testing.connector.planting import detections_for, requests_for
from sftsec_core.testing.connector.pulling import same
from sftsec_core.testing.incidents import START

if TYPE_CHECKING:
    from sftsec_core.testing.connector.platform import Platform


class RequestChecks:
    """An analyst's attention is what costs most: an incident is asked for once."""

    def test_requests_are_counted(self, planted: Planted) -> None:
        """The count is of new requests; one incident twice in a call is one request."""
        requests = _requests(planted)[:3]
        with connected(planted.platform) as connector:
            assert 0 <= connector.request_labels([*requests, requests[0]]) <= len(requests)

    def test_requests_reach_the_analysts_once(self, planted: Planted) -> None:
        """What is counted is on the platform, and asked for again it is not there twice."""
        requests, counts = _requests(planted)[3:6], []
        for _ in range(2):
            with connected(planted.platform) as connector:
                counts.append(connector.request_labels(requests))
        assert counts[1] == 0, "the second call asked again"
        mine = {each.incident_uid for each in requests}
        there = [uid for uid in planted.platform.requested() if uid in mine]
        assert len(there) == len(set(there)) == counts[0]

    def test_requesting_nothing_asks_for_nothing(self, planted: Planted) -> None:
        """A model that is sure of all has no questions."""
        with connected(planted.platform) as connector:
            assert connector.request_labels([]) == 0


class FeedbackChecks:
    """The loop closes: a verdict on a detection comes back on the incident that it is about.

    An analyst gives a verdict on our detection, in the form in which the platform shows it. The
    next labelled pull brings the *incident*: under its own uid, with its own fields and time, and
    with that verdict (value, analyst, time). It is brought once, and nothing comes under the
    detection's uid. So the model learns from the event that it saw, and not from the redacted
    copy in its own detection. `Detection.incident_uid` is the link: write it with the detection,
    and look it up when a detection gets a verdict. Whether the unlabelled pull still brings the
    incident is left to the connector: scoring resumes after it and does not see it again.
    """

    def test_verdict_on_a_detection_labels_its_incident(self, fresh: Platform) -> None:
        """Under the incident's own uid, with its own fields and time, and exactly once."""
        planted, verdict, uid = self._with_verdict(fresh)
        found = [each for each in incidents(pull(fresh, LABELLED)) if each.uid == uid]
        assert len(found) == 1, f"the incident came {len(found)} times"
        assert same(found[0], planted.incidents[uid]), "these are not the incident's own fields"
        assert [(v.value, v.analyst) for v in found[0].verdicts] == [
            (verdict.value, verdict.analyst)
        ]
        assert all(v.at is not None and v.at.tzinfo is not None for v in found[0].verdicts)

    def test_verdict_on_a_detection_adds_no_incident(self, fresh: Platform) -> None:
        """The detection itself is never an incident, with a verdict or without."""
        planted, _verdict, uid = self._with_verdict(fresh)
        assert set(uids(pull(fresh, LABELLED))) == planted.where(labelled=True) | {uid}
        unlabelled = planted.where(labelled=False)
        assert set(uids(pull(fresh, UNLABELLED))) | {uid} == unlabelled

    def _with_verdict(self, platform: Platform) -> tuple[Planted, Verdict, str]:
        planted = Planted(platform)
        unlabelled = [each for each in planted.incidents.values() if not each.verdicts][:2]
        detections = detections_for(platform, unlabelled)
        with connected(platform) as connector:
            connector.push(detections)
        verdict = Verdict(platform.verdict_values[1], "analyst-7", START + timedelta(hours=3))
        platform.add_detection_verdict(detections[0], verdict)
        return planted, verdict, detections[0].incident_uid


def _requests(planted: Planted) -> list[LabelRequest]:
    unlabelled = [each for each in planted.incidents.values() if not each.verdicts]
    return requests_for(planted.platform, unlabelled)
