"""The loop: a verdict on a detection comes back as a verdict on the event that it was about."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sftsec_core.api.domain import Detection, Incident, detection_uid
from sftsec_core.testing.incidents import make_incidents
from tests.connectors.elastic.alerts import AlertSite, alert
from tests.connectors.search.sites import as_document

LABELS = (("malicious", 0.9), ("benign", 0.1))
EVENT: dict[str, Any] = {
    "event": {"kind": "signal", "category": ["process"]},
    "host": {"name": ["srv-1"], "id": "h-1"},
    "user": {"name": "ann"},
}


def events(site: AlertSite) -> tuple[str, dict[str, object]]:
    """An index of unlabelled events, and a connector's options that read it and the alerts."""
    index = site.site.name("mail")
    site.site.make_index(index)
    sources = [{"kind": "index", "index": index}, {"kind": "alerts"}]
    return index, {"sources": sources}


def detect(site: AlertSite, incidents: list[Incident], **options: object) -> list[Detection]:
    """Push a detection of each incident, and let the rule make an alert of it."""
    found = [
        Detection(
            detection_uid("0" * 64, each.uid, ""),
            each.uid,
            "mail",
            "0" * 64,
            "malicious",
            0.9,
            0.5,
            LABELS,
            each.at,
            {"message": f"redacted {each.fields['message']}"},
        )
        for each in incidents
    ]
    site.connect(**options).push(found)
    site.kibana.promote(site.space, site.site.stream)
    return found


def planted(site: AlertSite, index: str, count: int = 3) -> None:
    made = make_incidents(count, labelled=0)
    site.site.plant(index, {each.uid: as_document(each) for each in made})


class TestDetectionAlert:
    def test_labels_its_source_event(self, site: AlertSite) -> None:
        index, options = events(site)
        planted(site, index)
        fresh = site.pull(labelled=False, **options)
        detections = detect(site, fresh, **options)
        assert site.pull(labelled=True, **options) == []
        site.kibana.close(site.space, [f"of-{detections[1].uid}"], "false_positive")
        [learned] = site.pull(labelled=True, **options)
        assert learned.uid == fresh[1].uid
        assert learned.fields == fresh[1].fields, "the event's own fields, not the detection's copy"
        assert learned.at == fresh[1].at
        assert [verdict.value for verdict in learned.verdicts] == ["false_positive"]

    def test_stands_in_for_a_missing_event(self, site: AlertSite) -> None:
        index, options = events(site)
        planted(site, index)
        fresh = site.pull(labelled=False, **options)
        detections = detect(site, fresh, **options)
        site.kibana.close(site.space, [f"of-{detections[0].uid}"], "true_positive")
        site.site.call(
            "POST", f"/{index}/_bulk?refresh=true", '{"delete": {"_id": "incident-00000"}}\n'
        )
        [learned] = site.pull(labelled=True, **options)
        assert learned.uid == fresh[0].uid
        assert learned.fields["message"] == f"redacted {fresh[0].fields['message']}"
        assert learned.at == fresh[0].at

    def test_is_never_scored(self, site: AlertSite) -> None:
        """Or each detection would be the cause of the next."""
        index, options = events(site)
        planted(site, index)
        fresh = site.pull(labelled=False, **options)
        detect(site, fresh, **options)
        again = site.pull(labelled=False, **options)
        assert [each.uid for each in again] == [each.uid for each in fresh]

    def test_without_a_module_is_not_scored(self, site: AlertSite) -> None:
        """The field may be missing; where the detection came from is in the document."""
        index, options = events(site)
        planted(site, index, 1)
        detect(site, site.pull(labelled=False, **options), **options)
        [hit] = site.site.documents(site.index)
        stripped = {**hit["_source"], "event": {"kind": "signal"}}
        site.plant(**{hit["_id"]: stripped})
        assert len(site.pull(labelled=False, **options)) == 1


class TestShownFields:
    @pytest.fixture
    def written(self, site: AlertSite) -> Callable[..., dict[str, Any]]:
        """Push a detection of an alert, whose user the task has redacted; return its document."""

        def push(name: str = "a", **options: Any) -> dict[str, Any]:
            fields = {"user.name": "<USER:0123>", "message": "text"}
            uid = f"{site.index}/{name}" if name else "mail.jsonl#7"
            incident = Incident(uid, fields, (), None)
            site.plant(a=alert("2026-01-05T08:00:00Z", "text", **EVENT))
            digest = detection_uid("0" * 64, uid, "")
            made = Detection(
                digest, uid, "t", "0" * 64, "malicious", 0.9, 0.5, LABELS, None, incident.fields
            )
            assert site.connect(**options).push([made]).written == (digest,)
            [hit] = site.site.documents(site.site.stream)
            found: dict[str, Any] = hit["_source"]
            return found

        return push

    def test_stand_as_the_cluster_has_them(self, written: Callable[..., dict[str, Any]]) -> None:
        found = written()
        assert (found["host"]["name"], found["user"]["name"]) == (["srv-1"], "ann")
        assert found["event"]["category"] == ["process"]
        assert found["sftsec"]["source"]["fields"]["user.name"] == "<USER:0123>"

    def test_may_be_none(self, written: Callable[..., dict[str, Any]]) -> None:
        found = written(shown_fields=[])
        assert "host" not in found
        assert found["user"]["name"] == "<USER:0123>"

    def test_may_have_other_names(self, written: Callable[..., dict[str, Any]]) -> None:
        renamed = {"kind": "alerts", "rename": {"host.hostname": "host.id"}}
        found = written(sources=[renamed], shown_fields=["host.hostname"])
        assert found["host"] == {"hostname": "h-1"}

    @pytest.mark.parametrize("name", ["gone", ""])
    def test_are_missing_of_unknown_events(
        self, written: Callable[..., dict[str, Any]], name: str
    ) -> None:
        found = written(name)
        assert "host" not in found
        assert found["event"]["category"] == ["intrusion_detection"]
