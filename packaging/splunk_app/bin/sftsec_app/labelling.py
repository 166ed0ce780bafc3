"""`| sftseclabel`: an analyst's verdict on each row's incident.

| sftseclabel label=malicious reason="seen in the sandbox"

Rows go on as they came, with `sftsec_verdict` and `sftsec_status`.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from sftsec_app.arguments import Arguments
from sftsec_app.chunked import Command, Messages, Metadata
from sftsec_app.errors import AppError
from sftsec_app.fields import incident_uid
from sftsec_app.rows import Row, Table
from sftsec_app.splunkd import APP, Splunkd
from sftsec_app.verdicts import Judged, Opinion, add_verdicts

ADDED = ("sftsec_verdict", "sftsec_status")
CAPABILITY = "sftsec_label"
_USAGE = '| sftseclabel label=malicious reason="seen in the sandbox"'
_NO_UID = "not saved: the row has no incident_uid"
_PREVIEW = "not saved yet: this is a preview"
_LONGEST_REASON = 2000
_SAVED = {"saved", "already saved"}


class Labelling(Command):
    """Adds verdicts to the collection."""

    def __init__(self, info: Metadata, messages: Messages) -> None:
        """Read the arguments, and look whether the user may judge.

        Raises:
            AppError: when one is missing or wrong, or the user may not.
        """
        super().__init__(info, messages)
        arguments = Arguments(info, ("label", "reason"), _USAGE)
        if arguments.words:
            raise arguments.wrong(f"{arguments.words[0]!r} is no option: a reason wants quotes")
        label, reason = arguments.need("label"), arguments.get("reason")
        if len(reason) > _LONGEST_REASON:
            raise arguments.wrong(f"a reason may have {_LONGEST_REASON} characters")
        self._splunkd = Splunkd(
            str(info.get("splunkd_uri") or ""), str(info.get("session_key") or "")
        )
        check_capability(self._splunkd)
        check_word(self._splunkd, label)
        who = str(info.get("username") or "")
        if not who:
            raise AppError("Splunk does not say who you are: a verdict needs its analyst")
        self._opinion = Opinion(label, who, reason, "search", time.time())
        self._counts: dict[str, int] = {}

    def execute(self, table: Table, *, preview: bool, last: bool) -> None:
        """Save a verdict for each incident of the frame; nothing in a preview."""
        rows = table.rows()
        states = [_PREVIEW] * len(rows) if preview else self._saved(rows)
        for state in states:
            self._counts[state] = self._counts.get(state, 0) + 1
        verdict = self._opinion.verdict
        table.set(ADDED, [(verdict if each in _SAVED else "", each) for each in states])
        if last and not preview:
            self._tell()

    def close(self) -> None:
        """Let go of the connection to splunkd."""
        self._splunkd.close()

    def _saved(self, rows: Sequence[Row]) -> list[str]:
        named = [Judged(incident_uid(row), row) for row in rows]
        try:
            found = add_verdicts(self._splunkd, self._opinion, [e for e in named if e.uid])
        except AppError as error:
            self.messages.add("ERROR", f"verdicts were not saved: {error}")
            found = {}
        otherwise = "not saved: run the search again"
        return [found.get(each.uid, otherwise) if each.uid else _NO_UID for each in named]

    def _tell(self) -> None:
        for state, count in sorted(self._counts.items()):
            kind = "INFO" if state in _SAVED else "WARN"
            self.messages.add(kind, f"{count} rows {state}")


def check_capability(splunkd: Splunkd) -> None:
    """Refuse who may not judge.

    Raises:
        AppError: when the user lacks the capability.
    """
    if CAPABILITY not in splunkd.capabilities():
        raise AppError(f"you may not label: that takes the role sftsec_analyst ({CAPABILITY})")


def check_word(splunkd: Splunkd, label: str) -> None:
    """Refuse a word that the labelling page does not offer: a slip would be a class of its own.

    Raises:
        AppError: for another word.
    """
    offered = str(splunkd.stanza(APP, "labelling").get("verdicts") or "")
    words = [word.strip() for word in offered.split(",") if word.strip()]
    if label not in words:
        raise AppError(f"label={label} is none of the verdicts: {', '.join(words)}")
