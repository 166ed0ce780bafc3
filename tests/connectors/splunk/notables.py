"""Notables, their reviews, and those that are made of our detections."""

from __future__ import annotations

import hashlib
from typing import Any

from sftsec_core.api.domain import Detection
from sftsec_core.sdk.portable import DETECTION_TYPE
from sftsec_splunk.connector import SplunkConnector
from sftsec_splunk.mapping import event_of, sealed
from tests.connectors.splunk.pulls import (
    AT,
    moment,
)
from tests.connectors.splunk.sites import OWNERSHIP, Site

TRUE, BENIGN, FALSE, NONE = (f"disposition:{number}" for number in (1, 2, 3, 0))


def notable(site: Site, number: int = 0, **fields: object) -> str:
    given = {"search_name": "Rule", "src": "10.0.0.1", "severity": "high", **fields}
    return site.splunk.add_notable(given, AT + number)


def review(site: Site, event_id: str, user: str, **changes: str) -> None:
    site.splunk.clock_skew_s += 1
    site.splunk.review(event_id, user=user, **changes)


def detection(uid: str, at: float = AT) -> Detection:
    fields = {"subject": "win a prize", "user": "joe"}
    said = ("mail", "m" * 64, "malicious", 0.9, 0.5)
    name = hashlib.sha256(f"{uid} {at}".encode()).hexdigest()[:40]
    return Detection(name, uid, *said, at=moment(at), fields=fields)


def raised(site: Site, uid: str, at: float = AT) -> dict[str, Any]:
    """A detection in our index, as a push writes it."""
    event = sealed(event_of(detection(uid, at)), OWNERSHIP)
    site.index("sftsec", AT + 400, DETECTION_TYPE, **event)
    return event


def made_of_ours(site: Site, uid: str, at: float = AT) -> str:
    """What a correlation search makes of a detection of ours."""
    event = {k: v for k, v in raised(site, uid, at).items() if v not in ("", None)}
    return notable(site, 500, **event)


def reviewed(site: Site) -> SplunkConnector:
    """Add two analysts, and connect to the notables."""
    for user in ("ann", "bob"):
        site.splunk.add_user(user, "secret12", ["admin"])
    return site.connect()
