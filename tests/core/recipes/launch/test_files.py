"""Examples and tasks come back from their files as they were."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from sftsec_core.api.domain import Blob, Example, InputField, InputKind, Inputs, TaskSpec
from sftsec_core.api.errors import IntegrityError
from sftsec_core.recipes.launch.files import (
    read_examples,
    task_from_json,
    task_to_json,
    write_examples,
)
from tests.core.recipes.launch.orders import example, task

AT = datetime(2026, 1, 31, 12, 30, 1, 250, tzinfo=UTC)


class TestExamples:
    def test_come_back_in_their_order(self, tmp_path: Path) -> None:
        given = [example(number) for number in range(10_000, 0, -1)]
        write_examples(given, tmp_path / "new", "train")
        assert read_examples(tmp_path / "new", "train") == given

    def test_keep_every_attribute(self, tmp_path: Path) -> None:
        inputs: Inputs = {
            "text": "text \x00 \ud800 \N{GRINNING FACE}",
            "amount": 0.1 + 0.2,
            "limit": float("inf"),
            "terminal": "1",
            "missing": None,
            "calls": ("open", "read", "1.0"),
        }
        odd = Example(
            "u\u2028\n",
            inputs,
            "benign",
            7,
            ("a", "b"),
            at=AT,
            weight=0.1,
            judged=False,
            analysts=("ann", "bob"),
        )
        tokyo = AT.astimezone(timezone(timedelta(hours=9)))
        east = Example.of_text("e", "", "bad", at=tokyo, split="dev")
        write_examples([odd, east], tmp_path, "dev")
        assert read_examples(tmp_path, "dev") == [odd, east]

    def test_keep_blobs_by_their_digest(self, tmp_path: Path) -> None:
        (tmp_path / "logo.png").write_bytes(b"on disk")
        blobs = [Blob.of(b"in memory"), Blob.of(tmp_path / "logo.png")]
        given = [Example(f"b{n}", {"logo": blob}, "benign") for n, blob in enumerate(blobs)]
        write_examples(given, tmp_path / "new", "train")
        found = read_examples(tmp_path / "new", "train")
        assert found == given
        logos = [each.inputs["logo"] for each in found]
        assert [logo.read() for logo in logos if isinstance(logo, Blob)] == [
            b"in memory",
            b"on disk",
        ]

    def test_an_empty_part_is_empty(self, tmp_path: Path) -> None:
        write_examples([], tmp_path, "dev")
        assert read_examples(tmp_path, "dev") == []

    @pytest.mark.parametrize("content", [None, b"", b"PAR1 and no more"])
    def test_a_damaged_file_is_one_line(self, tmp_path: Path, content: bytes | None) -> None:
        if content is not None:
            (tmp_path / "train.parquet").write_bytes(content)
        with pytest.raises(IntegrityError, match="examples of the run cannot be read"):
            read_examples(tmp_path, "train")


class TestTask:
    def test_comes_back_as_it_was(self) -> None:
        amount = InputField("amount", InputKind.NUMBER, ("transaction.amount",))
        mixed = TaskSpec("cards", (*task().inputs, amount), ("ok", "fraud"), None, "card.id")
        for given in (task(), mixed):
            assert task_from_json(json.loads(json.dumps(task_to_json(given)))) == given
