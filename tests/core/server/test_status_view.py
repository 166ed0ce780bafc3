"""How the status pages write moments, lengths of time and logs."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from sftsec_core.server.status_view import Asked, StatusView, moment, span
from sftsec_core.store.runs import RunOrder
from tests.core.server.site import Site


class TestMoment:
    def test_is_told_in_utc(self) -> None:
        there = timezone(timedelta(hours=5, minutes=30))
        assert moment(datetime(2026, 1, 2, 3, 4, tzinfo=there)) == "2026-01-01 21:34 UTC"


class TestSpan:
    @pytest.mark.parametrize(
        ("length_s", "told"),
        [
            (None, ""),
            (0.4, "0 s"),
            (59, "59 s"),
            (90, "1.5 min"),
            (5400, "1.5 h"),
            (129600, "1.5 d"),
        ],
    )
    def test_is_told_in_its_largest_unit(self, length_s: float | None, told: str) -> None:
        assert span(length_s) == told


class TestLog:
    @pytest.fixture
    def site(self, tmp_path: Path) -> Site:
        return Site.make(tmp_path)

    def page(self, site: Site, text: bytes | None) -> str:
        runs = site.context.store.runs
        run = runs.begin(RunOrder("retrain", "mail", {}), site.context.folder / "runs").info
        if text is not None:
            (run.folder / "log.txt").write_bytes(text)
        return StatusView().run(site.context, run.id, Asked("ann"))

    def test_of_a_long_run_shows_its_end(self, site: Site) -> None:
        page = self.page(site, b"".join(b"line %d\n" % n for n in range(100_000)))
        assert "line 99999\n" in page
        assert "line 99000" not in page
        assert "The last 400 lines" in page

    def test_of_one_endless_line_is_cut(self, site: Site) -> None:
        page = self.page(site, b"x" * 50_000_000)
        assert len(page) < 10_000

    def test_that_is_no_text_is_shown(self, site: Site) -> None:
        page = self.page(site, bytes(range(256)) + b"\n<b>end")
        assert "&lt;b&gt;end" in page

    def test_that_is_missing_is_said(self, site: Site) -> None:
        assert "None: a run of a worker keeps one." in self.page(site, None)
