"""What the demo runs on: the generated stream, or a folder of labelled data."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import orjson
import pytest

from sftsec_core.api.errors import DataError
from sftsec_core.config.load import load_settings
from sftsec_core.demo.source import TASK, from_data, from_stream
from sftsec_core.operations.preflight import check_against_plugins, read


def rows_of(file: Path) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in file.read_bytes().splitlines()]


class TestFromStream:
    def test_writes_judged_and_unlabelled_incidents(self, tmp_path: Path) -> None:
        source = from_stream(tmp_path, rows=400, open_rows=50, seed=3)
        judged = rows_of(tmp_path / "incidents" / "judged.jsonl")
        unjudged = rows_of(tmp_path / "incidents" / "open.jsonl")
        assert all("label" in row for row in judged)
        assert not any("label" in row for row in unjudged)
        assert set(source.truth) == {row["id"] for row in unjudged}
        assert set(source.truth.values()) == {"benign", "malicious"}
        assert source.benign == "benign"

    def test_configuration_loads_with_its_plugins(self, tmp_path: Path) -> None:
        source = from_stream(tmp_path, rows=400, open_rows=50, seed=3)
        settings, plugins = read(source.config)
        check_against_plugins(settings, plugins, source.config)
        labels = settings.tasks[TASK].labels
        verdicts = {row["label"] for row in rows_of(tmp_path / "incidents" / "judged.jsonl")}
        known = {value for values in labels.values() for value in values}
        assert verdicts - known == {"undetermined"}


class TestFromData:
    @pytest.fixture
    def data(self, tmp_path: Path) -> Path:
        folder = tmp_path / "cards"
        folder.mkdir()
        for part, count in (("train", 60), ("dev", 10), ("test", 20)):
            with gzip.open(folder / f"{part}.jsonl.gz", "wb") as file:
                for number in range(count):
                    row = {
                        "id": f"{part}-{number}",
                        "message": f"paid at {'shop' if number % 2 else 'casino'} {number}",
                        "user": {"id": f"u{number % 3}"},
                        "amount": number / 2,
                        "report": f"R{number % 4}",
                        "label": ("fraud", "legitimate")[number % 2],
                    }
                    file.write(orjson.dumps(row) + b"\n")
        return folder

    def test_scores_the_test_part_without_labels(self, data: Path, tmp_path: Path) -> None:
        folder = tmp_path / "demo"
        folder.mkdir()
        source = from_data(folder, data, budget="30s")
        opened = rows_of(folder / "open.jsonl")
        assert [row["id"] for row in opened] == [f"open-test-{n}" for n in range(20)]
        assert not any("label" in row for row in opened)
        assert source.truth["open-test-0"] == "fraud"
        assert source.truth["open-test-1"] == source.benign == "legitimate"

    def test_configuration_names_inputs_and_parts(self, data: Path, tmp_path: Path) -> None:
        folder = tmp_path / "demo"
        folder.mkdir()
        config = from_data(folder, data, budget="30s").config
        settings, plugins = read(config)
        check_against_plugins(settings, plugins, config)
        task = load_settings(config).tasks[TASK]
        assert (task.numbers, task.categories, task.group) == (("amount",), ("user.id",), "report")
        assert task.text == ("message",)
        assert (task.split.method, task.benign) == ("given", "legitimate")
        assert task.train.budget is not None
        assert task.train.budget.total_seconds() == 30

    def test_refuses_a_folder_without_parts(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match=r"train\.jsonl\.gz cannot be read"):
            from_data(tmp_path, tmp_path, budget="30s")
