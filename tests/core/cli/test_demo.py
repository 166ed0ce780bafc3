"""`sftsec demo`: the whole loop on labelled data, in a folder that other commands take."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from sftsec_core.api.errors import ConfigError
from sftsec_core.cli import cli
from tests.core.cli.invoke import json_of
from tests.e2e.site import Site


def write_data(folder: Path) -> Path:
    """Labelled commands: one word gives the attacks away."""
    folder.mkdir()
    for part, count in (("train", 240), ("dev", 40), ("test", 60)):
        with gzip.open(folder / f"{part}.jsonl.gz", "wt", encoding="utf-8") as file:
            for number in range(count):
                label = ("benign", "malicious")[number % 2]
                text = ("read the report", "curl evil host")[number % 2]
                row = {"id": f"{part}-{number}", "message": f"{text} {part} {number}"}
                file.write(json.dumps({**row, "label": label}) + "\n")
    return folder


class TestDemo:
    @pytest.mark.slow
    def test_runs_the_loop_on_labelled_data(self, tmp_path: Path) -> None:
        data, folder = write_data(tmp_path / "data"), tmp_path / "loop"
        arguments = ["demo", "--data", str(data), "--budget", "1s", "--output", str(folder)]
        result = CliRunner().invoke(cli, [*arguments, "--json"])
        assert result.exit_code == 0, result.output
        done = json.loads(result.stdout)
        assert done["retrain"]["promoted"]
        assert done["score"]["scored"] == 60
        assert done["score"]["attacks found"] == "30 of 30"
        assert done["score"]["pushed"] == len(Site(folder).pushed()) == 30
        (model,) = json_of(Site(folder), "model", "list")
        assert model["digest"] == done["retrain"]["model"]["digest"]

    def test_leaves_an_earlier_demo_alone(self, tmp_path: Path) -> None:
        (tmp_path / "sftsec.yaml").write_text("# mine\n", encoding="utf-8")
        result = CliRunner().invoke(cli, ["demo", "--output", str(tmp_path)])
        assert isinstance(result.exception, ConfigError)
        assert "holds a demo already" in str(result.exception)
        assert [path.name for path in tmp_path.iterdir()] == ["sftsec.yaml"]
