"""The join of events with the verdicts on them, on sources in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sftsec_core.api.domain import Incident, IncidentPage, PullWindow, Rejection, Verdict
from sftsec_core.sdk.cursor import PullCursor
from sftsec_core.sdk.errors import PrivateFieldError
from sftsec_core.sdk.verdict_join import (
    FoundRecords,
    JoinedSource,
    LoggedPage,
    LoggedVerdicts,
    RecordPage,
    SourceRecord,
    VerdictJoin,
)
from tests.core.sdk.positions import NumberPosition

AT = datetime(2026, 3, 1, tzinfo=UTC)


SPAM, HAM = Verdict("spam", "ann", AT), Verdict("ham", "bob", AT)


LABELLED, UNLABELLED, BOTH = (PullWindow(labelled=each) for each in (True, False, None))


def event(number: int, *verdicts: Verdict, **fields: Any) -> SourceRecord:
    uid = f"event-{number}"
    at = AT + timedelta(hours=number)
    return SourceRecord(uid, None, Incident(uid, {"n": number, **fields}, verdicts, at), {})


def detection(number: int, *verdicts: Verdict) -> SourceRecord:
    """A detection of ours about the event of this number, with a copy of its fields."""
    uid = f"detection-{number}"
    return SourceRecord(uid, f"event-{number}", Incident(uid, {}, verdicts, AT), {"n": number})


class MemorySource(JoinedSource[NumberPosition]):
    """Records in memory; the window is applied as a platform's query does."""

    def __init__(self, name: str, *records: SourceRecord, has_verdicts: bool = True) -> None:
        self.name = name
        self.has_verdicts = has_verdicts
        self.records = list(records)
        self.window = BOTH
        self.asked: list[list[str]] = []
        self.unusable: dict[str, str] = {}

    def pages(self, position: NumberPosition | None) -> Iterator[RecordPage[NumberPosition]]:
        start = 0 if position is None else position.number
        for place in range(start, len(self.records), 2):
            page = [each for each in self.records[place : place + 2] if self.is_wanted(each)]
            yield RecordPage(page, NumberPosition(place + 2))

    def is_wanted(self, record: SourceRecord) -> bool:
        return self.window.labelled is not True or bool(record.incident.verdicts)

    def find(self, logged: Sequence[LoggedVerdicts]) -> FoundRecords:
        names = [each.uid for each in logged]
        self.asked.append(names)
        found = [each for each in self.records if each.incident.uid in names]
        rejected = [Rejection(uid, why) for uid, why in self.unusable.items() if uid in names]
        return FoundRecords(found, tuple(rejected))

    def find_events(self, detections: Sequence[SourceRecord]) -> Mapping[str, SourceRecord]:
        wanted = {each.about for each in detections}
        return {e.name: e for e in self.records if e.name in wanted and e.about is None}

    def carried(self, detection: SourceRecord) -> Incident:
        verdicts = detection.incident.verdicts
        return Incident(detection.about or "", {"copy": detection.raw["n"]}, verdicts, AT)

    def is_private(self, name: str) -> bool:
        return name.startswith("verdict")


@dataclass
class MemoryLog:
    """What analysts said, by uid."""

    logged: dict[str, LoggedVerdicts] = field(default_factory=dict)
    rejected: tuple[Rejection, ...] = ()

    def add(self, uid: str, *verdicts: Verdict, **shown: Any) -> None:
        self.logged[uid] = LoggedVerdicts(uid, verdicts, shown or None, AT)

    def of(self, uids: Sequence[str]) -> Mapping[str, tuple[Verdict, ...]]:
        return {uid: self.logged[uid].verdicts for uid in uids if uid in self.logged}

    def pages(
        self, position: NumberPosition | None, size: int, wanted: tuple[str, ...]
    ) -> Iterator[LoggedPage[NumberPosition]]:
        names = sorted(self.logged)
        start = 0 if position is None else position.number
        for place in range(start, len(names), size):
            page = [self.logged[uid] for uid in names[place : place + size]]
            yield LoggedPage(page, NumberPosition(place + size), self.rejected)


