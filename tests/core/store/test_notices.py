"""What was told is not told again, by whichever process, until its cool-down is over."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sftsec_core.store.store import Store

HOUR = timedelta(hours=1)


class TestNotices:
    def test_are_claimed_by_one_of_many(self, store: Store) -> None:
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda _n: store.notices.claim("drift/mail", HOUR), range(16)))
        assert len([each for each in found if each]) == 1
        assert store.notices.claim("drift/web", HOUR) is not None

    def test_may_be_told_after_the_cool_down(self, database_url: str, state: Path) -> None:
        clock = [datetime(2026, 6, 1, tzinfo=UTC)]
        with Store.open(database_url, folder=state, clock=lambda: clock[0]) as store:
            first = store.notices.claim("drift/mail", HOUR)
            clock[0] += HOUR - timedelta(seconds=1)
            assert store.notices.claim("drift/mail", HOUR) is None
            clock[0] += timedelta(seconds=1)
            again = store.notices.claim("drift/mail", HOUR)
            assert first is not None
            assert again is not None
            assert first.number != again.number

    def test_released_may_be_told_again(self, store: Store) -> None:
        first = store.notices.claim("\ud800" * 1000, HOUR)
        assert first is not None
        store.notices.release(first)
        second = store.notices.claim("\ud800" * 1000, HOUR)
        assert second is not None
        store.notices.release(first)
        assert store.notices.claim("\ud800" * 1000, HOUR) is None
