"""A verdict in the collection of sftsec's Splunk app: added, never changed, each once.

A document is named by what it says. Saying the same again adds nothing while it still counts, so
a playbook may run twice. After a retraction, or after another verdict of the same analyst, a
person's verdict is a new document. A playbook's own is not: it does not overrule the analyst who
took it back.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from .errors import AppError
from .event import Fields, event_fields, event_time, first
from .splunk import Document, Splunkd

SOURCE = "soar"
PLAYBOOK = "soar"
SAVED, THERE = "saved", "already saved"
_LONGEST_REASON = 2000
# MongoDB's limit of a document is 16 MB.
_MOST_BYTES = 12 * 2**20


@dataclass(frozen=True)
class Opinion:
    """What is said of an incident.

    Attributes:
        uid: the incident's.
        verdict: a word.
        analyst: who judged; "" when no person did.
        reason: why; "" when there is nothing to add.
        at: when, in seconds since 1970.
        task: which one it is for; "" for all.
    """

    uid: str
    verdict: str
    analyst: str
    reason: str
    at: float
    task: str = ""

    @property
    def who(self) -> str:
        """The name in the document."""
        return self.analyst or PLAYBOOK

    @property
    def automated(self) -> bool:
        """Whether a playbook judged by itself."""
        return not self.analyst


@dataclass(frozen=True)
class Outcome:
    """What became of it.

    Attributes:
        state: "saved" or "already saved".
        key: the document's.
    """

    state: str
    key: str


def submit(splunkd: Splunkd, opinion: Opinion, fields: Fields) -> Outcome:
    """Add a verdict unless it is there.

    Args:
        splunkd: a search head with the app.
        opinion: what is said.
        fields: the event's, as `read_fields` gives them.

    Raises:
        AppError: when it was not saved; to do it again is safe.
    """
    _check(splunkd, opinion)
    earlier = splunkd.verdicts(opinion.uid)
    taken_back = {str(each.get("retracts") or "") for each in earlier} - {""}
    mine = [each for each in earlier if each.get("analyst") == opinion.who]
    standing = _newest([each for each in mine if each.get("_key") not in taken_back])
    if standing is not None and _says(standing, opinion):
        return Outcome(THERE, str(standing["_key"]))
    if opinion.automated and any(
        each.get("_key") in taken_back and each.get("verdict") == opinion.verdict for each in mine
    ):
        raise AppError(
            f"not saved: an analyst took back the verdict {opinion.verdict!r} of a playbook on "
            "this incident; name an analyst to judge it anew"
        )
    document = document_of(opinion, fields, len(mine))
    added = splunkd.add(document)
    return Outcome(SAVED if added else THERE, str(document["_key"]))


def document_of(opinion: Opinion, fields: Fields, number: int) -> Document:
    """The document of a verdict.

    Args:
        opinion: what is said.
        fields: the event's.
        number: how many documents of the same analyst there are on the incident: it tells a
            second judgement from a repeated write.

    Raises:
        AppError: when the event is too large.
    """
    shown = event_fields(fields)
    # Nothing, not an empty event: another document of the incident may have it.
    event = json.dumps(shown, sort_keys=True, ensure_ascii=False) if shown else ""
    if len(event.encode("utf-8", "replace")) > _MOST_BYTES:
        raise AppError(f"the event is too large: {_MOST_BYTES} bytes of fields at most")
    document: Document = {
        "_key": key_of(opinion.uid, opinion.verdict, opinion.who, opinion.reason, number),
        "incident_uid": opinion.uid,
        "verdict": opinion.verdict,
        "analyst": opinion.who,
        "time": opinion.at,
        "reason": opinion.reason,
        "automated": opinion.automated,
        "retracts": "",
        "source": SOURCE,
        "event": event,
        "detection_id": first(fields, "detection_id"),
        "task": opinion.task or first(fields, "sftsec_task"),
    }
    at = event_time(fields)
    return document if at is None else {**document, "event_time": at}


def key_of(*parts: object) -> str:
    """A name in hex that the same parts give again, as the Splunk app makes it."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:40]


def _check(splunkd: Splunkd, opinion: Opinion) -> None:
    if len(opinion.reason) > _LONGEST_REASON:
        raise AppError(f"a reason may have {_LONGEST_REASON} characters")
    if opinion.analyst == PLAYBOOK:
        raise AppError(f"analyst={PLAYBOOK} is what a playbook is called: name a person, or nobody")
    splunkd.check_capability()
    words = splunkd.words()
    if opinion.verdict not in words:
        raise AppError(f"{opinion.verdict!r} is none of the verdicts: {', '.join(words)}")


def _newest(documents: Sequence[Document]) -> Document | None:
    judged = [each for each in documents if each.get("verdict")]
    return max(judged, key=lambda each: float(each.get("time") or 0), default=None)


def _says(document: Document, opinion: Opinion) -> bool:
    said = (document.get("verdict"), document.get("reason") or "")
    return said == (opinion.verdict, opinion.reason)