def pages(
    window: PullWindow,
    *sources: MemorySource,
    log: MemoryLog | None = None,
    cursor: str | None = None,
    **settings: Any,
) -> list[IncidentPage]:
    for each in sources:
        each.window = window
    join = VerdictJoin(window, sources, log, 2, **settings)
    return list(join.pages(PullCursor.decode(cursor, NumberPosition)))


def values(found: Sequence[IncidentPage]) -> dict[str, list[str]]:
    return {each.uid: [v.value for v in each.verdicts] for page in found for each in page.incidents}


class TestSources:
    def test_bring_unlabelled_events_without_detections(self) -> None:
        source = MemorySource("mail", event(0), event(1, SPAM), detection(2), event(3))
        assert values(pages(UNLABELLED, source)) == {"event-0": [], "event-3": []}

    def test_bring_labelled_events_with_their_verdicts(self) -> None:
        source = MemorySource("mail", event(0), event(1, SPAM, HAM), event(2))
        assert values(pages(LABELLED, source)) == {"event-1": ["spam", "ham"]}

    def test_bring_all_events_once_of_any_label(self) -> None:
        source = MemorySource("mail", event(0), event(1, SPAM), detection(2), event(3))
        found = values(pages(BOTH, source))
        assert found == {"event-0": [], "event-1": ["spam"], "event-3": []}

    def test_are_read_in_their_order(self) -> None:
        first, second = MemorySource("b", event(5)), MemorySource("a", event(1))
        assert list(values(pages(BOTH, first, second))) == ["event-5", "event-1"]


class TimedSource(MemorySource):
    """Looks events up near the times that detections name, which stand in their copies."""

    def find_events(self, detections: Sequence[SourceRecord]) -> Mapping[str, SourceRecord]:
        times = {each.about: self.carried(each).at for each in detections}
        found = (e for e in self.records if e.about is None and e.name in times)
        return {e.name: e for e in found if e.incident.at == times[e.name]}

    def carried(self, detection: SourceRecord) -> Incident:
        copy = super().carried(detection)
        return replace(copy, at=AT + timedelta(hours=detection.raw["at"]))


class TestEventThatGoesOn:
    """Two attacks in one network flow have the flow's uid."""

    @staticmethod
    def attack(hour: int, *verdicts: Verdict) -> tuple[SourceRecord, SourceRecord]:
        flow = Incident("flow", {"attack": hour}, (), AT + timedelta(hours=hour))
        told = Incident(f"told-{hour}", {}, verdicts, AT)
        return (
            SourceRecord("flow", None, flow, {}),
            SourceRecord(told.uid, "flow", told, {"n": hour, "at": hour}),
        )

    def test_has_each_verdict_at_its_time(self) -> None:
        attacks = [self.attack(1, SPAM), self.attack(2, HAM), self.attack(3), self.attack(4)]
        flow, told = zip(*attacks, strict=True)
        source = TimedSource("net", *flow, *told)  # two of each a page
        found = [each for page in pages(LABELLED, source) for each in page.incidents]
        said = [(each.fields["attack"], each.verdicts[0].value) for each in found]
        assert said == [(1, "spam"), (2, "ham")]

    def test_has_several_verdicts_at_one_time(self) -> None:
        flow, first = self.attack(1, SPAM)
        second = replace(first, name="again", incident=replace(first.incident, verdicts=(HAM,)))
        source = TimedSource("net", flow, event(9), first, second)
        assert values(pages(LABELLED, source)) == {"flow": ["spam", "ham"]}


