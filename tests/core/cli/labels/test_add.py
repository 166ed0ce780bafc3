"""`sftsec labels add`: what must be given, and a connector that takes no verdicts."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.core.cli.invoke import error_of, invoke
from tests.e2e.site import Site


class TestAdd:
    def test_needs_a_connector_that_takes_verdicts(self, site: Site) -> None:
        error = error_of(site, "labels", "add", "incidents", "a/b", "--verdict", "x")
        assert error.exit_code == 5
        assert "nowhere to write verdicts to: set `verdicts`" in str(error)

    @pytest.mark.parametrize("arguments", [(), ("a/b",), ("--verdict", "x")])
    def test_needs_an_incident_and_a_verdict(self, site: Site, arguments: tuple[str, ...]) -> None:
        result = invoke(site, "labels", "add", "incidents", *arguments)
        assert result.exit_code == 2
        assert "name at least one incident, and its --verdict" in result.stderr

    @pytest.mark.parametrize("arguments", [("a/b",), ("--verdict", "x")])
    def test_takes_a_file_or_arguments(
        self, site: Site, tmp_path: Path, arguments: tuple[str, ...]
    ) -> None:
        file = tmp_path / "verdicts.jsonl"
        file.write_text('{"incident": "a/b", "verdict": "x"}\n', encoding="utf-8")
        result = invoke(site, "labels", "add", "incidents", "--from", str(file), *arguments)
        assert result.exit_code == 2
        assert "not both" in result.stderr
