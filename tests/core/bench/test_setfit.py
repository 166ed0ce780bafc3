"""SetFit's figures are of its own answers, in an interpreter of its own.

Its package needs another transformers than ours, so a stand-in with the interpreter's arguments
answers here: what crosses the process is real, the model is not.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from sftsec_core.api.errors import TrainingError
from sftsec_core.bench.quality import KEYS
from sftsec_core.bench.setfit import main, measure_setfit

# Answers by a word of the text; its classes stand in another order than the task's labels.
STAND_IN = """#!{python}
import json, pathlib, sys
folder = pathlib.Path(sys.argv[3])
job = json.loads((folder / "job.json").read_text())
assert sys.argv[2].endswith("setfit_fit.py") and pathlib.Path(job["encoder"]).is_dir()
right = dict(zip(job["texts"], job["labels"]))
kinds = {{text.split()[0]: label for text, label in right.items()}}
proba = [[0.9, 0.1] if kinds[t.split()[0]] == "malicious" else [0.2, 0.8] for t in job["test"]]
made = {{"classes": ["malicious", "benign"], "proba": proba,
         "fit_s": 2.0, "fit_cpu_s": 1.5, "score_s": 0.5}}
(folder / "proba.json").write_text(json.dumps(made))
"""


def script(folder: Path, text: str) -> Path:
    path = folder / "python"
    path.write_text(text.format(python=sys.executable), encoding="utf-8")
    path.chmod(0o700)
    return path


class TestMeasureSetfit:
    def test_row_is_of_its_answers(
        self, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        python = script(tmp_path, STAND_IN)
        assert main([str(python), str(folder), "--limit-train", "20", "--seed", "1"]) == 0
        row = json.loads(capsys.readouterr().out)
        unread = {"peak_rss_mb", "n_dev", "n_unlabelled"}
        assert {*row} == {*KEYS, "seed", "limit_train"} - unread
        assert (row["recipe"], row["n_train"], row["n_test"], row["seed"]) == ("setfit", 20, 20, 1)
        assert row["macro_f1"] == row["average_precision"] == 1
        assert (row["fit_s"], row["fit_cpu_s"], row["score_per_s"]) == (2.0, 1.5, 40.0)

    def test_measured_row_is_not_fitted_again(
        self, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        python, output = script(tmp_path, STAND_IN), tmp_path / "rows.jsonl"
        arguments = [str(folder), "--limit-train", "20", "--seed", "1", "--output", str(output)]
        assert main([str(python), *arguments]) == 0
        assert main([str(tmp_path / "none"), *arguments]) == 0
        first, again = capsys.readouterr().out.splitlines()
        assert first == again == output.read_text().strip()

    def test_failure_is_its_last_line(self, folder: Path, tmp_path: Path) -> None:
        python = script(tmp_path, "#!/bin/sh\necho 'No module named setfit' >&2; exit 3\n")
        with pytest.raises(TrainingError, match="ended with 3: No module named setfit"):
            measure_setfit(python, folder, 20, 1)

    def test_missing_interpreter_is_named(self, folder: Path, tmp_path: Path) -> None:
        with pytest.raises(TrainingError, match=r"none cannot be run: .*No such file"):
            measure_setfit(tmp_path / "none", folder, 20, 1)
