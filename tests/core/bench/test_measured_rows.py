"""Rows of a benchmark are kept whole, and found by what they are of."""

from __future__ import annotations

from pathlib import Path

import pytest

from sftsec_core.api.errors import DataError
from sftsec_core.bench.measured_rows import MeasuredRows


class TestMeasuredRows:
    def test_are_found_by_their_values(self, tmp_path: Path) -> None:
        path = tmp_path / "rows.jsonl"
        rows = MeasuredRows.read(path)
        rows.add({"seed": 1, "limit": None, "figure": 0.5})
        rows.add({"seed": 2, "limit": None, "figure": 0.7})
        again = MeasuredRows.read(path)
        assert again.rows == rows.rows
        assert again.find({"seed": 2, "limit": None}) == rows.rows[1]
        assert again.find({"seed": 2, "limit": 8}) is None
        assert again.find({"seed": 2, "absent": None}) is None

    def test_stay_in_memory_without_file(self, tmp_path: Path) -> None:
        rows = MeasuredRows.read(None)
        rows.add({"seed": 1})
        assert rows.find({"seed": 1}) == {"seed": 1}
        assert not list(tmp_path.iterdir())

    @pytest.mark.parametrize(
        ("text", "told"), [("{}\n{", "JSON lines, name another"), ("[1]\n", "no JSON object")]
    )
    def test_refuse_a_damaged_file(self, tmp_path: Path, text: str, told: str) -> None:
        path = tmp_path / "rows.jsonl"
        path.write_text(text)
        with pytest.raises(DataError, match=told):
            MeasuredRows.read(path)
        assert path.read_text() == text

    def test_name_a_folder_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match="there is no folder"):
            MeasuredRows.read(tmp_path / "absent" / "rows.jsonl")

    def test_name_a_file_not_writable(self, tmp_path: Path) -> None:
        folder = tmp_path / "gone"
        folder.mkdir()
        rows = MeasuredRows.read(folder / "rows.jsonl")
        folder.rmdir()
        with pytest.raises(DataError, match="cannot be written"):
            rows.add({"seed": 1})
        assert rows.rows == [{"seed": 1}]
