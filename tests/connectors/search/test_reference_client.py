"""The benchmark pulls and pushes everything once, and leaves nothing behind."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from sftsec_core.api.errors import ConnectorError
from sftsec_core.bench.connector import SIDES, run_connector_bench
from sftsec_core.cli import cli
from tests.connectors.search.sites import Site

ROWS = 500


def configure(folder: Path, kind: str, options: dict[str, object]) -> Path:
    file = folder / "sftsec.yaml"
    settings = {
        "plugins": ["core", "files", "elastic", "opensearch"],
        "connectors": {"siem": {"type": kind, **options}},
    }
    file.write_text(yaml.safe_dump(settings), encoding="utf-8")
    return file


def invoke(file: Path, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["-c", str(file), "bench", "connector", *arguments])


def left_behind(site: Site, name: str) -> list[str]:
    """What there is of a name, in an index, a data stream or a template."""
    token = name.rpartition("-")[2]
    found = site.call("GET", f"/_resolve/index/*{token}*?expand_wildcards=all")
    templates = site.server.call("GET", f"/_index_template/{name}")[1].get("index_templates", [])
    return [each["name"] for each in (*found["indices"], *found["data_streams"], *templates)]


class TestReferenceClient:
    def test_reads_everything_and_deletes_it(self, site: Site, tmp_path: Path) -> None:
        file = configure(tmp_path, site.vendor, site.options("mail"))
        result = invoke(file, "siem", "--rows", str(ROWS), "--rounds", "1", "--json")
        assert result.exit_code == 0, result.output
        name, *_ = re.findall(r"sftsec-bench-\w+", result.stderr)
        found = json.loads(result.stdout)
        assert found["type"] == site.vendor
        assert (found["rows"], found["rounds"]) == (ROWS, 1)
        for side in SIDES:
            assert found[f"{side}_per_s"] > 0
            assert found[f"{side}_peak_mb"] > 0
        assert found["pull_ratio"] == found["pull_ratios"][0] > 0
        assert found["push_ratio"] == found["push_ratios"][0] > 0
        assert found["second"]["as_rebuilt"]
        assert found["second"]["kept"] > ROWS
        assert left_behind(site, name) == []

    @pytest.mark.parametrize(
        ("how", "when"), [(signal.SIGINT, "writing"), (signal.SIGTERM, "warming")]
    )
    def test_deletes_everything_on_ctrl_c(
        self, site: Site, tmp_path: Path, how: signal.Signals, when: str
    ) -> None:
        file = configure(tmp_path, site.vendor, site.options("mail"))
        code = "from sftsec_core.cli import main; main()"
        command = [sys.executable, "-c", code, "-c", str(file), "bench", "connector", "siem"]
        with subprocess.Popen(
            [*command, "--rows", "5000"], cwd=tmp_path, stderr=subprocess.PIPE, text=True
        ) as process:
            assert process.stderr is not None
            said = ""
            while not said.splitlines()[-1:] or not said.splitlines()[-1].startswith(when):
                said += process.stderr.readline()
            (name,) = re.findall(r"sftsec-bench-\w+", said)
            process.send_signal(how)
            assert "interrupted" in process.stderr.read()
        assert process.returncode == 130
        assert left_behind(site, name) == []

    def test_leaves_what_exists_already(self, site: Site, tmp_path: Path) -> None:
        name = site.name("bench")
        site.make_index(name)
        site.plant(name, {"a": {"message": "mine"}})
        file = configure(tmp_path, site.vendor, site.options("mail"))
        with pytest.raises(ConnectorError, match="touches nothing"):
            run_connector_bench(file, "siem", rows=100, rounds=1, name=name)
        assert [hit["_id"] for hit in site.documents(name)] == ["a"]


class TestCommand:
    def test_says_what_cannot_be_measured(self, tmp_path: Path) -> None:
        (tmp_path / "incidents.jsonl").write_text("", encoding="utf-8")
        file = configure(tmp_path, "files", {"paths": ["incidents.jsonl"]})
        failed = invoke(file, "siem").exception
        assert isinstance(failed, ConnectorError)
        assert "no plain client to measure it beside" in str(failed)
        assert "elastic, opensearch" in str(failed)
