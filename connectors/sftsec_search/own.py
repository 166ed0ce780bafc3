"""Which documents are detections of ours, or alerts that the SIEM made of one.

Any document may have the fields of a detection. Ours lies in our data stream, or is an alert whose
ancestor does, as the SIEM's rules write it; and its seal is right, or the outbox has the same.
"""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any

from sftsec_core.sdk.ownership import same_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sftsec_core.api.domain import Detection
    from sftsec_core.sdk.ownership import Ownership

log = logging.getLogger(__name__)
OURS, SEAL = "sftsec", "seal"
ANCESTORS = "kibana.alert.ancestors"
# What a lifecycle makes of a backing index keeps the name of it behind its own.
_BACKING = (
    r"(?:(?:partial|restored|shrink|downsample)-(?:[^.]*-)?)?"
    r"\.ds-{}-(?:\d{{4}}\.\d\d\.\d\d-)?\d{{6,}}"
)


class OwnDocuments:
    """Tells our detections from all else in one source.

    Attributes:
        asked_outbox: whether one had no seal, so that the outbox decided.
    """

    def __init__(self, stream: str, ownership: Ownership, *, alerts: bool) -> None:
        """Take the parts.

        Args:
            stream: the data stream that our detections go to.
            ownership: of this site.
            alerts: whether the source holds what the SIEM's rules write.
        """
        self._stream = stream
        self._backing = re.compile(_BACKING.format(re.escape(stream)))
        self._ownership = ownership
        self._alerts = alerts
        self._refused = 0
        self.asked_outbox = False

    def of(self, hits: Sequence[Mapping[str, Any]]) -> list[bool]:
        """Whether each hit is ours, or an alert of ours."""
        claims = [_claim(hit) for hit in hits]
        placed = [
            {} if claim is None or not self._is_in_place(hit) else claim
            for hit, claim in zip(hits, claims, strict=True)
        ]
        sealed = [self._is_sealed(claim) for claim in placed]
        unsealed = [
            _uid(claim) for claim, known in zip(placed, sealed, strict=True) if claim and not known
        ]
        self.asked_outbox |= bool(unsealed)
        outbox = self._ownership.known(list(dict.fromkeys(unsealed)))
        own = [
            known or _is_same(claim, outbox.get(_uid(claim)))
            for claim, known in zip(placed, sealed, strict=True)
        ]
        self._refused += sum(
            claim is not None and not each for claim, each in zip(claims, own, strict=True)
        )
        return own

    def say_refused(self, title: str) -> None:
        """Say once a reading how many documents only look like detections of ours."""
        if self._refused:
            log.warning(
                "%d documents of %s have the fields of a detection of ours and are none: they are "
                "read as events like any other",
                self._refused,
                title,
            )
        self._refused = 0

    def _is_in_place(self, hit: Mapping[str, Any]) -> bool:
        if self._is_of_the_stream(hit.get("_index")):
            return True
        return self._alerts and any(
            self._is_of_the_stream(each.get("index")) for each in _ancestors(hit["_source"])
        )

    def _is_of_the_stream(self, index: object) -> bool:
        if not isinstance(index, str):
            return False
        return index == self._stream or self._backing.fullmatch(index) is not None

    def _is_sealed(self, claim: Mapping[str, Any]) -> bool:
        document = {name: value for name, value in claim.items() if name != SEAL}
        return bool(claim) and self._ownership.is_sealed(document, claim.get(SEAL))


def sealed(document: dict[str, Any], ownership: Ownership) -> dict[str, Any]:
    """A detection's document with the site's seal, by which it is known after a loss of the state.

    The seal is of the object `sftsec`, which pipelines and rules leave as it is.
    """
    ours = document[OURS]
    return {**document, OURS: {**ours, SEAL: ownership.seal(ours)}}


def _claim(hit: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What a document says that we said; None where it does not claim to be of us."""
    ours = (hit.get("_source") or {}).get(OURS)
    return ours if isinstance(ours, dict) and _uid(ours) else None


def _uid(claim: Mapping[str, Any]) -> str:
    return _text(claim, "detection")


def _text(claim: Mapping[str, Any], name: str) -> str:
    found = claim.get(name)
    uid = found.get("uid") if isinstance(found, dict) else None
    return uid if isinstance(uid, str) else ""


def _is_same(claim: Mapping[str, Any], detection: Detection | None) -> bool:
    """Whether a document without a seal, as of an older version, says what the outbox has."""
    source = claim.get("source")
    if detection is None or not isinstance(source, dict):
        return False
    same_event = _text(claim, "incident") == detection.incident_uid
    return same_event and same_json(source.get("fields"), dict(detection.fields))


def _ancestors(source: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    found: Any = source.get(ANCESTORS)
    if found is None:
        found = source
        for name in ANCESTORS.split("."):
            found = found.get(name) if isinstance(found, dict) else None
    listed = found if isinstance(found, list) else [found]
    return [each for each in listed if isinstance(each, dict)]
