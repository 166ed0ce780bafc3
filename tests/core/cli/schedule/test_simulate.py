"""`sftsec schedule simulate`: the calendar."""

from __future__ import annotations

from pathlib import Path

from tests.core.cli.schedule.command import refused, said, said_json
from tests.core.operations.schedule_site import NIGHTLY, write_site


class TestSimulate:
    def test_prints_a_calendar(self, tmp_path: Path) -> None:
        file = write_site(tmp_path, {"nightly": {**NIGHTLY, "timezone": "Europe/Berlin"}})
        zone = ("--timezone", "Europe/Berlin")
        arguments = ("simulate", "--days", "3", "--from", "2026-03-28T12:00", *zone)
        shown = said(file, *arguments)
        assert "Sun 2026-03-29" in shown
        assert "03:00-03:00 CEST" in shown  # 02:00 does not exist on this day
        assert "Mon 2026-03-30" in shown
        assert "3 runs, 0.00 GPU hours" in shown
        found = said_json(file, *arguments)
        assert [run["starts_at"] for run in found["runs"]] == [
            "2026-03-29T01:00:00+00:00", "2026-03-30T00:00:00+00:00", "2026-03-31T00:00:00+00:00",
        ]  # fmt: skip

    def test_refuses_an_unknown_zone(self, tmp_path: Path) -> None:
        file = write_site(tmp_path, {"nightly": NIGHTLY})
        assert "no time zone" in refused(file, "simulate", "--timezone", "Berlin")

    def test_without_schedules_is_empty(self, tmp_path: Path) -> None:
        assert "calendar: none" in said(write_site(tmp_path), "simulate")
