from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sftsec_core.api import DataError
from sftsec_core.api.errors import UsageError
from sftsec_ray.score_parts import is_done, plan_parts


def lines(folder: Path, *texts: str) -> Path:
    file = folder / "in.jsonl"
    file.write_text("".join(f"{text}\n" for text in texts))
    return file


class TestPlanParts:
    def test_lines_are_never_divided(self, tmp_path: Path) -> None:
        file = lines(tmp_path, *(f"line {n} {'x' * n}" for n in range(40)))
        parts = plan_parts([file], 100)
        content = file.read_bytes()
        assert len(parts) > 5
        assert b"".join(content[part.start : part.stop] for part in parts) == content
        assert all(content[part.start : part.stop].endswith(b"\n") for part in parts)

    def test_last_line_needs_no_end(self, tmp_path: Path) -> None:
        file = tmp_path / "in.jsonl"
        file.write_text("first\nlast")
        assert [(part.start, part.stop) for part in plan_parts([file], 2)] == [(0, 6), (6, 10)]

    def test_row_groups_are_joined(self, tmp_path: Path) -> None:
        file = tmp_path / "in.parquet"
        table = pa.table({"message": [f"text {n}" for n in range(100)]})
        pq.write_table(table, file, row_group_size=10)
        assert len(plan_parts([file], 1)) == 10
        assert [(part.start, part.stop) for part in plan_parts([file], 10**9)] == [(0, 10)]

    def test_files_are_numbered_through(self, tmp_path: Path) -> None:
        first = lines(tmp_path, "a", "b")
        parts = plan_parts([first, first], 1)
        assert [part.name for part in parts] == [f"part-{n:06d}" for n in range(4)]

    def test_an_empty_file_has_none(self, tmp_path: Path) -> None:
        (tmp_path / "in.jsonl").touch()
        assert plan_parts([tmp_path / "in.jsonl"], 10) == []

    @pytest.mark.parametrize("name", ["in.jsonl.gz", "in.csv"])
    def test_refuses_other_files(self, tmp_path: Path, name: str) -> None:
        (tmp_path / name).touch()
        with pytest.raises(UsageError, match=r"\.parquet, \.jsonl"):
            plan_parts([tmp_path / name], 10)

    def test_refuses_broken_parquet(self, tmp_path: Path) -> None:
        (tmp_path / "in.parquet").write_bytes(b"PAR1 no more")
        with pytest.raises(DataError, match="no Parquet file"):
            plan_parts([tmp_path / "in.parquet"], 10)


class TestIsDone:
    @pytest.fixture
    def result(self, tmp_path: Path) -> Path:
        part = plan_parts([lines(tmp_path, "a")], 10)[0]
        (tmp_path / "part-000000.parquet").write_bytes(b"scores")
        known = {
            "part": part.to_json(),
            "model": "m1",
            "sha256": hashlib.sha256(b"scores").hexdigest(),
        }
        (tmp_path / "_part-000000.json").write_text(json.dumps(known))
        return tmp_path

    def done(self, folder: Path, model: str = "m1") -> bool:
        return is_done(folder, plan_parts([folder / "in.jsonl"], 10)[0], model)

    def test_a_whole_result_is(self, result: Path) -> None:
        assert self.done(result)

    def test_another_models_is_not(self, result: Path) -> None:
        assert not self.done(result, "m2")

    def test_of_changed_input_is_not(self, result: Path) -> None:
        lines(result, "b", "c")
        assert not self.done(result)

    @pytest.mark.parametrize("content", [b"scored", b""])
    def test_a_changed_result_is_not(self, result: Path, content: bytes) -> None:
        (result / "part-000000.parquet").write_bytes(content)
        assert not self.done(result)

    @pytest.mark.parametrize("content", ["", "[]", "{}", "null"])
    def test_an_unreadable_note_is_not(self, result: Path, content: str) -> None:
        (result / "_part-000000.json").write_text(content)
        assert not self.done(result)
