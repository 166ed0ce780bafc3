"""The quality benchmark: a row a run, its figures, and its command line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from sftsec_core.api.domain import Example
from sftsec_core.api.errors import DataError
from sftsec_core.bench.measured_rows import MeasuredRows
from sftsec_core.bench.quality import KEYS, judge, main, plan_runs, run_quality_bench
from sftsec_core.recipes.specs import RECIPES

LINEAR = next(recipe for recipe in RECIPES if recipe.name == "linear")


KEY = {"dataset", "recipe", "seed", "limit_train", "unlabelled", "budget_s", "task"}


def test_row_has_exactly_the_documented_keys(folder: Path) -> None:
    started: list[str] = []
    rows = list(
        run_quality_bench(
            plan_runs([folder], [LINEAR], limit_train=20, seeds=(1, 2)),
            on_start=lambda run: started.append(f"{run.folder.name} {run.recipe.name} {run.seed}"),
        )
    )
    assert started == ["shell linear 1", "shell linear 2"]
    assert [set(row) for row in rows] == [{*KEYS, *KEY}] * 2
    assert rows[0]["dataset"] == "shell"
    assert (rows[0]["n_train"], rows[0]["n_dev"], rows[0]["n_test"]) == (20, 0, 20)
    assert rows[0]["macro_f1"] == rows[0]["f1"] == 1
    assert rows[0]["tpr_at_fpr_0.001"] is None  # 20 rows cannot show it
    assert rows[0]["peak_rss_mb"] > 20
    assert rows[0]["score_per_s"] > 0


def test_pool_has_a_row_beside_that_without(folder: Path) -> None:
    runs = plan_runs([folder], [LINEAR], limit_train=12, unlabelled=30)
    rows = list(run_quality_bench(runs))
    assert [(row["unlabelled"], row["n_unlabelled"]) for row in rows] == [(0, 0), (30, 30)]
    assert [row["n_train"] for row in rows] == [12, 12]  # labels, and no others


def test_measured_row_is_not_run_again(folder: Path, tmp_path: Path) -> None:
    runs = plan_runs([folder], [LINEAR], limit_train=12)
    known = {**runs[0].key, "macro_f1": 0.5}
    output = tmp_path / "rows.jsonl"
    output.write_text(json.dumps(known) + "\n")
    assert list(run_quality_bench(runs, MeasuredRows.read(output))) == [known]
    other = plan_runs([folder], [LINEAR], limit_train=13)
    assert next(run_quality_bench(other, MeasuredRows.read(output)))["macro_f1"] == 1
    assert len(MeasuredRows.read(output).rows) == 2


def test_folder_without_a_part_is_refused(folder: Path) -> None:
    (folder / "dev.jsonl.gz").unlink()
    with pytest.raises(DataError, match=r"dev\.jsonl\.gz cannot be read"):
        next(run_quality_bench(plan_runs([folder], [LINEAR])))


def test_figures_are_of_the_most_probable_class() -> None:
    examples = [
        Example.of_text(str(i), "", label) for i, label in enumerate(["ok", "ok", "x", "y"])
    ]
    proba = np.array([[0.4, 0.3, 0.3], [0.9, 0.1, 0], [0.4, 0.5, 0.1], [0.2, 0.5, 0.3]])
    figures = judge(examples, proba, ("ok", "x", "y"), "ok")
    # ok is right; one of the two called x is x; y is never called.
    assert figures["macro_f1"] == pytest.approx((1 + 2 / 3 + 0) / 3, abs=1e-6)
    assert figures["f1"] == 1
    assert judge(examples, proba, ("ok", "x", "y"), None)["f1"] is None


def test_attack_figures_are_none_without_benign() -> None:
    examples = [Example.of_text(str(i), "", label) for i, label in enumerate("abab")]
    figures = judge(examples, np.eye(2)[[0, 1, 0, 1]], ("a", "b"), None)
    assert figures["macro_f1"] == 1
    assert figures["average_precision"] == 1
    assert figures["f1"] is figures["tpr_at_fpr_0.001"] is figures["tpr_at_fpr_0.01"] is None


def test_program_prints_and_writes_every_run(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "rows.jsonl"
    arguments = [str(folder), "--recipe", "linear", "--budget", "30s", "--output", str(output)]
    assert main(arguments) == 0
    printed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert printed == MeasuredRows.read(output).rows
    assert len(printed) == 1
    assert printed[0]["n_dev"] == 10


def test_budget_must_be_a_duration(folder: Path) -> None:
    with pytest.raises(SystemExit):
        main([str(folder), "--budget", "soon"])
