"""Files that are packed as something else than their names say."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
from pathlib import Path

import pytest

from sftsec_files.errors import SourceError
from tests.connectors.files.helpers import pull, write

LINE = b'{"id": "1", "message": "x", "label": "good"}\n'
TABLE = b"id,message,label\n1,x,good\n"


def zipped() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("xl/workbook.xml", "<x/>")
    return out.getvalue()


class TestIsGzipped:
    @pytest.mark.parametrize(
        ("name", "raw"), [("a.jsonl", LINE), ("a.csv", TABLE), ("a.log", LINE)]
    )
    def test_needs_no_suffix(self, tmp_path: Path, name: str, raw: bytes) -> None:
        found, rejected = pull(write(tmp_path / name, gzip.compress(raw)))
        assert ([one.fields["message"] for one in found], rejected) == (["x"], [])


class TestWhyRefused:
    @pytest.mark.parametrize(
        ("raw", "reason"),
        [
            (zipped(), "a zip archive or a workbook"),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "a workbook"),
            (bz2.compress(TABLE), "packed by bzip2"),
            (lzma.compress(TABLE), "packed by xz"),
            (b"\x28\xb5\x2f\xfd" + bytes(20), "packed by Zstandard"),
            (b"PAR1" + bytes(20), "Parquet"),
        ],
        ids=["zip", "ole", "bzip2", "xz", "zstd", "parquet"],
    )
    def test_names_what_it_is(self, tmp_path: Path, raw: bytes, reason: str) -> None:
        (tmp_path / "in").mkdir()
        path = write(tmp_path / "in" / "a.csv", raw)
        with pytest.raises(SourceError, match=f"a.csv is {reason}"):
            pull(path)
        write(tmp_path / "in" / "b.csv", TABLE)
        found, rejected = pull(path.parent)
        assert len(found) == 1
        assert [each.reason.startswith(reason) for each in rejected] == [True]
