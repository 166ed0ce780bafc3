"""A right connector whose pull consists of parts, and wrong ones with one fault each."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, ClassVar

from sftsec_core.api.domain import IncidentPage, PullWindow
from tests.contract.ledger import LedgerConnector, Row
from tests.contract.wrong import caught_by

SPAN = 10  # numbers of records


@dataclass
class LedgerPart:
    """The records of a span of numbers; named by what they hold, proved by the verdicts on them."""

    connector: PartedLedger
    window: PullWindow
    number: int
    rows: Sequence[Row]

    @property
    def name(self) -> str:
        return _digest([self.number, [(row.uid, row.at, row.body) for row in self.rows]])

    def pages(self, cursor: str | None) -> Iterator[IncidentPage]:
        after = max(self.connector.decode(cursor), self.number * SPAN - 1)
        while rows := self.connector.rows(self.window, after):
            kept = [row for row in rows if row.seq // SPAN == self.number]
            if kept:
                yield self.connector.page(kept)
            if len(kept) < len(rows):
                return
            after = rows[-1].seq

    def proof(self) -> str:
        said = [[v.value, v.analyst, str(v.at)] for row in self.rows for v in row.verdicts]
        return json.dumps([_digest(said), str(self.window.since)])

    def holds(self, proof: str) -> bool:
        return proof == self.proof()


class PartedLedger(LedgerConnector):
    """A right one."""

    part: ClassVar[type[LedgerPart]] = LedgerPart

    def parts(self, window: PullWindow) -> Iterator[LedgerPart]:
        with self.translated():
            rows = self.ledger.select("kind = 'incident' ORDER BY seq", ())
        for number, some in groupby(rows, key=lambda row: row.seq // SPAN):
            yield self.part(self, window, number, list(some))


@caught_by("test_parts_bring_what_a_pull_brings")
class LosesBetweenParts(PartedLedger):
    def parts(self, window: PullWindow) -> Iterator[LedgerPart]:
        yield from list(super().parts(window))[1:]


@caught_by("test_part_names_are_names_of_folders")
class NamesWithSlashes(PartedLedger):
    class part(LedgerPart):  # noqa: N801 - replaces the class of parts
        @property
        def name(self) -> str:
            return f"{self.number}/{super().name}"


@caught_by("test_unchanged_platform_is_not_read_again")
class NeverHolds(PartedLedger):
    class part(LedgerPart):  # noqa: N801 - replaces the class of parts
        def holds(self, proof: str) -> bool:
            return False


@caught_by("test_new_record_leaves_most_parts")
class ProvesByTheWholePlatform(PartedLedger):
    class part(LedgerPart):  # noqa: N801 - replaces the class of parts
        def proof(self) -> str:
            with self.connector.translated():
                rows = self.connector.ledger.select("kind = 'incident'", ())
            return super().proof() + str(len(rows))


@caught_by("test_new_verdict_is_never_missed")
class ForgetsVerdicts(PartedLedger):
    class part(LedgerPart):  # noqa: N801 - replaces the class of parts
        def proof(self) -> str:
            return str(self.window.since)


@caught_by("test_removed_incident_is_not_kept")
class NamesByThePlace(PartedLedger):
    class part(LedgerPart):  # noqa: N801 - replaces the class of parts
        @property
        def name(self) -> str:
            return _digest(self.number)

        def holds(self, proof: str) -> bool:
            return True


@caught_by("test_moved_window_takes_other_incidents")
class ForgetsTheWindow(PartedLedger):
    class part(LedgerPart):  # noqa: N801 - replaces the class of parts
        def holds(self, proof: str) -> bool:
            return bool(json.loads(proof)[0] == json.loads(self.proof())[0])


@caught_by("test_part_resumes_after_a_page")
class StartsThePartAgain(PartedLedger):
    class part(LedgerPart):  # noqa: N801 - replaces the class of parts
        def pages(self, cursor: str | None) -> Iterator[IncidentPage]:
            return super().pages(None)


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()