class TestLoggedVerdicts:
    def test_follow_the_sources_own(self) -> None:
        log = MemoryLog()
        log.add("event-1", HAM)
        source = MemorySource("mail", event(0), event(1, SPAM))
        assert values(pages(LABELLED, source, log=log)) == {"event-1": ["spam", "ham"]}

    def test_end_the_scoring_of_an_event(self) -> None:
        log = MemoryLog()
        log.add("event-0", HAM)
        source = MemorySource("mail", event(0), event(1))
        assert values(pages(UNLABELLED, source, log=log)) == {"event-1": []}

    def test_label_an_event_of_the_source(self) -> None:
        log = MemoryLog()
        log.add("event-1", HAM)
        source = MemorySource("mail", event(0), event(1))
        [page] = [each for each in pages(LABELLED, source, log=log) if each.incidents]
        [incident] = page.incidents
        assert (incident.uid, incident.fields, incident.verdicts) == ("event-1", {"n": 1}, (HAM,))

    def test_bring_event_and_equal_verdicts_once(self) -> None:
        log = MemoryLog()
        log.add("event-0", HAM, HAM)
        first, second = MemorySource("a", event(0)), MemorySource("b", event(0))
        found = pages(LABELLED, first, second, log=log)
        assert [each.verdicts for page in found for each in page.incidents] == [(HAM,)]

    def test_are_left_out_after_a_later_source(self) -> None:
        log = MemoryLog()
        log.add("event-0", HAM)
        first, second = MemorySource("a", event(0)), MemorySource("b", event(0, SPAM))
        found = pages(LABELLED, first, second, log=log)
        assert [each.uid for page in found for each in page.incidents] == ["event-0"]

    def test_are_looked_up_no_further_than_needed(self) -> None:
        log = MemoryLog()
        log.add("event-0", HAM)
        log.add("event-1", HAM)
        first = MemorySource("a", event(0))
        without = MemorySource("b", event(1), has_verdicts=False)
        pages(LABELLED, first, without, log=log)
        assert (first.asked, without.asked) == ([["event-0", "event-1"]], [["event-1"]])

    def test_are_bounded_by_the_events_time(self) -> None:
        log = MemoryLog()
        for number in range(4):
            log.add(f"event-{number}", SPAM)
        source = MemorySource("mail", *(event(n) for n in range(4)))
        window = PullWindow(AT + timedelta(hours=1), AT + timedelta(hours=3), labelled=True)
        assert list(values(pages(window, source, log=log))) == ["event-1", "event-2"]

    def test_without_a_time_are_rejected_by_bounds(self) -> None:
        log = MemoryLog()
        log.add("event-9", SPAM, subject="as shown")
        log.logged["event-9"] = replace(log.logged["event-9"], at=None)
        found = pages(PullWindow(since=AT, labelled=True), MemorySource("mail"), log=log)
        assert values(found) == {}
        (rejected,) = (each for page in found for each in page.rejected)
        assert (rejected.where, "no time" in rejected.reason) == ("event-9", True)
        assert list(values(pages(LABELLED, MemorySource("mail"), log=log))) == ["event-9"]

    def test_are_read_of_any_label_as_source(self) -> None:
        log = MemoryLog()
        log.add("event-0", SPAM)
        log.add("shown", SPAM, n=7)
        source = MemorySource("mail", event(0))
        assert values(pages(BOTH, source, log=log)) == {"event-0": ["spam"]}
        found = pages(BOTH, source, log=log, log_is_source=True)
        assert values(found) == {"event-0": ["spam"], "shown": ["spam"]}
        assert sum(len(page.incidents) for page in found) == 2


class TestUnusableVerdict:
    def test_is_rejected_beside_the_others(self) -> None:
        log = MemoryLog(rejected=(Rejection("event-0", "a verdict on it: 'at' is no time"),))
        log.add("event-0", SPAM)
        found = pages(LABELLED, MemorySource("mail", event(0)), log=log)
        assert values(found) == {"event-0": ["spam"]}
        assert [each for page in found for each in page.rejected] == list(log.rejected)


