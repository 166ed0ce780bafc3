"""`sftsec connector check`: the state of each connector, and exit 5 when one does not work."""

from __future__ import annotations

import json
import shutil
from typing import Any

import pytest

from sftsec_core.api.errors import ConnectorError
from tests.core.cli.invoke import error_of, invoke, json_of, printed
from tests.e2e.site import Site


class TestCheck:
    @pytest.mark.parametrize("names", [(), ("incidents",)])
    def test_shows_that_a_connector_works(self, site: Site, names: tuple[str, ...]) -> None:
        assert json_of(site, "connector", "check", *names) == {"incidents": []}
        assert "ok" in printed(site, "connector", "check", *names)

    def test_names_the_broken_connector(self, site: Site) -> None:
        shutil.rmtree(site.folder / "incidents")
        result = invoke(site, "connector", "check")
        assert "incidents does not exist" in result.stdout
        error = error_of(site, "connector", "check")
        assert (error.exit_code, str(error)) == (5, "not right: incidents; see the lines above")

    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            ({"text": ["mesage"]}, "not mesage (mesage: perhaps message)"),
            ({"text": ["body"], "numbers": ["bytes"]}, "not body, bytes"),
        ],
    )
    def test_names_fields_that_no_record_has(
        self, site: Site, changes: dict[str, Any], expected: str
    ) -> None:
        site.change("tasks", "triage", **changes)
        (error,) = json.loads(invoke(site, "connector", "check", "--json").stdout)["incidents"]
        assert error.startswith("task triage: the incidents have the fields ")
        assert expected in error

    def test_looks_in_the_window_only(self, site: Site) -> None:
        rows = [{"@timestamp": "2020-01-01T00:00:00Z", "message": "an alert", "label": "benign"}]
        for file in (site.folder / "incidents").iterdir():
            file.unlink()
        (site.folder / "incidents" / "old.jsonl").write_text(json.dumps(rows[0]) + "\n", "utf-8")
        assert json_of(site, "connector", "check") == {"incidents": []}
        site.change("tasks", "triage", window="30d")
        (error,) = json.loads(invoke(site, "connector", "check", "--json").stdout)["incidents"]
        assert error == "task triage: the connector brings no incident, the last 30d"
        assert json_of(site, "connector", "pull", "triage")["incidents"] == []
        site.change("tasks", "triage", window="all")
        assert len(json_of(site, "connector", "pull", "triage")["incidents"]) == 1

    def test_finds_fields_of_later_records(self, site: Site) -> None:
        for file in (site.folder / "incidents").iterdir():
            file.unlink()
        rows = [{"kind": "flow", "bytes": n} for n in range(300)] + [{"message": "an alert"}]
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        (site.folder / "incidents" / "eve.log").write_text(lines, encoding="utf-8")
        site.change("connectors", "incidents", page_size=100)
        assert json_of(site, "connector", "check") == {"incidents": []}

    def test_reads_what_another_delimiter_makes(self, site: Site) -> None:
        for file in (site.folder / "incidents").iterdir():
            file.unlink()
        rows = "id|message|label\n" + "".join(f"{n}|event {n}|benign\n" for n in range(5))
        (site.folder / "incidents" / "export.csv").write_text(rows, encoding="utf-8")
        result = invoke(site, "connector", "check", "--json")
        assert isinstance(result.exception, ConnectorError)
        assert "id|message|label" in json.loads(result.stdout)["incidents"][0]

    def test_tries_the_output(self, site: Site) -> None:
        (site.folder / "taken").write_text("a file, not a folder", encoding="utf-8")
        site.change("connectors", "incidents", output="taken/detections.jsonl")
        (error,) = json.loads(invoke(site, "connector", "check", "--json").stdout)["incidents"]
        assert "taken/detections.jsonl cannot be written" in error
        site.change("connectors", "incidents", output="new/detections.jsonl")
        assert json_of(site, "connector", "check") == {"incidents": []}
        assert not (site.folder / "new").exists()

    def test_unknown_name_suggests_a_known_one(self, site: Site) -> None:
        error = error_of(site, "connector", "check", "incident")
        assert error.exit_code == 2
        assert "did you mean 'incidents'?" in str(error)
