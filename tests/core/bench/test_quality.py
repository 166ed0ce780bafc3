from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sftsec_core.api.domain import Example
from sftsec_core.api.errors import DataError
from sftsec_core.bench.quality import KEYS, judge, main, run_quality_bench
from sftsec_core.bench.quality_data import limit_train, read_dataset
from sftsec_core.recipes.specs import RECIPES

LINEAR = next(recipe for recipe in RECIPES if recipe.name == "linear")


def record(i: int, label: str) -> dict[str, Any]:
    text = f"curl evil host {i}" if label == "malicious" else f"read the report {i}"
    return {"id": f"r{i}", "report": "R1", "process": {"command_line": text}, "label": label}


def write_part(folder: Path, part: str, records: Sequence[dict[str, Any]]) -> None:
    folder.mkdir(exist_ok=True)
    with gzip.open(folder / f"{part}.jsonl.gz", "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(value) + "\n" for value in records)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for part, count in (("train", 60), ("dev", 10), ("test", 20)):
        records = [record(i, ("benign", "malicious")[i % 2]) for i in range(count)]
        write_part(tmp_path / "shell", part, records)
    return tmp_path / "shell"


def test_a_row_has_exactly_the_promised_keys(folder: Path) -> None:
    started: list[str] = []
    rows = list(
        run_quality_bench(
            [folder],
            [LINEAR],
            limit_train=20,
            seeds=(1, 2),
            on_start=lambda run: started.append(f"{run.folder.name} {run.recipe.name} {run.seed}"),
        )
    )
    assert started == ["shell linear 1", "shell linear 2"]
    assert [set(row) for row in rows] == [{*KEYS, "seed"}] * 2
    assert rows[0]["dataset"] == "shell"
    assert (rows[0]["n_train"], rows[0]["n_test"]) == (20, 20)
    assert rows[0]["macro_f1"] == rows[0]["f1"] == rows[0]["tpr_at_fpr_0.001"] == 1
    assert rows[0]["peak_rss_mb"] > 20
    assert rows[0]["score_per_s"] > 0


def test_nested_text_labels_and_groups_are_read(folder: Path) -> None:
    data = read_dataset(folder)
    assert data.task.text_fields == ("process.command_line",)
    assert data.task.labels == ("benign", "malicious")
    assert data.task.benign == "benign"
    assert data.train[1].inputs == {"text": "curl evil host 1"}
    assert data.train[1].groups == ("R1",)


def test_every_field_is_an_input_of_its_kind(tmp_path: Path) -> None:
    rows = [
        {
            "id": str(i),
            "@timestamp": "2026-01-01T00:00:00Z",
            "user": {"id": str(i % 3)},
            "transaction": {"amount": i / 2},
            "label": ("legitimate", "fraud")[i % 2],
        }
        for i in range(40)
    ]
    for part in ("train", "dev", "test"):
        write_part(tmp_path / "cards", part, rows)
    task = read_dataset(tmp_path / "cards").task
    assert [(field.name, field.kind, field.sources) for field in task.inputs] == [
        ("text", "text", ("user.id", "transaction.amount")),
        ("user.id", "category", ("user.id",)),
        ("transaction.amount", "number", ("transaction.amount",)),
    ]
    assert task.benign == "legitimate"


def test_records_without_a_field_are_a_clear_error(tmp_path: Path) -> None:
    for part in ("train", "dev", "test"):
        write_part(tmp_path / "bare", part, [{"id": "a", "label": "fraud"}])
    with pytest.raises(DataError, match="no field of its records can be an input"):
        read_dataset(tmp_path / "bare")


def test_a_folder_without_a_part_is_a_clear_error(folder: Path) -> None:
    (folder / "dev.jsonl.gz").unlink()
    with pytest.raises(DataError, match=r"dev\.jsonl\.gz cannot be read"):
        next(run_quality_bench([folder], [LINEAR]))


def test_a_cut_off_file_is_a_clear_error(folder: Path) -> None:
    path = folder / "train.jsonl.gz"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DataError, match="cannot be read"):
        read_dataset(folder)


def test_a_draw_has_two_of_each_class_and_is_the_seeds() -> None:
    examples = [Example.of_text(str(i), "t", "common") for i in range(200)]
    examples += [Example.of_text(f"{label}{i}", "t", label) for label in "abc" for i in range(5)]
    examples += [Example.of_text("lone", "t", "lone")]
    drawn = limit_train(examples, 40, seed=1)
    counts = Counter(example.label for example in drawn)
    assert len(drawn) == 40
    assert all(counts[label] >= 2 for label in "abc")
    assert counts["lone"] == 1
    assert drawn == limit_train(examples, 40, seed=1) != limit_train(examples, 40, seed=2)
    assert len(limit_train(examples, 3, seed=1)) == 9  # two a class come first
    assert limit_train(examples, None, seed=1) == examples


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


def test_without_a_benign_class_the_attack_figures_are_none() -> None:
    examples = [Example.of_text(str(i), "", label) for i, label in enumerate("abab")]
    figures = judge(examples, np.eye(2)[[0, 1, 0, 1]], ("a", "b"), None)
    assert figures["macro_f1"] == 1
    assert figures["average_precision"] == 1
    assert figures["f1"] is figures["tpr_at_fpr_0.001"] is figures["tpr_at_fpr_0.01"] is None


def test_the_program_prints_a_line_a_run_and_writes_them_all(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "rows.json"
    arguments = [str(folder), "--recipe", "linear", "--budget", "30s", "--output", str(output)]
    assert main(arguments) == 0
    printed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert printed == json.loads(output.read_text())
    assert len(printed) == 1


def test_a_budget_that_is_no_duration_is_refused(folder: Path) -> None:
    with pytest.raises(SystemExit):
        main([str(folder), "--budget", "soon"])
