"""What only looks like a detection of ours is an event like any other."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from typing import Any

import pytest

from sftsec_core.api.domain import Detection
from sftsec_core.sdk.ownership import Ownership
from sftsec_core.sdk.portable import DETECTION_TYPE
from sftsec_splunk.config import SplunkConfig
from sftsec_splunk.connector import SplunkConnector
from sftsec_splunk.mapping import event_of, sealed
from tests.connectors.splunk.notables import (
    FALSE,
    TRUE,
    detection,
    made_of_ours,
    notable,
    raised,
    review,
    reviewed,
)
from tests.connectors.splunk.pulls import AT, LABELLED, UNLABELLED, pulled, said, source, uids
from tests.connectors.splunk.sites import OWNERSHIP, Site

PLANTED: dict[str, Any] = {"orig_subject": "planted", "subject": "an attack"}
OTHER_SITE = Ownership(b"\x08" * 32)


@pytest.fixture
def mail(site: Site) -> SplunkConnector:
    """A search that finds our index too."""
    search = {"kind": "search", "search": "(index=mail OR index=sftsec)", "label": "told"}
    return site.connect(sources=[search])


@pytest.fixture
def connector(site: Site) -> SplunkConnector:
    return reviewed(site)


def subjects(connector: SplunkConnector) -> list[object]:
    return [each.fields.get("subject") for each in pulled(connector, UNLABELLED)]


class TestForgedEvent:
    @pytest.mark.parametrize("number", [1, "1", "d" * 40, "d" * 40 + '" OR "x'])
    def test_with_our_fields_is_scored(
        self, site: Site, mail: SplunkConnector, number: object
    ) -> None:
        site.index("mail", AT, detection_id=number, incident_uid=2, **PLANTED)
        assert subjects(mail) == ["an attack"]

    def test_that_copies_a_detection_is_scored(self, site: Site, mail: SplunkConnector) -> None:
        """Its sourcetype may be its author's choice, as a token of the collector allows."""
        genuine = raised(site, "mail-1")
        site.index("mail", AT, **{**genuine, "subject": "an attack"})
        site.index("mail", AT + 1, DETECTION_TYPE, **{**genuine, "subject": "another"})
        assert subjects(mail) == ["an attack", "another"]

    @pytest.mark.parametrize(
        "seal", [None, "", "0" * 64, OTHER_SITE.seal(event_of(detection("mail-1")))]
    )
    def test_in_our_index_needs_a_seal(
        self, site: Site, mail: SplunkConnector, seal: str | None
    ) -> None:
        event = {**event_of(detection("mail-1")), "subject": "an attack", "sftsec_seal": seal}
        site.index("sftsec", AT, DETECTION_TYPE, **event)
        assert subjects(mail) == ["an attack"]

    def test_with_a_pasted_seal_is_scored(self, site: Site, mail: SplunkConnector) -> None:
        genuine = raised(site, "mail-1")
        site.index("sftsec", AT, DETECTION_TYPE, **{**genuine, **PLANTED})
        site.index("sftsec", AT + 1, DETECTION_TYPE, **{**genuine, "subject": "beside it"})
        assert subjects(mail) == ["an attack", "beside it"]

    def test_is_called_by_its_place(self, site: Site, mail: SplunkConnector) -> None:
        """A verdict on it would else be one on an event of its author's choice."""
        site.index("mail", AT, incident_uid="mail-1", told="benign", **PLANTED)
        [judged] = pulled(mail, LABELLED)
        assert judged.uid.startswith("mail~")
        assert judged.fields["subject"] == "an attack"

    def test_judged_plants_no_text(self, site: Site) -> None:
        """What the analyst saw stands in for an event that is gone: under its own names."""
        shown = {"detection_id": "d" * 40, "incident_uid": "gone", "orig_subject": "planted"}
        verdict = {
            "_key": "k",
            "incident_uid": "gone",
            "detection_id": "d" * 40,
            "verdict": "benign",
            "analyst": "ann",
            "time": AT + 100,
            "event": json.dumps(shown),
            "event_time": AT,
        }
        site.splunk.collections["sftsec", "sftsec_verdicts"].save("nobody", [verdict])
        window = replace(LABELLED, fields=("subject",))
        sources = [source(uid="uid"), {"kind": "verdicts"}]
        [judged] = pulled(site.connect(sources=sources), window)
        assert judged.fields == {}
        raised(site, "other")
        genuine = {**verdict, "detection_id": detection("other").uid}
        site.splunk.collections["sftsec", "sftsec_verdicts"].save("nobody", [genuine])
        [judged] = pulled(site.connect(sources=sources), window)
        assert judged.fields == {}, "it is about another event"


