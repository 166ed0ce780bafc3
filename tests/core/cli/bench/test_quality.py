"""`sftsec bench quality`: recipes by name, and a row for each set and seed."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from sftsec_core.api.errors import NotFoundError
from sftsec_core.cli import cli
from sftsec_core.cli.bench.quality import KEYS


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small set; no configuration is near."""
    monkeypatch.chdir(tmp_path)
    for part, count in (("train", 60), ("dev", 10), ("test", 20)):
        (tmp_path / "shell").mkdir(exist_ok=True)
        with gzip.open(tmp_path / "shell" / f"{part}.jsonl.gz", "wt", encoding="utf-8") as file:
            for number in range(count):
                text = ("read the report", "curl evil host")[number % 2]
                row = {"id": f"{part}{number}", "message": f"{text} {part}{number}"}
                label = ("benign", "malicious")[number % 2]
                file.write(json.dumps({**row, "label": label}) + "\n")
    return tmp_path / "shell"


class TestQuality:
    def test_prints_a_row_for_each_seed(self, folder: Path) -> None:
        arguments = ["bench", "quality", str(folder), "-r", "linear", "--seed", "1", "--seed", "2"]
        result = CliRunner().invoke(cli, [*arguments, "--json"])
        assert result.exit_code == 0, result.output
        rows = json.loads(result.stdout)
        assert [(row["dataset"], row["recipe"], row["seed"]) for row in rows] == [
            ("shell", "linear", 1),
            ("shell", "linear", 2),
        ]
        assert all({*KEYS} <= row.keys() for row in rows)
        assert result.stderr.count("macro-F1 1.0000") == 2

    def test_output_keeps_what_was_measured(self, folder: Path) -> None:
        arguments = ["bench", "quality", str(folder), "-r", "linear", "--limit-train", "12"]
        arguments += ["--unlabelled", "20", "--output", "rows.jsonl", "--json"]
        first = CliRunner().invoke(cli, arguments)
        again = CliRunner().invoke(cli, arguments)
        assert first.exit_code == again.exit_code == 0, first.output
        assert json.loads(first.stdout) == json.loads(again.stdout)
        assert [row["n_unlabelled"] for row in json.loads(again.stdout)] == [0, 20]
        assert (first.stderr.count("seed 13"), again.stderr.count("seed 13")) == (2, 0)

    def test_pool_takes_a_limit(self, folder: Path) -> None:
        arguments = ["bench", "quality", str(folder), "-r", "linear", "--unlabelled", "20"]
        result = CliRunner().invoke(cli, arguments)
        assert result.exit_code == 2
        assert "give both" in result.output

    def test_unknown_recipe_suggests_a_known_one(self, folder: Path) -> None:
        arguments = ["bench", "quality", str(folder), "-r", "lineer"]
        error = CliRunner().invoke(cli, arguments).exception
        assert isinstance(error, NotFoundError)
        assert "did you mean 'linear'?" in str(error)
