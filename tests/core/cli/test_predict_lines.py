"""A line of JSON for each line that is read, block by block."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from sftsec_core.cli import cli, predict_lines
from tests.e2e.site import Site


def said(site: Site, given: bytes, *options: str) -> list[dict[str, object]]:
    command = ["-c", str(site.config), "predict", "triage", "-", "--lines", *options]
    result = CliRunner().invoke(cli, command, input=given)
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


class TestPrintLines:
    def test_gives_what_json_gives(self, site: Site) -> None:
        texts = [f"powershell -enc {n}" for n in range(3)]
        command = ["-c", str(site.config), "predict", "triage", "-", "--json"]
        lines = "".join(f"{text}\n" for text in texts)
        whole = json.loads(CliRunner().invoke(cli, command, input=lines).stdout)
        found = said(site, lines.encode())
        shown = ("label", "probability", "threshold", "decision")
        assert [{name: each[name] for name in shown} for each in whole["predictions"]] == [
            {name: each[name] for name in shown} for each in found
        ]
        assert {each["model"] for each in found} == {whole["model"]}

    def test_bad_lines_keep_their_place(self, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(predict_lines, "BLOCK", 3)
        given = b'a text\n\n{"other": 1}\nanother\n\xff\xfe\n{"message": "x"}\nlast'
        found = said(site, given)
        assert len(found) == 7
        assert found[1] == {"error": "the line is empty"}
        assert "nothing that the model reads" in str(found[2]["error"])
        assert all("label" in found[n] for n in (0, 3, 5, 6))

    def test_nothing_gives_nothing(self, site: Site) -> None:
        assert said(site, b"") == []

    def test_goes_with_no_other_option(self, site: Site) -> None:
        command = ["-c", str(site.config), "predict", "triage", "a text", "--lines"]
        result = CliRunner().invoke(cli, command)
        assert result.exit_code == 2
        assert "--lines goes with -" in result.output