class TestForgedNotable:
    def test_is_scored_under_its_own_name(self, site: Site, connector: SplunkConnector) -> None:
        name = notable(site, detection_id="1", incident_uid="2", **PLANTED)
        assert uids(connector, UNLABELLED) == [name]

    def test_judged_is_learned_as_itself(self, site: Site, connector: SplunkConnector) -> None:
        name = notable(site, detection_id="d" * 40, incident_uid="mail-1", **PLANTED)
        review(site, name, "ann", disposition=FALSE)
        [judged] = pulled(connector, LABELLED)
        assert (judged.uid, judged.fields["subject"]) == (name, "an attack")

    @pytest.mark.parametrize("change", [{"incident_uid": "mail-2"}, {"orig_subject": "planted"}])
    def test_of_a_genuine_id_must_agree(
        self, site: Site, connector: SplunkConnector, change: dict[str, Any]
    ) -> None:
        name = notable(site, **{**raised(site, "mail-1"), **change})
        assert uids(connector, UNLABELLED) == [name]


class TestGenuineNotable:
    def test_is_learned_from_what_we_wrote(self, site: Site, connector: SplunkConnector) -> None:
        genuine = raised(site, "mail-1")
        kept = {name: genuine[name] for name in ("detection_id", "incident_uid")}
        name = notable(site, 500, **kept, orig_body="planted beside it")
        review(site, name, "ann", disposition=TRUE)
        [judged] = pulled(connector, LABELLED)
        assert judged.uid == "mail-1"
        assert dict(judged.fields) == {"subject": "win a prize", "user": "joe"}

    def test_of_the_outbox_needs_no_seal(self, site: Site) -> None:
        """A detection of an older version has none, and may be gone from the index."""
        ours = detection("mail-1")
        event = {k: v for k, v in event_of(ours).items() if v not in ("", None)}
        name = notable(site, 500, **event)
        site.splunk.review(name, user="admin", disposition=TRUE)
        known: dict[str, Detection] = {ours.uid: ours}
        config = SplunkConfig.model_validate(site.settings())
        for ownership, found in (
            (Ownership(b"\x01" * 32, lambda uids: {u: known[u] for u in uids}), "mail-1"),
            (Ownership(b"\x01" * 32), name),
        ):
            [judged] = pulled(SplunkConnector(config, ownership=ownership), LABELLED)
            assert (judged.uid, said(judged)) == (found, [("true_positive", "admin")])

    def test_is_known_without_the_state(self, site: Site, connector: SplunkConnector) -> None:
        made_of_ours(site, "mail-1")
        assert uids(connector, UNLABELLED) == []
        config = SplunkConfig.model_validate(site.settings())
        lost = SplunkConnector(config, ownership=OTHER_SITE)
        assert len(uids(lost, UNLABELLED)) == 1, "a lost salt knows no seal"


class TestSeal:
    def test_survives_the_index(self, site: Site, mail: SplunkConnector) -> None:
        odd: dict[str, Any] = {"n": 1e-07, "text": 'a "quoted" \\ line\né', "list": ["a", "b"]}
        made = replace(detection("mail-1"), fields=odd, probability=0.1 + 0.2)
        site.index("sftsec", AT, DETECTION_TYPE, **sealed(event_of(made), OWNERSHIP))
        assert uids(mail, UNLABELLED) == []

    def test_is_not_needed_of_an_older_version(self, site: Site) -> None:
        """Its detections have none: the outbox says what they said."""
        ours = detection("mail-1")
        site.index("sftsec", AT, DETECTION_TYPE, **event_of(ours))
        other = {**event_of(ours), "orig_subject": "an attack"}
        site.index("sftsec", AT + 1, DETECTION_TYPE, **other)
        outbox = Ownership(b"\x01" * 32, lambda _: {ours.uid: ours})
        search = {"kind": "search", "search": "index=sftsec"}
        config = SplunkConfig.model_validate(site.settings(sources=[search]))
        found = pulled(SplunkConnector(config, ownership=outbox), UNLABELLED)
        assert [each.fields["orig_subject"] for each in found] == ["an attack"]

    def test_refusals_are_said_once(
        self, site: Site, mail: SplunkConnector, caplog: pytest.LogCaptureFixture
    ) -> None:
        for number in range(3):
            site.index("mail", AT + number, detection_id="x", incident_uid="y")
        with caplog.at_level(logging.WARNING):
            assert len(uids(mail, UNLABELLED)) == 3
        [said] = [each for each in caplog.messages if "fields of a detection" in each]
        assert said.startswith("3 events of (index=mail OR index=sftsec)")
