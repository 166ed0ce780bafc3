"""Examples and tasks come back from their files as they were."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from sftsec_core.api.domain import Example, TaskSpec
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
        odd = Example(
            "u\u2028\n", "text \x00 \N{GRINNING FACE}", "benign", 7, at=AT, weight=0.1 + 0.2
        )
        east = Example("e", "", "bad", at=AT.astimezone(timezone(timedelta(hours=9))), split="dev")
        write_examples([odd, east], tmp_path, "dev")
        assert read_examples(tmp_path, "dev") == [odd, east]

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
        given: TaskSpec = task()
        assert task_from_json(task_to_json(given)) == given
