"""Folders of labelled records become a task and its examples."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from sftsec_core.api.domain import Example
from sftsec_core.api.errors import DataError
from sftsec_core.api.settings.task import TaskSettings
from sftsec_core.bench.quality_data import limit_train, read_dataset, with_labels
from tests.core.bench.records import write_part


class TestReadDataset:
    def test_reads_nested_text_labels_and_groups(self, folder: Path) -> None:
        data = read_dataset(folder)
        assert data.task.text_fields == ("process.command_line",)
        assert data.task.labels == ("benign", "malicious")
        assert data.task.benign == "benign"
        assert data.train[1].inputs == {"text": "curl evil host 1"}
        assert data.train[1].groups == ("R1",)

    def test_makes_every_field_an_input(self, tmp_path: Path) -> None:
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

    def test_replays_all_parts_for_a_context(self, tmp_path: Path) -> None:
        for day, part in enumerate(("train", "dev", "test"), start=1):
            rows = [
                {
                    "id": f"{part}{n}",
                    "@timestamp": f"2026-01-0{day}T0{n}:00:00Z",
                    "rule": {"name": "scan"},
                    "label": ("benign", "attack")[n % 2],
                }
                for n in range(3)
            ]
            write_part(tmp_path / "alerts", part, rows)
        task = TaskSettings.model_validate(
            {
                "connector": "c",
                "labels": {"benign": [], "attack": []},
                "benign": "benign",
                "categories": ["rule.name"],
                "context": {"keys": ["rule.name"], "windows": ["7d"], "figures": ["count"]},
            }
        )
        data = read_dataset(tmp_path / "alerts", task)
        count = "context.rule.name.7d.count"
        found = [[each.inputs[count] for each in part] for part in (data.train, data.test)]
        assert found == [[0, 1, 2], [6, 7, 8]]
        assert [each.weight for each in data.train] == [2**-0.5, 1, 2**-0.5]
        assert [each.weight for each in data.test] == [1, 1, 1]

    def test_refuses_records_without_a_field(self, tmp_path: Path) -> None:
        for part in ("train", "dev", "test"):
            write_part(tmp_path / "bare", part, [{"id": "a", "label": "fraud"}])
        with pytest.raises(DataError, match="no field of its records can be an input"):
            read_dataset(tmp_path / "bare")

    def test_refuses_a_cut_off_file(self, folder: Path) -> None:
        path = folder / "train.jsonl.gz"
        path.write_bytes(path.read_bytes()[:-20])
        with pytest.raises(DataError, match="cannot be read"):
            read_dataset(folder)


class TestLimitTrain:
    def test_draws_two_a_class_by_seed(self) -> None:
        examples = [Example.of_text(str(i), "t", "common") for i in range(200)]
        examples += [
            Example.of_text(f"{label}{i}", "t", label) for label in "abc" for i in range(5)
        ]
        examples += [Example.of_text("lone", "t", "lone")]
        drawn = limit_train(examples, 40, seed=1)
        counts = Counter(example.label for example in drawn)
        assert len(drawn) == 40
        assert all(counts[label] >= 2 for label in "abc")
        assert counts["lone"] == 1
        assert drawn == limit_train(examples, 40, seed=1) != limit_train(examples, 40, seed=2)
        assert len(limit_train(examples, 3, seed=1)) == 9  # two a class come first
        assert limit_train(examples, None, seed=1) == examples


class TestWithLabels:
    def test_leaves_so_many_labels_alone(self, folder: Path) -> None:
        whole = read_dataset(folder)
        data, pool = with_labels(whole, 20, 25, seed=1)
        assert (len(data.train), data.dev, data.test) == (20, (), whole.test)
        assert {(each.label, each.weight) for each in pool} == {("", 0.0)}
        uids = {each.uid for each in pool}
        assert len(pool) == len(uids) == 25
        assert not uids & {each.uid for each in data.train}
        assert len(with_labels(whole, 20, 1000, seed=1)[1]) == 40

    def test_is_whole_without_a_limit(self, folder: Path) -> None:
        whole = read_dataset(folder)
        assert with_labels(whole, None, 25, seed=1) == (whole, [])
