"""The files connector where it has no output, or none that can be written."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from sftsec_core.testing import make_detections, make_label_requests
from sftsec_files.config import FilesConfig
from sftsec_files.connector import FilesConnector
from sftsec_files.errors import OutputError
from tests.connectors.files.helpers import connector


class TestLabelRequest:
    def test_is_written_once_beside_the_output(self, tmp_path: Path) -> None:
        assert connector(tmp_path).request_labels(make_label_requests(["a", "b"])) == 2
        assert connector(tmp_path).request_labels(make_label_requests(["b", "c"])) == 1
        lines = (tmp_path / "out.jsonl.label-requests.jsonl").read_bytes().splitlines()
        assert [orjson.loads(line)["sftsec.incident.uid"] for line in lines] == ["a", "b", "c"]


class TestOutput:
    def test_is_not_pulled_from_its_folder(self, tmp_path: Path) -> None:
        (tmp_path / "in.jsonl").write_bytes(b'{"id": "1", "message": "m"}\n')
        one = connector(tmp_path)
        one.push(make_detections(3))
        one.request_labels(make_label_requests(["x"]))
        from sftsec_core.api.domain import PullWindow

        assert [i.uid for page in one.pull(PullWindow()) for i in page.incidents] == ["1"]

    def test_that_is_not_set_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(OutputError, match="set `output`"):
            FilesConnector(FilesConfig(paths=(tmp_path,))).push(make_detections(1))

    def test_that_cannot_be_written_is_named(self, tmp_path: Path) -> None:
        config = FilesConfig(paths=(tmp_path / "no.jsonl",), output=tmp_path)
        found = FilesConnector(config).check()
        assert len(found) == 2
        assert "does not exist" in found[0]
        assert "names a file" in found[1]


class TestCheck:
    @pytest.mark.parametrize(
        ("files", "named"),
        [
            ({"a.csv": "id,label,label\n"}, "two columns named 'label'"),
            ({"a.csv": "id,text\n", "b.csv": "id;text\n"}, "set `delimiter: ';'`"),
            ({"a.csv": "id,text\n", "b.xlsx": "PK"}, "save its sheet as `CSV UTF-8`"),
            ({"a.csv": "id,verdict\n"}, "has 'verdikt' (did you mean 'verdict'?)"),
        ],
    )
    def test_reads_the_first_lines(self, files: dict[str, str], named: str, tmp_path: Path) -> None:
        for name, text in files.items():
            (tmp_path / name).write_text(text, encoding="utf-8")
        label = {"label": "verdikt"} if "verdikt" in named else {}
        found = FilesConnector(FilesConfig(paths=(tmp_path,), **label)).check()
        assert len(found) == 1
        assert named in found[0]
