"""Detections into Splunk, each once: what is there already is asked of the index first."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sftsec_core.api.domain import AuditAnchor, PushReceipt
from sftsec_core.api.errors import ConnectorError, ConnectorUnavailableError
from sftsec_core.sdk.portable import DETECTION_TYPE, one_line
from sftsec_splunk.client import Request, path_of
from sftsec_splunk.kv import DETECTIONS, Collection, parts_of
from sftsec_splunk.mapping import (
    AUDIT_TYPE,
    audit_event_of,
    document_of,
    envelope,
    event_of,
    sealed,
)

if TYPE_CHECKING:
    from datetime import datetime

    from sftsec_core.api.domain import AuditEntry, Detection
    from sftsec_core.sdk.ownership import Ownership
    from sftsec_splunk.client import Splunk
    from sftsec_splunk.config import SplunkConfig
    from sftsec_splunk.hec import Hec
    from sftsec_splunk.searches import Searches

log = logging.getLogger(__name__)
_AT_ONCE = 500
_WORD = re.compile(r"[0-9A-Za-z]+")  # what is one term of the index in any context
_NOTABLE = re.compile(r"[^@\s]+@@[^@\s]+@@\w+")


@dataclass(frozen=True, slots=True)
class Pusher:
    """All that a push writes to.

    Attributes:
        ownership: seals what is written.
        clock: this machine's time.
    """

    splunk: Splunk
    searches: Searches
    config: SplunkConfig
    hec: Hec
    ownership: Ownership
    clock: Callable[[], datetime]

    def detections(self, detections: Sequence[Detection]) -> PushReceipt:
        """Write an event for each detection that Splunk does not have.

        Raises:
            ConnectorUnavailableError: when Splunk did not answer up to the bound; repeat the call.
            HecError: when the token, or the index, is refused.
        """
        at = self.clock()
        events = {each.uid: sealed(event_of(each), self.ownership) for each in detections}
        kept = Collection(self.splunk, DETECTIONS) if self.config.upsert_detections else None
        there = self.existing_ids("detection_id", DETECTION_TYPE, list(events))
        if kept is not None:
            there |= kept.keys([uid for uid in events if uid not in there])
        receipt = self._write(
            events, "detection_id", DETECTION_TYPE, dict.fromkeys(events, at), there
        )
        if kept is not None:  # an earlier call may have ended between the two
            delivered = (*receipt.written, *receipt.duplicates)
            missing = set(delivered) - kept.keys(list(delivered))
            kept.save([document_of(events[uid], at) for uid in delivered if uid in missing])
        if self.config.notable_update:
            fresh = set(receipt.written)
            comment_on_notables(self.splunk, [each for each in detections if each.uid in fresh])
        return receipt

    def audit(self, entries: Sequence[AuditEntry]) -> PushReceipt:
        """Write an event for each entry of the audit log that Splunk does not have.

        Raises:
            ConnectorUnavailableError, HecError: as `detections`.
        """
        events = {each.hash: audit_event_of(each) for each in entries}
        times = {each.hash: each.at for each in entries}
        there = self.existing_ids("audit_id", AUDIT_TYPE, list(events))
        return self._write(events, "audit_id", AUDIT_TYPE, times, there)

    def last_audit(self, log: str) -> AuditAnchor | None:
        """Read the entries with the highest number of one log; None where Splunk has none.

        Args:
            log: hexadecimal digits.

        Raises:
            ConnectorUnavailableError, SearchError: when the index cannot be searched.
        """
        of_log = f'search index="{self.hec.index}" sourcetype="{AUDIT_TYPE}" {log} log="{log}"'
        [row] = self.searches.rows(f"{of_log} | stats max(sequence) AS last") or [{}]
        if not row.get("last"):
            return None
        seq = int(row["last"])
        rows = self.searches.rows(f"{of_log} sequence={seq} | stats count by audit_id")
        return AuditAnchor(seq, sorted(each["audit_id"] for each in rows))

    def _write(
        self,
        events: Mapping[str, Mapping[str, Any]],
        field: str,
        sourcetype: str,
        times: Mapping[str, datetime],
        there: set[str],
    ) -> PushReceipt:
        index = self.hec.index
        lines = {
            uid: envelope(event, sourcetype, index, times[uid])
            for uid, event in events.items()
            if uid not in there
        }

        def arrived(uids: Sequence[str]) -> set[str]:
            return self.existing_ids(field, sourcetype, uids)

        done = self.hec.write(lines, arrived)
        return PushReceipt(tuple(done.written), tuple(sorted(there)), tuple(done.rejected))

    def existing_ids(self, field: str, sourcetype: str, uids: Sequence[str]) -> set[str]:
        """Which of these the index has, as a search sees it.

        Args:
            field: of the event that names it.
            sourcetype: of the events.
            uids: hexadecimal digits, as ours are; others are looked for by a slower search.
        """
        found: set[str] = set()
        for part in parts_of(uids, _AT_ONCE):
            where = f'search index="{self.hec.index}" sourcetype="{sourcetype}"'
            if all(_WORD.fullmatch(each) for each in part):
                where += f" ({' OR '.join(part)})"  # terms of the index: no other event is read
            wanted = set(part)
            search = f"{where} | fields {field} | stats count by {field}"
            found |= {row[field] for row in self.searches.rows(search) if row[field] in wanted}
        return found


def comment_on_notables(splunk: Splunk, detections: Sequence[Detection]) -> None:
    """Comment on the notables that detections are about, with the prediction.

    It is a comment, once: the disposition is the analyst's. One that cannot be made is logged.
    """
    path = path_of("services", "notable_update")
    for each in detections:
        if not _NOTABLE.fullmatch(each.incident_uid):
            continue
        prediction = f"sftsec {each.task}: {each.label}, probability {each.probability:.3f}"
        why = f" ({each.explanation.text})" if each.explanation else ""
        comment = f"{prediction}{why}. Suggested disposition: true positive. [{each.uid}]"
        form = {"ruleUIDs": each.incident_uid, "comment": comment}
        try:
            answer = splunk.send(Request("POST", path, {}, form)) or {}
            refused = "" if answer.get("success") else str(answer.get("message", "no reason given"))
        except (ConnectorError, ConnectorUnavailableError) as error:
            refused = str(error)
        if refused:
            log.warning("the comment on a notable was not made: %s", one_line(refused))
