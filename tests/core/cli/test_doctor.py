"""`sftsec doctor`: one line a finding, and its exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from sftsec_core.api.errors import UnhealthyError
from sftsec_core.cli import cli
from sftsec_core.doctor import accelerator


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(accelerator, "ask_torch", lambda: None)


class TestDoctor:
    def test_prints_a_line_a_finding(self) -> None:
        done = CliRunner().invoke(cli, ["doctor", "--offline"])
        assert done.exit_code == 0, done.output
        lines = done.stdout.splitlines()
        assert {line.split()[0] for line in lines} <= {"ok", "warning"}
        assert lines[0].endswith("-> sftsec init")

    def test_fault_has_its_own_code(self, tmp_path: Path) -> None:
        (tmp_path / "sftsec.yaml").write_text("tasks: [", encoding="utf-8")
        done = CliRunner().invoke(cli, ["doctor", "--offline"])
        assert isinstance(done.exception, UnhealthyError)
        assert done.exception.exit_code == 12
        assert str(done.exception) == "1 to mend: configuration; see above"
        assert done.stdout.startswith("fault    configuration")

    def test_json_is_one_document(self, tmp_path: Path) -> None:
        (tmp_path / "sftsec.yaml").write_text("tasks: [", encoding="utf-8")
        found = json.loads(CliRunner().invoke(cli, ["doctor", "--json"]).stdout)
        assert (found["ok"], found["faults"]) == (False, 1)
        assert found["findings"][0]["level"] == "fault"
