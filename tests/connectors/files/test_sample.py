"""A file or a folder as records, before there is a configuration."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sftsec_core.api.domain import Rejection
from sftsec_files.errors import SourceError
from sftsec_files.sample import FOLDER, TOP_FOLDER, open_sample


class TestSample:
    @pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
    def test_finds_the_delimiter_of_tables(self, tmp_path: Path, delimiter: str) -> None:
        file = tmp_path / "a.csv"
        file.write_text(
            delimiter.join(['"Alert, ID; |"', "Body"]) + f"\n1{delimiter}hello\n", encoding="utf-8"
        )
        sample = open_sample(file, tmp_path)
        assert list(sample.records(None)) == [{"Alert, ID; |": "1", "Body": "hello"}]
        assert sample.options.get("delimiter", ",") == delimiter

    def test_names_paths_relative_to_the_base(self, tmp_path: Path) -> None:
        file = tmp_path / "in" / "a.jsonl"
        file.parent.mkdir()
        file.write_text('{"id": 1}\n', encoding="utf-8")
        assert open_sample(file, tmp_path).options["paths"] == ["in/a.jsonl"]
        assert open_sample(file, tmp_path / "elsewhere").options["paths"] == [str(file)]

    def test_reads_so_many_of_each_file(self, tmp_path: Path) -> None:
        for name in ("a", "b"):
            text = "".join(json.dumps({"n": {"of": [name, i]}}) + "\n" for i in range(5))
            (tmp_path / f"{name}.jsonl").write_text(text, encoding="utf-8")
        records = open_sample(tmp_path, tmp_path).records
        assert [r["n.of"] for r in records(1) if not isinstance(r, Rejection)] == [
            ["a", 0],
            ["b", 0],
        ]
        assert len(list(records(None))) == 10

    def test_gives_reasons_for_unreadable_lines(self, tmp_path: Path) -> None:
        file = tmp_path / "a.jsonl"
        file.write_text('{"id": 1}\n{"id"\n', encoding="utf-8")
        _, refused = open_sample(file, tmp_path).records(None)
        assert isinstance(refused, Rejection)
        assert refused.where == "a.jsonl:2"

    def test_sets_the_encoding_of_windows(self, tmp_path: Path) -> None:
        file = tmp_path / "a.csv"
        file.write_bytes("id,message\n1,gr\u00fc\u00dfe\n".encode("cp1252"))
        sample = open_sample(file, tmp_path)
        assert sample.options["encoding"] == "cp1252"
        assert "not UTF-8" in sample.notes["encoding"]
        assert list(sample.records(None)) == [{"id": "1", "message": "gr\u00fc\u00dfe"}]

    @pytest.mark.parametrize(
        "wrapped",
        [
            {"_index": "a", "_id": "x", "_source": {"message": "m"}, "sort": [1]},
            {"preview": False, "result": {"message": "m"}},
        ],
    )
    def test_takes_records_out_of_exports(self, wrapped: dict[str, object], tmp_path: Path) -> None:
        file = tmp_path / "a.jsonl"
        file.write_text(json.dumps(wrapped) + "\n", encoding="utf-8")
        (record,) = open_sample(file, tmp_path).records(None)
        assert isinstance(record, dict)
        assert record["message"] == "m"
        assert record.get("_id", "x") == "x"

    def test_gives_the_folders_of_files(self, tmp_path: Path) -> None:
        for name in ("spam/2003/a.eml", "ham/b.eml"):
            (tmp_path / name).parent.mkdir(parents=True)
            (tmp_path / name).write_text("Subject: hello\n\ntext\n", encoding="utf-8")
        sample = open_sample(tmp_path, tmp_path)
        said = [(r[FOLDER], r[TOP_FOLDER]) for r in sample.records(None) if isinstance(r, dict)]
        assert said == [("ham", "ham"), ("2003", "spam")]
        assert sample.label_options[TOP_FOLDER] == {"label_from": "top_folder"}
        alone = open_sample(tmp_path / "ham" / "b.eml", tmp_path)
        assert not alone.label_options
        (only,) = alone.records(None)
        assert isinstance(only, dict)
        assert FOLDER not in only

    @pytest.mark.parametrize(
        ("name", "text", "kind"),
        [
            ("cmds", "Subject: hello\nFrom: a@example.org\n\ntext\n", "eml"),
            ("app.log", "2026-01-05 INFO started\n", "lines"),
        ],
    )
    def test_sets_the_format_by_the_beginning(
        self, name: str, text: str, kind: str, tmp_path: Path
    ) -> None:
        (tmp_path / name).write_text(text, encoding="utf-8")
        sample = open_sample(tmp_path, tmp_path)
        assert sample.options["format"] == kind
        assert len(list(sample.records(None))) == 1

    def test_refuses_files_of_no_known_kind(self, tmp_path: Path) -> None:
        (tmp_path / "notes.docx").write_text("x\n", encoding="utf-8")
        with pytest.raises(SourceError, match=r"\.docx were left out"):
            open_sample(tmp_path, tmp_path)
