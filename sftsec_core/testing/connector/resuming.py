"""Where a cursor resumes, and what a pull keeps in memory."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from sftsec_core.api.errors import ConnectorError
from sftsec_core.testing.connector.elsewhere import pull_elsewhere
from sftsec_core.testing.connector.planted import (
    EVERYTHING,
    UNLABELLED,
    Planted,
    connected,
    incidents,
    pull,
    uids,
)
from sftsec_core.testing.connector.planting import late_incident
from sftsec_core.testing.connector.reachable import strings_held

if TYPE_CHECKING:
    from sftsec_core.testing.connector.platform import Platform

_LONGEST = 4096  # characters: a cursor is a row of a table


class CursorChecks:
    """A run that was killed goes on from the last page's cursor, in another process, days later."""

    def test_every_cursor_resumes_after_its_page(self, planted: Planted) -> None:
        """Whichever page a run died after, the next process misses nothing and repeats nothing."""
        pages = planted.pages
        for number, page in enumerate(pages):
            rest = uids(pull(planted.platform, cursor=page.cursor))
            assert rest == uids(pages[number + 1 :]), f"page {number}"

    def test_cursor_is_a_short_string(self, planted: Planted) -> None:
        """It is stored as text. One that lists the uids so far grows without bound."""
        cursors = [page.cursor for page in planted.pages]
        assert all(isinstance(cursor, str) for cursor in cursors)
        assert max(map(len, cursors)) <= _LONGEST
        grown = len(cursors[-1]) - len(cursors[0])
        assert grown < len(planted.incidents) * 4, "the cursor grows with what was read"

    def test_cursor_moves_with_every_page(self, planted: Planted) -> None:
        """Two pages of one cursor would be pulled for ever."""
        cursors = [page.cursor for page in planted.pages]
        assert all(before != after for before, after in pairwise(cursors))

    def test_cursor_resumes_in_another_process(self, planted: Planted) -> None:
        """Neither the cursor nor a uid may depend on the process (memory, `hash()`, timezone)."""
        rest = incidents(planted.pages[1:])
        elsewhere = pull_elsewhere(planted.platform, cursor=planted.pages[0].cursor)
        assert [each.uid for each in elsewhere] == [each.uid for each in rest]
        assert [each.at for each in elsewhere] == [each.at for each in rest]
        times = [tuple(verdict.at for verdict in each.verdicts) for each in rest]
        assert [each.verdict_times for each in elsewhere] == times

    def test_foreign_cursor_is_an_error_of_the_connector(self, planted: Planted) -> None:
        """The configuration changed, or the cursor is another connector's."""
        with connected(planted.platform) as connector, pytest.raises(ConnectorError):
            list(connector.pull(EVERYTHING, cursor="\u2603 no cursor of anyone"))

    def test_resumption_does_not_read_the_start_again(self, planted: Planted) -> None:
        """The last page of a year's pull must not cost a year's reading."""
        platform, pages = planted.platform, planted.pages
        before = platform.records_read()
        pull(platform, cursor=pages[-2].cursor)
        read = platform.records_read() - before
        assert read <= 2 * platform.page_size, f"{read} of {len(planted.incidents)} were read again"

    def test_first_page_comes_before_the_rest_is_read(self, planted: Planted) -> None:
        """A pull that reads all first needs memory for all."""
        platform = planted.platform
        before = platform.records_read()
        with connected(platform) as connector:
            next(iter(connector.pull(EVERYTHING)))
            read = platform.records_read() - before
        most = (1 + platform.read_ahead) * platform.page_size
        assert read <= most, f"{read} of {len(planted.incidents)} were read for one page"

    def test_pull_does_not_remember_every_uid(self, planted: Planted) -> None:
        """A set of all uids seen is as large as the platform."""
        if planted.platform.one_process:
            pytest.skip("the platform itself is in this process's memory")
        with connected(planted.platform) as connector:
            pages, seen = connector.pull(EVERYTHING), set[str]()
            for page in pages:
                seen |= {incident.uid for incident in page.incidents}
                if len(seen) == len(planted.incidents):
                    break
            held = strings_held(connector, pages) & seen
        most = (1 + planted.platform.read_ahead) * planted.platform.page_size
        assert len(held) <= most, f"{len(held)} of {len(seen)} uids are held in memory"

    def test_removed_incident_moves_no_other(self, fresh: Platform) -> None:
        """Retention takes the oldest away: a cursor that counts records would then skip some."""
        planted = Planted(fresh)
        pages = pull(fresh)
        gone = pages[0].incidents[0].uid
        fresh.remove(next(i.uid for uid, i in planted.incidents.items() if uid == gone))
        assert uids(pull(fresh, cursor=pages[1].cursor)) == uids(pages[2:])

    def test_verdict_given_meanwhile_moves_no_other(self, fresh: Platform) -> None:
        """An incident that leaves the window must not make the cursor skip others."""
        planted = Planted(fresh)
        pages = pull(fresh, UNLABELLED)
        first = planted.incidents[pages[0].incidents[0].uid]
        labelled = [each for each in planted.incidents.values() if each.verdicts]
        fresh.add_verdict(first.uid, labelled[0].verdicts[0])
        assert uids(pull(fresh, UNLABELLED, pages[1].cursor)) == uids(pages[2:])

    def test_last_cursor_brings_only_what_is_new(self, fresh: Platform) -> None:
        """The next run of `score` reads on from there; a late record is found too."""
        planted = Planted(fresh)
        last = pull(fresh, UNLABELLED)[-1].cursor
        assert uids(pull(fresh, UNLABELLED, last)) == []
        if not fresh.finds_late:
            pytest.skip(f"optional: {type(fresh).__name__} waits for late records instead")
        late = late_incident(fresh)
        assert fresh.named(late.uid) not in planted.incidents
        fresh.fill([late])
        assert uids(pull(fresh, UNLABELLED, last)) == [fresh.named(late.uid)]
