"""`sftsec schedule add`, and the verbs that look at what was added."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.core.cli.schedule.command import refused, said, said_json
from tests.core.operations.schedule_site import NIGHTLY, write_site

ADD = ("add", "nightly", "--run", "retrain", "--task", "mail", "--cron", "0 2 * * *")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write_site(tmp_path)


class TestAdd:
    def test_keeps_every_option(self, file: Path) -> None:
        options = {
            "--timezone": "Europe/Berlin", "--window": "22:00-06:00 mon-fri", "--outside": "skip",
            "--catch-up": "all", "--jitter": "5m", "--priority": "10", "--retries": "2",
            "--timeout": "4h", "--budget": "30m", "--gpus": "1", "--option": "promote=false",
        }  # fmt: skip
        given = [part for pair in options.items() for part in pair]
        added = said_json(file, *ADD, "--overlap", *given)
        assert added["settings"] == {
            **NIGHTLY, "timezone": "Europe/Berlin", "window": ["22:00-06:00 mon-fri"],
            "outside": "skip", "catch_up": "all", "jitter": "5m", "priority": 10, "retries": 2,
            "timeout": "4h", "budget": "30m", "needs": {"gpus": 1}, "overlap": True,
            "options": {"promote": False},
        }  # fmt: skip
        assert said_json(file, "show", "nightly") == added

    def test_is_shown_by_other_verbs(self, file: Path) -> None:
        said(file, *ADD, "--timezone", "Europe/Berlin")
        shown = said(file, "show", "nightly")
        assert "{'cron': '0 2 * * *'}" in shown
        assert "retrain mail" in shown
        for verb in ("list", "due"):
            assert "its time has not come" in said(file, verb)
            (found,) = said_json(file, verb)
            assert (found["schedule"], found["due"]) == ("nightly", False)
        (later,) = said_json(file, "due", "--at", "2034-06-01T12:00+02:00")
        assert (later["due"], later["starts_at"]) == (True, "2034-06-01T00:00:00+00:00")
        assert said(file, "history", "nightly") == "nightly: none\n"
        assert said_json(file, "history", "nightly") == []

    def test_is_refused_beside_the_file(self, tmp_path: Path) -> None:
        file = write_site(tmp_path, {"nightly": NIGHTLY})
        assert "this file says which schedules there are" in refused(file, *ADD)
        assert said_json(file, "list")[0]["source"] == "sftsec.yaml"

    def test_names_a_wrong_time(self, file: Path) -> None:
        said(file, *ADD)
        assert "write 2026-03-29T02:30+01:00" in refused(file, "due", "--at", "noon")


class TestPauseAndResume:
    def test_are_shown_in_the_list(self, file: Path) -> None:
        said(file, *ADD)
        assert said(file, "pause", "nightly") == "paused: nightly\n"
        assert said_json(file, "list")[0]["paused"] is True
        assert said(file, "resume", "nightly") == "resumed: nightly\n"
        assert said_json(file, "list")[0]["paused"] is False


class TestRun:
    def test_queues_a_run_now(self, file: Path) -> None:
        said(file, *ADD)
        queued = said_json(file, "run", "nightly")
        assert (queued["kind"], queued["task"], queued["status"]) == ("retrain", "mail", "queued")
        (found,) = said_json(file, "history", "nightly")
        assert (found["run"], found["end"], found["count"]) == (queued["run"], "queued", 1)
        assert "by hand" in said(file, "history", "nightly")


class TestEdit:
    def test_changes_and_resets_settings(self, file: Path) -> None:
        said(file, *ADD, "--jitter", "5m", "--priority", "3")
        edited = said_json(file, "edit", "nightly", "--priority", "4", "--unset", "jitter")
        assert edited["settings"] == {**NIGHTLY, "priority": 4}
        assert "at least one setting" in refused(file, "edit", "nightly")
        assert "did you mean 'jitter'" in refused(file, "edit", "nightly", "--unset", "jiter")


class TestRemove:
    def test_takes_it_out(self, file: Path) -> None:
        said(file, *ADD)
        assert said(file, "remove", "nightly") == "removed: nightly\n"
        assert said_json(file, "list") == []
        assert "unknown schedule 'nightly'" in refused(file, "remove", "nightly")
