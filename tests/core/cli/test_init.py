"""`sftsec init`: a configuration to start from, that `config check` accepts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sftsec_core.api.errors import ConfigError, NotFoundError
from sftsec_core.cli import cli
from sftsec_core.config.load import load_settings


def init(file: Path, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["-c", str(file), "init", *arguments])


class TestInit:
    @pytest.mark.parametrize("kind", ["files", "elastic", "opensearch", "splunk"])
    def test_writes_what_check_accepts(self, tmp_path: Path, kind: str) -> None:
        file = tmp_path / "new" / "sftsec.yaml"
        done = json.loads(init(file, "--task", "url", "--connector", kind, "--json").stdout)
        assert done == {"file": str(file), "task": "url"}
        checked = CliRunner().invoke(cli, ["-c", str(file), "config", "check", "--json"])
        found = json.loads(checked.stdout)
        assert found["tasks"] == ["url"]
        assert kind in found["plugins"]
        assert load_settings(file).connectors[found["connectors"][0]].type == kind
        assert checked.stderr == ""
        told = CliRunner().invoke(cli, ["-c", str(file), "config", "check"])
        assert told.stderr == "next: sftsec connector check\n"

    def test_writes_to_the_working_folder(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        shown = CliRunner().invoke(cli, ["init"])
        assert shown.stderr == "next: sftsec config check\n"
        assert list(load_settings(tmp_path / "sftsec.yaml").tasks) == ["phishing-mail"]

    @pytest.mark.parametrize(
        ("kind", "task"), [("elastic", "elastic-alerts"), ("opensearch", "wazuh-alert")]
    )
    def test_without_task_takes_the_connectors(self, tmp_path: Path, kind: str, task: str) -> None:
        file = tmp_path / "sftsec.yaml"
        done = json.loads(init(file, "--connector", kind, "--json").stdout)
        assert done["task"] == task
        assert list(load_settings(file).tasks) == [task]

    def test_overwrites_only_when_forced(self, tmp_path: Path) -> None:
        file = tmp_path / "sftsec.yaml"
        file.write_text("# mine\n", encoding="utf-8")
        refused = init(file).exception
        assert isinstance(refused, ConfigError)
        assert "exists already; --force overwrites it" in str(refused)
        assert file.read_text(encoding="utf-8") == "# mine\n"
        assert init(file, "--force").exit_code == 0
        assert list(load_settings(file).tasks) == ["phishing-mail"]

    def test_says_where_it_cannot_write(self, tmp_path: Path) -> None:
        sample = tmp_path / "alerts.csv"
        sample.write_text("id,body\n1,please pay\n2,hello there\n", encoding="utf-8")
        file = sample / "sftsec.yaml"  # no folder can be made there
        for arguments in ([], ["--from", str(sample)]):
            done = init(file, *arguments)
            assert isinstance(done.exception, ConfigError)
            assert "sftsec.yaml: cannot be written: " in str(done.exception)

    def test_unknown_template_suggests_a_known_one(self, tmp_path: Path) -> None:
        error = init(tmp_path / "sftsec.yaml", "--task", "urls").exception
        assert isinstance(error, NotFoundError)
        assert "did you mean 'url'?" in str(error)
        assert list(tmp_path.iterdir()) == []


class TestFrom:
    def test_shows_choices_and_the_next_command(self, tmp_path: Path) -> None:
        sample = tmp_path / "alerts.csv"
        lines = [f"{i},please pay invoice {i} now,{('ham', 'spam')[i % 2]}" for i in range(50)]
        sample.write_text("\n".join(["Alert ID,Body,Verdict", *lines]), encoding="utf-8")
        done = init(tmp_path / "sftsec.yaml", "--from", str(sample))
        assert done.exit_code == 0
        assert "50 values, each once" in done.stdout
        assert done.stderr.splitlines() == [
            "the promotion gate will reject its model: there are too few verdicts "
            "(benign 25, malicious 25)",
            "next: sftsec retrain alerts",
        ]
        silent = init(tmp_path / "sftsec.yaml", "--from", str(sample), "--force", "--json")
        assert json.loads(silent.stdout)["fields"]["label"] == "Verdict"
        assert silent.stderr == ""

    def test_names_what_is_lacking(self, tmp_path: Path) -> None:
        sample = tmp_path / "alerts.csv"
        sample.write_text("Body\nplease pay the invoice\nhello to you all\n", encoding="utf-8")
        done = init(tmp_path / "sftsec.yaml", "--from", str(sample))
        first, second = done.stderr.splitlines()
        assert first == "lacking: name the field with the verdict: --label FIELD"
        assert second.startswith(f"next: sftsec init --force --from {sample} with what is lacking")

    def test_says_no_training_that_must_fail(self, tmp_path: Path) -> None:
        sample = tmp_path / "alerts.csv"
        lines = [f"{i},please pay invoice {i} now,{'spam' if i == 7 else 'ham'}" for i in range(50)]
        sample.write_text("\n".join(["Alert ID,Body,Verdict", *lines]), encoding="utf-8")
        done = init(tmp_path / "sftsec.yaml", "--from", str(sample))
        assert "too few to divide: malicious (1)" in done.stderr
        assert "retrain" not in done.stderr

    def test_says_that_every_label_raises(self, tmp_path: Path) -> None:
        sample = tmp_path / "alerts.csv"
        lines = [f"{i},please pay invoice {i} now,{('rot', 'gruen')[i % 2]}" for i in range(400)]
        sample.write_text("\n".join(["Alert ID,Body,Verdict", *lines]), encoding="utf-8")
        done = init(tmp_path / "sftsec.yaml", "--from", str(sample))
        assert done.stderr.startswith("every label raises a detection: --benign names the words")
        said = init(tmp_path / "sftsec.yaml", "--force", "--from", str(sample), "--benign", "gruen")
        assert said.stderr == "next: sftsec retrain alerts\n"

    def test_adds_a_task_for_a_connector(self, tmp_path: Path) -> None:
        lines = [f"{i},please pay invoice {i} now,{('ham', 'spam')[i % 2]}" for i in range(50)]
        text = "\n".join(["id,body,verdict", *lines])
        (tmp_path / "alerts.csv").write_text(text, encoding="utf-8")
        file = tmp_path / "sftsec.yaml"
        section = "connectors: {siem: {type: files, paths: [alerts.csv], label: verdict}}\n"
        file.write_text(section, encoding="utf-8")
        done = init(file, "--from", "connector:siem", "--name", "mail", "--json")
        assert json.loads(done.stdout)["labels"] == {"benign": ["ham"], "malicious": ["spam"]}
        assert list(load_settings(file).tasks) == ["mail"]
        again = init(file, "--from", "connector:siem")
        assert again.stderr.splitlines()[-1] == "next: sftsec retrain siem"
        refused = init(file, "--from", "connector:siem", "--label", "verdict")
        assert (refused.exit_code, "connectors.siem says it" in refused.stderr) == (2, True)

    @pytest.mark.parametrize(
        "arguments", [("--label", "x"), ("--from", ".", "--task", "url"), ("--from", "absent.csv")]
    )
    def test_refuses_options_without_a_sample(
        self, tmp_path: Path, arguments: tuple[str, ...]
    ) -> None:
        assert init(tmp_path / "sftsec.yaml", *arguments).exit_code == 2
        assert not (tmp_path / "sftsec.yaml").exists()