class TestEventThatIsGone:
    def test_is_what_the_analyst_was_shown(self) -> None:
        log = MemoryLog()
        log.add("event-9", SPAM, subject="as shown", verdict_by="ann")
        [page] = [each for each in pages(LABELLED, MemorySource("a"), log=log) if each.incidents]
        [incident] = page.incidents
        assert (incident.fields, incident.verdicts) == ({"subject": "as shown"}, (SPAM,))

    def test_is_rejected_without_shown_fields(self) -> None:
        log = MemoryLog()
        log.add("event-9", SPAM)
        [page] = pages(LABELLED, MemorySource("a"), log=log)
        assert [(each.where, each.reason) for each in page.rejected] == [
            ("event-9", "a verdict names it, and no source has it (any more)")
        ]

    def test_differs_from_one_that_is_unusable(self) -> None:
        log = MemoryLog()
        log.add("event-9", SPAM)
        source = MemorySource("a")
        source.unusable = {"event-9": "too large"}
        [page] = pages(LABELLED, source, log=log)
        assert [(each.where, each.reason) for each in page.rejected] == [("event-9", "too large")]


class TestDetection:
    def test_gives_its_verdict_to_its_event(self) -> None:
        source = MemorySource("mail", event(0), event(3), detection(3, SPAM))
        [page] = [each for each in pages(LABELLED, source) if each.incidents]
        [incident] = page.incidents
        assert (incident.uid, incident.fields, incident.verdicts) == ("event-3", {"n": 3}, (SPAM,))

    def test_replaces_an_event_that_is_gone(self) -> None:
        found = pages(LABELLED, MemorySource("mail", detection(3, SPAM)))
        [incident] = [each for page in found for each in page.incidents]
        assert (incident.uid, incident.fields) == ("event-3", {"copy": 3})

    def test_is_no_incident_without_a_verdict(self) -> None:
        assert values(pages(BOTH, MemorySource("mail", detection(3)))) == {}

    def test_in_its_own_source_takes_the_log(self) -> None:
        log = MemoryLog()
        log.add("detection-3", HAM)
        ours = MemorySource("ours", event(3), detection(3))
        found = pages(LABELLED, MemorySource("mail"), log=log, lookups=[ours])
        assert values(found) == {"event-3": ["ham"]}

    def test_logged_by_its_event_stays_apart(self) -> None:
        log = MemoryLog()
        log.add("event-3", HAM, subject="as shown")
        copy = SourceRecord("row", "event-3", Incident("event-3", {}, (), AT), {"n": 3})
        found = pages(LABELLED, MemorySource("mail", copy), log=log)
        [incident] = [each for page in found for each in page.incidents]
        assert incident.fields == {"subject": "as shown"}


class TestCursor:
    @pytest.mark.parametrize("window", [LABELLED, UNLABELLED, BOTH])
    def test_resumes_after_every_page(self, window: PullWindow) -> None:
        log = MemoryLog()
        for number in range(0, 12, 3):
            log.add(f"event-{number}", HAM)
        log.add("shown", HAM, n=1)
        records = [event(n, *([SPAM] if n % 4 == 0 else [])) for n in range(12)]
        sources = MemorySource("a", *records[:7]), MemorySource("b", *records[7:])
        whole = pages(window, *sources, log=log)
        for number, page in enumerate(whole):
            rest = pages(window, *sources, log=log, cursor=page.cursor)
            assert rest == whole[number + 1 :]
        assert len(whole) > 3


class TestPrivateField:
    @pytest.mark.parametrize("kind", ["source", "lookup"])
    def test_is_refused_before_anything_is_read(self, kind: str) -> None:
        window = PullWindow(labelled=True, fields=("subject", "verdict_by"))
        source = MemorySource("mail", event(0, SPAM))
        join = VerdictJoin(
            window,
            [source] if kind == "source" else [],
            lookups=[source] if kind == "lookup" else [],
        )
        with pytest.raises(PrivateFieldError, match="'verdict_by' holds what analysts said"):
            next(join.pages(PullCursor()))
