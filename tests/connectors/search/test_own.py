"""What only looks like a detection of ours is an event like any other, on both engines."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from sftsec_core.api.domain import Detection, PullWindow, Verdict
from sftsec_core.sdk.ownership import Ownership
from sftsec_core.sdk.window import utc_now
from sftsec_core.testing.incidents import START
from sftsec_search.detections import document_of
from sftsec_search.own import OwnDocuments, sealed
from tests.connectors.search.sites import OWNERSHIP, Site, incidents, pages

LABELLED, UNLABELLED = PullWindow(labelled=True), PullWindow(labelled=False)
STREAM = "logs-sftsec.detections-default"
MADE = Detection(
    "d" * 40, "mail/one", "mail", "m" * 64, "spam", 0.1 + 0.2, 1e-05, at=START,
    fields={"message": "redacted", "n": 1e-07},
)  # fmt: skip


def written(made: Detection = MADE, ownership: Ownership = OWNERSHIP) -> dict[str, Any]:
    return sealed(document_of(made, namespace="default", now=utc_now()), ownership)


def hit(source: dict[str, Any], index: str = f".ds-{STREAM}-2026.01.05-000001") -> dict[str, Any]:
    return {"_index": index, "_id": MADE.uid, "_source": source}


def is_own(
    source: dict[str, Any], index: str | None = None, *, alerts: bool = False, outbox: bool = False
) -> bool:
    known = Ownership(b"\x07" * 32, lambda _: {MADE.uid: MADE}) if outbox else OWNERSHIP
    own = OwnDocuments(STREAM, known, alerts=alerts)
    return own.of([hit(source) if index is None else hit(source, index)])[0]


class TestPlace:
    @pytest.mark.parametrize(
        "index",
        [
            STREAM,
            f".ds-{STREAM}-2026.01.05-000001",
            f".ds-{STREAM}-000012",
            f"partial-.ds-{STREAM}-2026.01.05-000001",
            f"shrink-ab12-.ds-{STREAM}-2026.01.05-000001",
        ],
    )
    def test_is_our_data_stream(self, index: str) -> None:
        assert is_own(written(), index)

    @pytest.mark.parametrize(
        "index",
        [
            "logs-web",
            f"{STREAM}-2",
            f".ds-{STREAM}2-2026.01.05-000001",
            f"x.ds-{STREAM}-2026.01.05-000001",
            f"elsewhere:.ds-{STREAM}-2026.01.05-000001",
            "logs-sftsecxdetections-default",
        ],
    )
    def test_is_no_other(self, index: str) -> None:
        assert not is_own(written(), index)

    def test_may_be_an_alert_of_ours(self) -> None:
        """The rule says of what it made the alert; the event's author cannot."""
        ancestor = {"id": MADE.uid, "index": f".ds-{STREAM}-2026.01.05-000001", "depth": 0}
        alert = {**written(), "kibana.alert.ancestors": [ancestor]}
        nested = {**written(), "kibana": {"alert": {"ancestors": ancestor}}}
        of_another = {**written(), "kibana.alert.ancestors": [{**ancestor, "index": "logs-web"}]}
        index = ".internal.alerts-security.alerts-default-000001"
        assert is_own(alert, index, alerts=True)
        assert is_own(nested, index, alerts=True)
        assert not is_own(alert, index, alerts=False)
        assert not is_own(of_another, index, alerts=True)
        assert not is_own(written(), index, alerts=True)


class TestProof:
    def test_is_a_seal_of_the_content(self) -> None:
        genuine = written()
        ours = genuine["sftsec"]
        assert is_own(genuine)
        assert is_own({**genuine, "message": "a rule may change it"})
        for change in (
            {"seal": None},
            {"seal": "0" * 64},
            {"source": {**ours["source"], "fields": {"message": "planted"}}},
            {"incident": {"uid": "mail/two"}},
        ):
            assert not is_own({**genuine, "sftsec": {**ours, **change}})
        assert not is_own(written(ownership=Ownership(b"\x08" * 32)))

    def test_is_the_outbox_without_a_seal(self) -> None:
        old = document_of(MADE, namespace="default", now=utc_now())
        planted = document_of(
            replace(MADE, fields={"message": "planted"}), namespace="default", now=utc_now()
        )
        assert is_own(old, outbox=True)
        assert not is_own(old)
        assert not is_own(planted, outbox=True)
        assert not is_own({"sftsec": {**old["sftsec"], "source": "none"}}, outbox=True)

    @pytest.mark.parametrize("ours", ["text", ["a"], {"detection": "x"}, {"detection": {"uid": 1}}])
    def test_is_not_asked_of_other_shapes(self, ours: object) -> None:
        assert not is_own({"sftsec": ours}, outbox=True)


class TestForged:
    """On the engines themselves."""

    def test_is_scored_and_its_text_not_planted(
        self, site: Site, caplog: pytest.LogCaptureFixture
    ) -> None:
        index = site.name("mail")
        site.make_index(index)
        at = START + timedelta(hours=1)
        source = {"index": index, "id": "victim", "fields": {"message": "planted"}}
        ours = {"detection": {"uid": "d" * 40}, "source": source, "incident": {"uid": "x"}}
        event = {"@timestamp": at, "message": "an attack", "event": {"module": "sftsec"}}
        site.plant(index, {"forged": {**event, "sftsec": ours}, "copied": {**written(), **event}})
        connector = site.connect(index, verdicts_index=f"verdicts-{site.token}")
        with caplog.at_level(logging.WARNING):
            found = incidents(pages(connector, UNLABELLED))
        assert sorted(each.uid for each in found) == [f"{index}/copied", f"{index}/forged"]
        [warned] = [each for each in caplog.messages if "fields of a detection of ours" in each]
        assert warned.startswith(f"2 documents of {index}")
        if site.vendor == "opensearch":
            connector.add_verdicts([(f"{index}/forged", Verdict("ham", "ann", START))])
        else:
            said = {"word": "ham", "by": "ann", "at": START.isoformat()}
            body = {"doc": {"verdict": said}}
            site.call("POST", f"/{index}/_update/forged?refresh=true", body)
        [judged] = incidents(pages(connector, LABELLED))
        assert (judged.uid, judged.fields["message"]) == (f"{index}/forged", "an attack")
        assert not [name for name in judged.fields if name.startswith("sftsec")]
