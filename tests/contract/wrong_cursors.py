"""Connectors whose cursors or memory are wrong, with one fault each."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from sftsec_core.api.contracts import ConnectorContext
from sftsec_core.api.domain import IncidentPage, PullWindow
from tests.contract.ledger import LedgerConfig, LedgerConnector, Row
from tests.contract.wrong import caught_by


class ByTime(LedgerConnector):
    """The place is the event's time."""

    operator: ClassVar = ">"

    def decode(self, cursor: str | None) -> Any:
        return cursor or ""

    def page(self, rows: Sequence[Row]) -> IncidentPage:
        return replace(super().page(rows), cursor=rows[-1].at)

    def pull(self, window: PullWindow, *, cursor: str | None = None) -> Iterator[IncidentPage]:
        after = self.decode(cursor)
        while rows := self.rows(window, after):
            page = self.page(rows)
            if page.cursor == after:
                return
            yield page
            after = page.cursor

    def rows(self, window: PullWindow, after: Any) -> list[Row]:
        where, values = self.condition(window)
        where += f" AND at {self.operator} ? ORDER BY at, seq"
        with self.translated():
            return self.ledger.select(where, (*values, after), limit=self.config.page_size)


@caught_by("test_pull_brings_every_incident_once")
class SkipsTies(ByTime):
    """`time > last`: the others of the last one's time are lost."""


@caught_by("test_pull_brings_every_incident_once")
class RepeatsTies(ByTime):
    operator: ClassVar = ">="


@caught_by("test_last_cursor_brings_only_what_is_new")
class MissesLateArrivals(LedgerConnector):
    """Ties are right here; what arrives with an older time is still never seen."""

    def decode(self, cursor: str | None) -> Any:
        return tuple(json.loads(cursor)) if cursor else ("", 0)

    def page(self, rows: Sequence[Row]) -> IncidentPage:
        return replace(super().page(rows), cursor=json.dumps([rows[-1].at, rows[-1].seq]))

    def pull(self, window: PullWindow, *, cursor: str | None = None) -> Iterator[IncidentPage]:
        after = self.decode(cursor)
        while rows := self.rows(window, after):
            yield self.page(rows)
            after = (rows[-1].at, rows[-1].seq)

    def rows(self, window: PullWindow, after: Any) -> list[Row]:
        where, values = self.condition(window)
        where += " AND (at, seq) > (?, ?) ORDER BY at, seq"
        with self.translated():
            return self.ledger.select(where, (*values, *after), limit=self.config.page_size)


@caught_by("test_removed_incident_moves_no_other", "test_verdict_given_meanwhile_moves_no_other")
class CountsRecords(LedgerConnector):
    """An offset: it drifts when a record vanishes before it."""

    def pull(self, window: PullWindow, *, cursor: str | None = None) -> Iterator[IncidentPage]:
        after = self.decode(cursor)
        while rows := self.rows(window, after):
            after += len(rows)
            yield replace(self.page(rows), cursor=str(after))

    def rows(self, window: PullWindow, after: Any) -> list[Row]:
        where, values = self.condition(window)
        with self.translated():
            limit = self.config.page_size
            return self.ledger.select(f"{where} ORDER BY seq", values, limit=after + limit)[after:]


@caught_by("test_resumption_does_not_read_the_start_again")
class ReadsTheStartAgain(LedgerConnector):
    def pull(self, window: PullWindow, *, cursor: str | None = None) -> Iterator[IncidentPage]:
        after = self.decode(cursor)
        for page in super().pull(window):
            if int(page.cursor) > after:
                yield page


@caught_by("test_every_cursor_resumes_after_its_page")
class StartsAgain(LedgerConnector):
    def pull(self, window: PullWindow, *, cursor: str | None = None) -> Iterator[IncidentPage]:
        return super().pull(window)


@caught_by("test_every_cursor_resumes_after_its_page")
class RepeatsThePage(LedgerConnector):
    def page(self, rows: Sequence[Row]) -> IncidentPage:
        return replace(super().page(rows), cursor=str(rows[0].seq - 1))


@caught_by("test_every_cursor_resumes_after_its_page")
class SkipsOne(LedgerConnector):
    def page(self, rows: Sequence[Row]) -> IncidentPage:
        return replace(super().page(rows), cursor=str(rows[-1].seq + 1))


@caught_by("test_cursor_is_a_short_string")
class GivesANumber(LedgerConnector):
    def page(self, rows: Sequence[Row]) -> IncidentPage:
        return replace(super().page(rows), cursor=rows[-1].seq)  # type: ignore[arg-type]  # the fault


@caught_by("test_cursor_is_a_short_string")
class ListsWhatWasRead(LedgerConnector):
    def pull(self, window: PullWindow, *, cursor: str | None = None) -> Iterator[IncidentPage]:
        place, *read = json.loads(cursor) if cursor else ["0"]
        for page in super().pull(window, cursor=place):
            read += [each.uid for each in page.incidents]
            yield replace(page, cursor=json.dumps([page.cursor, *read]))


@caught_by("test_cursor_moves_with_every_page")
class KeepsTheCursor(LedgerConnector):
    def page(self, rows: Sequence[Row]) -> IncidentPage:
        return replace(super().page(rows), cursor="0")


@caught_by("test_cursor_resumes_in_another_process")
class RemembersTheCursor(LedgerConnector):
    """The cursor is a key of a table that lives in the process."""

    places: ClassVar[dict[str, str]] = {}

    def decode(self, cursor: str | None) -> Any:
        return super().decode(self.places.get(cursor or "", "0"))

    def page(self, rows: Sequence[Row]) -> IncidentPage:
        page = super().page(rows)
        key = f"scroll-{len(self.places)}"
        self.places[key] = page.cursor
        return replace(page, cursor=key)


@caught_by("test_foreign_cursor_is_an_error_of_the_connector")
class TrustsTheCursor(LedgerConnector):
    def decode(self, cursor: str | None) -> Any:
        return int(cursor or 0)


@caught_by("test_foreign_cursor_is_an_error_of_the_connector")
class TakesAForeignCursorForTheStart(LedgerConnector):
    def decode(self, cursor: str | None) -> Any:
        return int(cursor) if cursor and cursor.isdigit() else 0


# --- memory


@caught_by("test_pages_are_bounded")
class OnePageForAll(LedgerConnector):
    def __init__(self, config: LedgerConfig, context: ConnectorContext) -> None:
        super().__init__(config.model_copy(update={"page_size": 1000}), context)


@caught_by(
    "test_first_page_comes_before_the_rest_is_read", "test_outage_between_two_pages_is_an_error"
)
class ReadsAllFirst(LedgerConnector):
    def pull(self, window: PullWindow, *, cursor: str | None = None) -> Iterator[IncidentPage]:
        yield from list(super().pull(window, cursor=cursor))


@caught_by("test_pull_does_not_remember_every_uid")
class RemembersEveryUid(LedgerConnector):
    def __init__(self, config: LedgerConfig, context: ConnectorContext) -> None:
        super().__init__(config, context)
        self.seen: set[str] = set()

    def page(self, rows: Sequence[Row]) -> IncidentPage:
        new = [row for row in rows if row.uid not in self.seen]
        self.seen.update(row.uid for row in new)
        return super().page(new)


@caught_by("test_pull_does_not_remember_every_uid")
class RemembersUidsInThePull(LedgerConnector):
    def pull(self, window: PullWindow, *, cursor: str | None = None) -> Iterator[IncidentPage]:
        seen: dict[str, int] = {}
        for page in super().pull(window, cursor=cursor):
            seen |= dict.fromkeys((each.uid for each in page.incidents), 1)
            yield page
