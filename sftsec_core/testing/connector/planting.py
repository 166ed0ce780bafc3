"""The incidents that the contract plants: chosen so that common faults show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from sftsec_core.api.domain import Detection, Incident, LabelRequest, Verdict, detection_uid
from sftsec_core.testing.incidents import START, digest_of, make_detections, make_incidents

if TYPE_CHECKING:
    from sftsec_core.testing.connector.platform import Platform

COUNT = 31
AT_ONCE = 10  # more than a page: a cursor that is a time alone cannot stand among them
LONG = 12  # the number of the incident with the long text
GROUP = "user.name"  # a field that is no text: `group`, `keep` and other inputs name such


def incidents_for(platform: Platform) -> list[Incident]:
    """Make incidents in the order of their times, ten of each time, half of them labelled.

    Every third labelled one has two verdicts that disagree, where the platform keeps both.
    """
    made = make_incidents(COUNT)
    return [_incident(platform, number, each) for number, each in enumerate(made)]


def late_incident(platform: Platform, *, labelled: bool = False) -> Incident:
    """Make one more incident, with a time before most of the others."""
    first, at = make_incidents(1)[0], START + timedelta(seconds=30)
    verdicts = _verdicts(platform, 3, replace(first, at=at)) if labelled else ()
    fields = {"message": "it came late", "host.name": "host-9", GROUP: "user-9"}
    return Incident("incident-late", fields, verdicts, at)


def detections_for(
    platform: Platform, incidents: Sequence[Incident], *, model: str = "0"
) -> list[Detection]:
    """Make a detection of each incident, under the name that the connector gives it.

    Args:
        platform: where the incidents are.
        incidents: planted ones.
        model: one hexadecimal digit: another model's detections have other uids.
    """
    template = make_detections(1)[0]
    made = []
    for number, incident in enumerate(incidents):
        uid, digest = platform.named(incident.uid), model * 64
        probability = 0.625 + number / 256
        made.append(
            replace(
                template,
                uid=detection_uid(digest, uid, digest_of(incident)),
                incident_uid=uid,
                model_digest=digest,
                probability=probability,
                labels=("malicious", "spam") if number % 2 else ("malicious",),
                top_classes=(("malicious", probability), ("benign", 1 - probability)),
                at=incident.at,
                fields={"message": "redacted", "host.name": incident.fields["host.name"]},
            )
        )
    return made


def requests_for(platform: Platform, incidents: Sequence[Incident]) -> list[LabelRequest]:
    """Make a request for a label of each incident."""
    return [
        LabelRequest(
            platform.named(each.uid), "mail", "malicious", 0.5, "not sure", each.at, each.fields
        )
        for each in incidents
    ]


def _incident(platform: Platform, number: int, made: Incident) -> Incident:
    at = START + timedelta(minutes=number // AT_ONCE)
    fields = {**made.fields, GROUP: f"user-{number % 6}"}
    if number == LONG:
        fields["message"] = _long_text(platform.longest_text)
    verdicts = _verdicts(platform, number, replace(made, at=at)) if made.verdicts else ()
    return Incident(made.uid, fields, verdicts, at)


def _verdicts(platform: Platform, number: int, incident: Incident) -> tuple[Verdict, ...]:
    assert incident.at is not None
    values = platform.verdict_values
    value = values[number % 2]
    first = Verdict(value, f"analyst-{number % 2}", incident.at + timedelta(hours=1))
    if number % 3 or not platform.keeps_history:
        return (first,)
    other = values[1 - number % 2]
    return (first, Verdict(other, "analyst-2", incident.at + timedelta(hours=2)))


def _long_text(length: int) -> str:
    words = " ".join(f"word{number}" for number in range(length // 5))
    return words[: length - 4] + " end"
