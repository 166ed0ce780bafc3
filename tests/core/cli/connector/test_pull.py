"""`sftsec connector pull`: a look at a task's incidents, as its model would see them."""

from __future__ import annotations

import json

import pytest

from tests.core.cli.invoke import invoke, json_of, printed
from tests.e2e.site import Site


def put_first(site: Site, line: str) -> None:
    """Put a line before all others that the connector reads."""
    file = site.folder / "incidents" / "judged.jsonl"
    file.write_text(line + "\n" + file.read_text(encoding="utf-8"), encoding="utf-8")


class TestPull:
    def test_shows_only_what_was_asked_for(self, site: Site) -> None:
        assert len(json_of(site, "connector", "pull", "triage", "--limit", "70")["incidents"]) == 70
        labelled = json_of(site, "connector", "pull", "triage", "--labelled")["incidents"]
        assert len(labelled) == 10
        assert all(each["verdicts"] for each in labelled)
        unlabelled = json_of(site, "connector", "pull", "triage", "--unlabelled", "--limit", "99")
        assert len(unlabelled["incidents"]) == 60
        assert not any(each["verdicts"] for each in unlabelled["incidents"])

    def test_shows_redacted_fields_of_the_task(self, site: Site) -> None:
        row = {"id": "mine", "message": "write to anna@shop.example", "secret": "hunter2"}
        put_first(site, json.dumps(row))
        (first,) = json_of(site, "connector", "pull", "triage", "--limit", "1")["incidents"]
        assert first["uid"].endswith("judged.jsonl#mine")
        assert set(first["fields"]) == {"message"}
        assert "anna" not in first["fields"]["message"]
        assert "<EMAIL:" in first["fields"]["message"]
        assert "mine" in printed(site, "connector", "pull", "triage", "--limit", "1")

    def test_names_records_that_cannot_be_read(self, site: Site) -> None:
        put_first(site, "{broken")
        (rejected,) = json_of(site, "connector", "pull", "triage")["rejected"]
        assert rejected["where"].endswith("judged.jsonl:1")
        result = invoke(site, "connector", "pull", "triage")
        assert f"rejected {rejected['where']}: {rejected['reason']}" in result.stderr

    @pytest.mark.parametrize("limit", ["1", "9"])
    def test_writes_nothing_to_the_store(self, site: Site, limit: str) -> None:
        before = json_of(site, "labels", "stats"), json_of(site, "audit", "tail")
        put_first(site, "{broken")
        json_of(site, "connector", "pull", "triage", "--limit", limit)
        assert (json_of(site, "labels", "stats"), json_of(site, "audit", "tail")) == before
        assert json_of(site, "quarantine", "list") == []
