"""`--events`: one JSON line an event, to a file or alone on standard output."""

from __future__ import annotations

import json
from pathlib import Path

from sftsec_core.api.errors import ConfigError
from tests.core.cli.invoke import error_of, json_of
from tests.e2e.site import Site


class TestStandardOutput:
    def test_carries_the_events_alone(self, site: Site) -> None:
        printed = site.run("retrain", "triage", "--force", "--events", "-")
        names = [json.loads(line)["event"] for line in printed.splitlines()]
        assert (names[0], names[-1]) == ("run_started", "run_finished")
        assert {"stage_started", "recipe_fitted", "vote_cast", "gate_decided"} < set(names)
        refused = site.run("score", "triage", "--events", "-", "--json", code=2)
        assert "both write to standard output" in refused


class TestFile:
    def test_holds_each_event_beside_the_result(self, site: Site, tmp_path: Path) -> None:
        file = tmp_path / "events.jsonl"
        scored = json_of(site, "score", "triage", "--events", str(file))
        events = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        assert (events[0]["event"], events[-1]["event"]) == ("run_started", "run_finished")
        pushed = [each["written"] for each in events if each["event"] == "batch_pushed"]
        assert sum(pushed) == scored["delivered"]["written"] > 0
        assert {each["run"] for each in events} == {scored["run"]}

    def test_that_cannot_be_written_is_named(self, site: Site, tmp_path: Path) -> None:
        file = tmp_path / "none" / "events.jsonl"
        error = error_of(site, "score", "triage", "--events", str(file))
        assert isinstance(error, ConfigError)
        assert str(error) == f"--events {file}: No such file or directory"
        assert not site.pushed()
