"""`| sftseclabel`: stores an analyst's verdict on the incident of each row, or takes it back.

| sftseclabel label=malicious reason="seen in the sandbox"
| sftseclabel retract=true

Each row gets the columns `sftsec_verdict` and `sftsec_status`.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from sftsec_app.arguments import CommandArguments
from sftsec_app.chunked import Metadata, SearchCommand, SearchMessages
from sftsec_app.portable import (
    CAPABILITY,
    MAX_REASON_LENGTH,
    AppError,
    NewVerdict,
    incident_uid,
    offered_verdicts,
)
from sftsec_app.rows import Row, RowTable
from sftsec_app.splunkd import APP, SplunkdClient
from sftsec_app.verdicts import NamedRow, add_verdicts, retract_verdicts

ADDED = ("sftsec_verdict", "sftsec_status")
_USAGE = '| sftseclabel label=malicious reason="seen in the sandbox"'
_NO_UID = "the row has no incident_uid"
_SAVED = {"saved", "already saved"}
_DONE = _SAVED | {"retracted", "nothing to retract"}
_OPTIONS = ("label", "reason", "retract")


class LabelCommand(SearchCommand):
    """Adds verdicts, or retractions of the user's own, to the collection."""

    def __init__(self, info: Metadata, messages: SearchMessages) -> None:
        """Read the arguments, and check that the user may label.

        Raises:
            AppError: when an argument is missing or wrong, or the user may not label.
        """
        super().__init__(info, messages)
        arguments = CommandArguments(info, _OPTIONS, _USAGE)
        if arguments.words:
            raise arguments.error(
                f"{arguments.words[0]!r} is not an option: put a reason in quotes"
            )
        self._retracts = arguments.is_set("retract")
        label, reason = _label(arguments, retracts=self._retracts), arguments.get("reason")
        if len(reason) > MAX_REASON_LENGTH:
            raise arguments.error(f"a reason may have {MAX_REASON_LENGTH} characters")
        self._splunkd = SplunkdClient(
            str(info.get("splunkd_uri") or ""), str(info.get("session_key") or "")
        )
        check_capability(self._splunkd)
        if label:
            check_value(self._splunkd, label)
        analyst = str(info.get("username") or "")
        if not analyst:
            raise AppError("Splunk does not name the user: a verdict needs its analyst")
        self._new = NewVerdict(label, analyst, reason, "search", time.time())
        self._done = "retracted" if self._retracts else "saved"
        self._counts: dict[str, int] = {}

    def execute(self, table: RowTable, *, preview: bool, last: bool) -> None:
        """Write for each incident of the frame; nothing in a preview."""
        rows = table.rows()
        waits = f"not {self._done} yet: this is a preview"
        states = [waits] * len(rows) if preview else self._save(rows)
        for state in states:
            self._counts[state] = self._counts.get(state, 0) + 1
        verdict = self._new.verdict
        table.set(ADDED, [(verdict if each in _SAVED else "", each) for each in states])
        if last and not preview:
            self._report()

    def close(self) -> None:
        """Close the connection to splunkd."""
        self._splunkd.close()

    def _save(self, rows: Sequence[Row]) -> list[str]:
        named = [NamedRow(incident_uid(row), row) for row in rows]
        try:
            change = retract_verdicts if self._retracts else add_verdicts
            found = change(self._splunkd, self._new, [e for e in named if e.uid])
        except AppError as error:
            self.messages.add("ERROR", f"verdicts were not {self._done}: {error}")
            found = {}
        missing = f"not {self._done}: run the search again"
        unnamed = f"not {self._done}: {_NO_UID}"
        return [found.get(each.uid, missing) if each.uid else unnamed for each in named]

    def _report(self) -> None:
        for state, count in sorted(self._counts.items()):
            kind = "INFO" if state in _DONE else "WARN"
            self.messages.add(kind, f"{count} rows {state}")


def _label(arguments: CommandArguments, *, retracts: bool) -> str:
    if not retracts:
        return arguments.require("label")
    if arguments.get("label"):
        raise arguments.error("retract=true takes your verdict back: leave label=... out")
    return ""


def check_capability(splunkd: SplunkdClient) -> None:
    """Check that the user may label.

    Raises:
        AppError: when the user lacks the capability.
    """
    if CAPABILITY not in splunkd.capabilities():
        raise AppError(f"you may not label: that takes the role sftsec_analyst ({CAPABILITY})")


def check_value(splunkd: SplunkdClient, label: str) -> None:
    """Check that the labelling page offers the verdict: a typo would be a class of its own.

    Raises:
        AppError: for another verdict.
    """
    values = offered_verdicts(str(splunkd.stanza(APP, "labelling").get("verdicts") or ""))
    if label not in values:
        raise AppError(f"label={label} is none of the verdicts: {', '.join(values)}")
