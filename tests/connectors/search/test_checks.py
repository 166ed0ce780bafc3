"""What an engine refuses for good: one document, an index, a whole cluster, and what it is not."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from sftsec_core.api.domain import PullWindow
from tests.connectors.search.sites import Site, ids, pages


class TestWrongClock:
    @pytest.mark.parametrize(("minutes", "way"), [(60, "ahead of"), (-60, "behind")])
    def test_is_named_with_a_remedy(self, site: Site, minutes: int, way: str) -> None:
        index = site.name("mail")
        site.make_index(index)
        skewed = datetime.now(UTC) + timedelta(minutes=minutes)
        [problem] = site.connect(index, clock=lambda: skewed).check()
        said = re.fullmatch(
            r"this machine's clock is (\d+) s (.*) the cluster's: set both by NTP.*", problem
        )
        assert said is not None
        assert said[2] == way
        assert abs(int(said[1]) - 3600) < 60

    def test_may_be_a_little_off(self, site: Site) -> None:
        index = site.name("mail")
        site.make_index(index)
        connector = site.connect(index, clock=lambda: datetime.now(UTC) + timedelta(seconds=10))
        assert list(connector.check()) == []

    @pytest.mark.parametrize("hours", [-2, 2])
    def test_loses_and_repeats_nothing(self, site: Site, hours: int) -> None:
        """Behind, events wait until it is right; ahead, `settle` holds none back; none is lost."""
        index = site.name("mail")
        site.make_index(index)
        now = datetime.now(UTC)
        recent = {
            f"event-{n}": {"@timestamp": (now - timedelta(minutes=10 * n + 5)).isoformat()}
            for n in range(20)
        }
        judged = {"judged": {"@timestamp": now.isoformat(), "verdict": {"word": "spam"}}}
        site.plant(index, {**recent, **judged})
        skewed = site.connect(index, setup=False, clock=lambda: now + timedelta(hours=hours))
        first = pages(skewed, PullWindow(labelled=False))
        assert ids(pages(skewed, PullWindow(labelled=True))) == ["judged"]
        cursor = first[-1].cursor if first else None
        right = site.connect(index, setup=False, clock=lambda: now)
        rest = pages(right, PullWindow(labelled=False), cursor)
        assert sorted([*ids(first), *ids(rest)]) == sorted(recent)
