"""The benchmark pulls and pushes everything once, and leaves nothing behind."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from sftsec_core.bench.connector import SIDES, run_connector_bench
from sftsec_core.cli import cli
from sftsec_core.errors import ConnectorError
from tests.connectors.search.sites import Site

ROWS = 2000


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


def test_every_side_brings_everything_and_all_of_it_is_deleted(site: Site, tmp_path: Path) -> None:
    file = configure(tmp_path, site.vendor, site.options("mail"))
    name = site.name("bench")
    found = run_connector_bench(file, "siem", rows=ROWS, rounds=1, name=name)
    assert found["type"] == site.vendor
    assert (found["rows"], found["rounds"]) == (ROWS, 1)
    for side in SIDES:
        assert found[f"{side}_per_s"] > 0
        assert found[f"{side}_peak_mb"] > 0
    assert found["pull_ratio"] == found["pull_ratios"][0] > 0
    assert found["push_ratio"] == found["push_ratios"][0] > 0
    token = name.removeprefix("bench-")
    left = site.call("GET", f"/_resolve/index/*{token}*?expand_wildcards=all")
    assert (left["indices"], left["data_streams"]) == ([], [])
    status, _ = site.server.call("GET", f"/_index_template/{name}")
    assert status == 404


def test_what_is_there_already_is_not_touched(site: Site, tmp_path: Path) -> None:
    name = site.name("bench")
    site.make_index(name)
    site.plant(name, {"a": {"message": "mine"}})
    file = configure(tmp_path, site.vendor, site.options("mail"))
    with pytest.raises(ConnectorError, match="touches nothing"):
        run_connector_bench(file, "siem", rows=100, rounds=1, name=name)
    assert [hit["_id"] for hit in site.documents(name)] == ["a"]


def test_the_command_says_what_cannot_be_measured(tmp_path: Path) -> None:
    (tmp_path / "incidents.jsonl").write_text("", encoding="utf-8")
    file = configure(tmp_path, "files", {"paths": ["incidents.jsonl"]})
    failed = invoke(file, "siem").exception
    assert isinstance(failed, ConnectorError)
    assert "no plain client to measure it beside" in str(failed)
    assert "elastic, opensearch" in str(failed)


def test_the_command_prints_json(site: Site, tmp_path: Path) -> None:
    file = configure(tmp_path, site.vendor, site.options("mail"))
    result = invoke(file, "siem", "--rows", "200", "--rounds", "1", "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["rows"] == 200
