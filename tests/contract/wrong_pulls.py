"""Connectors whose incidents are wrong, with one fault each."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, ClassVar

from sftsec_core.api.domain import Incident, IncidentPage, PullWindow, Rejection, Verdict
from sftsec_core.api.errors import ConnectorError
from tests.contract.ledger import LedgerConnector, Row
from tests.contract.wrong import caught_by


class Mapped(LedgerConnector):
    """A connector whose fault is in one incident at a time."""

    def incident(self, row: Row) -> Incident:
        made = super().incident(row)
        return replace(made, fields=self.fields(made.fields, row), verdicts=self.verdicts(row))

    def fields(self, fields: Mapping[str, Any], row: Row) -> Mapping[str, Any]:
        return fields

    def verdicts(self, row: Row) -> tuple[Verdict, ...]:
        return row.verdicts


# --- which incidents


@caught_by("test_pull_brings_every_incident_once")
class NamesByText(LedgerConnector):
    def incident(self, row: Row) -> Incident:
        return replace(super().incident(row), uid=str(row.body["message"]))


@caught_by("test_pull_brings_every_incident_once")
class LosesTheShortPage(LedgerConnector):
    def pull(self, window: PullWindow, *, cursor: str | None = None) -> Iterator[IncidentPage]:
        for page in super().pull(window, cursor=cursor):
            if len(page.incidents) == self.config.page_size:
                yield page


@caught_by("test_pull_brings_every_incident_once")
class OverlapsPages(LedgerConnector):
    def page(self, rows: Sequence[Row]) -> IncidentPage:
        page = super().page(rows)
        return replace(page, incidents=(*page.incidents, page.incidents[-1]))


@caught_by("test_cursor_resumes_in_another_process")
class NamesByHash(LedgerConnector):
    def incident(self, row: Row) -> Incident:
        return replace(super().incident(row), uid=f"{hash(row.uid):x}")


@caught_by("test_two_pulls_bring_the_same_order")
class HasNoOrder(LedgerConnector):
    def page(self, rows: Sequence[Row]) -> IncidentPage:
        page = super().page(rows)
        shuffled = random.sample(page.incidents, len(page.incidents))
        return replace(page, incidents=tuple(shuffled))


@caught_by("test_own_detections_are_not_pulled")
class PullsItsDetections(LedgerConnector):
    def condition(self, window: PullWindow) -> tuple[str, list[object]]:
        where, values = super().condition(window)
        return where.replace("kind = 'incident'", "at != 'None'"), values


@caught_by(
    "test_labelled_window_brings_labelled_incidents",
    "test_unlabelled_window_brings_unlabelled_incidents",
)
class IgnoresWhatIsLabelled(LedgerConnector):
    def rows(self, window: PullWindow, after: Any) -> list[Row]:
        return super().rows(replace(window, labelled=None), after)


@caught_by("test_window_bounds_the_time")
class IgnoresTheTimes(LedgerConnector):
    def rows(self, window: PullWindow, after: Any) -> list[Row]:
        return super().rows(PullWindow(labelled=window.labelled), after)


@caught_by("test_window_bounds_the_time")
class IncludesTheEnd(LedgerConnector):
    def condition(self, window: PullWindow) -> tuple[str, list[object]]:
        where, values = super().condition(window)
        return where.replace("at < ?", "at <= ?"), values


@caught_by("test_damaged_record_is_rejected_and_the_pull_goes_on")
class StopsAtADamagedRecord(LedgerConnector):
    def page(self, rows: Sequence[Row]) -> IncidentPage:
        incidents = tuple(self.incident(row) for row in rows)
        return IncidentPage(incidents, str(rows[-1].seq))


@caught_by("test_damaged_record_is_rejected_and_the_pull_goes_on")
class SkipsADamagedRecord(LedgerConnector):
    def page(self, rows: Sequence[Row]) -> IncidentPage:
        return replace(super().page(rows), rejected=())


@caught_by("test_damaged_record_is_rejected_and_the_pull_goes_on")
class QuotesADamagedRecord(LedgerConnector):
    def page(self, rows: Sequence[Row]) -> IncidentPage:
        page = super().page(rows)
        said = tuple(Rejection(r.where, f"not a time: {rows[-1].at}") for r in page.rejected)
        return replace(page, rejected=said)


@caught_by("test_empty_platform_ends_a_pull_quietly")
class FailsOnNothing(LedgerConnector):
    def pull(self, window: PullWindow, *, cursor: str | None = None) -> Iterator[IncidentPage]:
        pages = list(super().pull(window, cursor=cursor))
        if not pages:
            raise ConnectorError("there is nothing to pull")
        yield from pages


# --- fields


@caught_by("test_pull_brings_long_texts_whole", "test_pull_brings_the_fields_unchanged")
class CutsLongTexts(Mapped):
    def fields(self, fields: Mapping[str, Any], row: Row) -> Mapping[str, Any]:
        return {name: str(value)[:8192] for name, value in fields.items()}


@caught_by("test_fields_named_by_the_window_are_there")
class BringsTheTextAlone(LedgerConnector):
    """Right as long as no one names a field: `keep` and `group` find nothing."""

    def pull(self, window: PullWindow, *, cursor: str | None = None) -> Iterator[IncidentPage]:
        for page in super().pull(window, cursor=cursor):
            if not window.fields:
                yield page
                continue
            bare = (replace(i, fields={"message": i.fields["message"]}) for i in page.incidents)
            yield replace(page, incidents=tuple(bare))


@caught_by("test_pull_brings_the_fields_unchanged")
class DropsKeptFields(Mapped):
    def fields(self, fields: Mapping[str, Any], row: Row) -> Mapping[str, Any]:
        return {"message": fields["message"]}


@caught_by("test_pull_brings_the_fields_unchanged")
class LosesUnicode(Mapped):
    def fields(self, fields: Mapping[str, Any], row: Row) -> Mapping[str, Any]:
        return {n: str(v).encode("ascii", "replace").decode() for n, v in fields.items()}


@caught_by("test_fields_are_flat_json")
class Nests(Mapped):
    def fields(self, fields: Mapping[str, Any], row: Row) -> Mapping[str, Any]:
        return {**fields, "host": {"name": fields["host.name"]}}


@caught_by("test_fields_are_flat_json")
class BringsPythonsTimes(Mapped):
    def fields(self, fields: Mapping[str, Any], row: Row) -> Mapping[str, Any]:
        return {**fields, "event.created": datetime.now(UTC)}


@caught_by("test_fields_are_flat_json")
class BringsTuples(Mapped):
    def fields(self, fields: Mapping[str, Any], row: Row) -> Mapping[str, Any]:
        return {**fields, "tags": ("a", "b")}


@caught_by("test_fields_are_flat_json")
class BringsNotANumber(Mapped):
    def fields(self, fields: Mapping[str, Any], row: Row) -> Mapping[str, Any]:
        return {**fields, "event.risk_score": float("nan")}


@caught_by("test_fields_are_flat_json")
class NamesFieldsByNumber(Mapped):
    def fields(self, fields: Mapping[str, Any], row: Row) -> Mapping[str, Any]:
        return {**fields, 7: "seven"}  # type: ignore[dict-item]  # the fault


@caught_by("test_no_field_gives_the_verdict_away")
class LeavesTheVerdictInAField(Mapped):
    def fields(self, fields: Mapping[str, Any], row: Row) -> Mapping[str, Any]:
        raw = row.verdicts[-1].value if row.verdicts else ""
        return {**fields, "event.original": f'{{"status": "closed as {raw}"}}'}


@caught_by("test_no_field_gives_the_verdict_away")
class LeavesTheAnalystInAField(Mapped):
    def fields(self, fields: Mapping[str, Any], row: Row) -> Mapping[str, Any]:
        return {**fields, "event.owner": row.verdicts[0].analyst if row.verdicts else "nobody"}


@caught_by("test_no_field_gives_the_verdict_away")
class TellsByAFieldsPresence(Mapped):
    def fields(self, fields: Mapping[str, Any], row: Row) -> Mapping[str, Any]:
        return {**fields, "event.end": "2026-01-05"} if row.verdicts else fields


# --- verdicts and times


@caught_by("test_verdicts_are_complete_and_oldest_first")
class KeepsTheNewestVerdict(Mapped):
    def verdicts(self, row: Row) -> tuple[Verdict, ...]:
        return row.verdicts[-1:]


@caught_by("test_verdicts_are_complete_and_oldest_first")
class BringsTheNewestFirst(Mapped):
    def verdicts(self, row: Row) -> tuple[Verdict, ...]:
        return row.verdicts[::-1]


@caught_by("test_verdicts_are_complete_and_oldest_first")
class DropsTheAnalyst(Mapped):
    def verdicts(self, row: Row) -> tuple[Verdict, ...]:
        return tuple(replace(verdict, analyst=None) for verdict in row.verdicts)


@caught_by("test_verdicts_are_complete_and_oldest_first")
class TranslatesTheVerdict(Mapped):
    WORDS: ClassVar = {"benign": "False Positive", "malicious": "True Positive"}

    def verdicts(self, row: Row) -> tuple[Verdict, ...]:
        return tuple(replace(each, value=self.WORDS[each.value]) for each in row.verdicts)


@caught_by("test_verdicts_are_complete_and_oldest_first")
class DropsVerdicts(Mapped):
    def verdicts(self, row: Row) -> tuple[Verdict, ...]:
        return ()


@caught_by("test_verdicts_have_aware_times")
class GivesNaiveVerdictTimes(Mapped):
    def verdicts(self, row: Row) -> tuple[Verdict, ...]:
        return tuple(
            replace(each, at=each.at and each.at.replace(tzinfo=None)) for each in row.verdicts
        )


@caught_by("test_verdicts_have_aware_times")
class DropsVerdictTimes(Mapped):
    def verdicts(self, row: Row) -> tuple[Verdict, ...]:
        return tuple(replace(verdict, at=None) for verdict in row.verdicts)


@caught_by("test_verdicts_have_aware_times")
class TakesTheEventsTimeForTheVerdicts(Mapped):
    def verdicts(self, row: Row) -> tuple[Verdict, ...]:
        return tuple(replace(each, at=datetime.fromisoformat(row.at)) for each in row.verdicts)


@caught_by("test_incidents_have_aware_times")
class GivesNaiveTimes(LedgerConnector):
    def incident(self, row: Row) -> Incident:
        made = super().incident(row)
        return replace(made, at=made.at and made.at.replace(tzinfo=None))


@caught_by("test_incidents_have_aware_times")
class GivesTheTimeOfThePull(LedgerConnector):
    def incident(self, row: Row) -> Incident:
        return replace(super().incident(row), at=datetime.now(UTC))


@caught_by("test_cursor_resumes_in_another_process")
class ReadsTimesAsLocal(LedgerConnector):
    """Right where the tests run in UTC."""

    def incident(self, row: Row) -> Incident:
        made = super().incident(row)
        return replace(made, at=made.at and made.at.replace(tzinfo=None).astimezone())


# --- the verdict on a detection


@caught_by("test_verdict_on_a_detection_labels_its_incident")
class LosesTheVerdictOnADetection(Mapped):
    def condition(self, window: PullWindow) -> tuple[str, list[object]]:
        where, values = super().condition(window)
        cut = where.replace("OR verdicts.uid IN", "AND verdicts.uid NOT IN")
        return cut, values


class BringsJudgedDetections(LedgerConnector):
    """What the analyst saw is taken for the incident."""

    def pull(self, window: PullWindow, *, cursor: str | None = None) -> Iterator[IncidentPage]:
        last = cursor or "0"
        for page in super().pull(window, cursor=cursor):
            last = page.cursor
            yield page
        if window.labelled:
            judged = "kind = 'detection' AND uid IN (SELECT uid FROM verdicts) AND seq > ?"
            rows = self.ledger.select(judged, (int(last),))
            if rows:
                made = tuple(self.judged(row) for row in rows)
                yield IncidentPage(made, str(rows[-1].seq))

    def judged(self, row: Row) -> Incident:
        raise NotImplementedError


@caught_by("test_verdict_on_a_detection_adds_no_incident")
class BringsTheDetectionAsAnIncident(BringsJudgedDetections):
    def judged(self, row: Row) -> Incident:
        return Incident(row.uid, row.body, row.verdicts, datetime.fromisoformat(row.at))


@caught_by("test_verdict_on_a_detection_labels_its_incident")
class BringsTheIncidentTwice(BringsJudgedDetections):
    def judged(self, row: Row) -> Incident:
        uid = str(row.body["incident"])
        return Incident(uid, row.body, row.verdicts, datetime.fromisoformat(row.at))


@caught_by("test_verdict_on_a_detection_labels_its_incident")
class BringsTheDetectionsFields(LedgerConnector):
    def incident(self, row: Row) -> Incident:
        made = super().incident(row)
        about = self.ledger.select("body ->> '$.incident' = ?", (row.uid,))
        return replace(made, fields=about[0].body) if about and row.verdicts else made
