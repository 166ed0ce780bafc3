"""The archives are the same bytes each time."""

from __future__ import annotations

import hashlib
import io
import random
import subprocess
import tarfile
import zipfile
import zlib
from pathlib import Path

import pytest

from sftsec_core.packages.archive import tgz_of, zip_of, zlib_of

FILES = {"b/two.json": b"{}", "a.yml": "grün: ja\n".encode()}


class TestZip:
    def test_does_not_depend_on_file_order(self) -> None:
        assert zip_of(FILES, "top") == zip_of(dict(reversed(FILES.items())), "top")

    def test_has_sorted_entries_with_fixed_metadata(self) -> None:
        with zipfile.ZipFile(io.BytesIO(zip_of(FILES, "top"))) as archive:
            entries = archive.infolist()
            assert [each.filename for each in entries] == ["top/a.yml", "top/b/two.json"]
            assert {each.date_time for each in entries} == {(1980, 1, 1, 0, 0, 0)}
            assert {each.external_attr >> 16 for each in entries} == {0o100644}
            assert archive.read("top/a.yml").decode() == "grün: ja\n"
            assert archive.testzip() is None

    def test_does_not_depend_on_zlib(self) -> None:
        with zipfile.ZipFile(io.BytesIO(zip_of(FILES, "top"))) as archive:
            assert {each.compress_type for each in archive.infolist()} == {zipfile.ZIP_STORED}


class TestTgz:
    def test_has_sorted_entries_with_fixed_metadata(self) -> None:
        with tarfile.open(fileobj=io.BytesIO(tgz_of(FILES, "top")), mode="r:gz") as archive:
            members = archive.getmembers()
            assert [each.name for each in members] == [
                "top",
                "top/a.yml",
                "top/b",
                "top/b/two.json",
            ]
            assert {each.mtime for each in members} == {315532800}
            assert {(each.uid, each.gid, each.uname, each.gname) for each in members} == {
                (0, 0, "", "")
            }
            assert [oct(each.mode) for each in members] == ["0o755", "0o644", "0o755", "0o644"]
            found = archive.extractfile("top/a.yml")
            assert found is not None
            assert found.read().decode() == "grün: ja\n"

    def test_depends_on_neither_zlib_nor_clock(self) -> None:
        packed = tgz_of(FILES, "top")
        assert packed == tgz_of(dict(reversed(FILES.items())), "top")
        assert packed[:10] == b"\x1f\x8b\x08\0\0\0\0\0\0\xff"  # no time, no system
        # Pinned: a Python, a platform or a library that gives other bytes is to be seen.
        assert (
            hashlib.sha256(packed).hexdigest()
            == "6aa8ea7bb7289b3f3ad32739e98b4b530638c7f02e13e81b5bb99e94402c94ac"
        )

    @pytest.mark.parametrize("size", [0, 1, 0xFFFF, 0x10000, 200_000])
    def test_is_read_by_zlib_and_gzip(self, size: int) -> None:
        content = random.Random(size).randbytes(size)  # noqa: S311 - test data, not a secret
        assert zlib.decompress(zlib_of(content)) == content
        with tarfile.open(fileobj=io.BytesIO(tgz_of({"f": content}, "t")), mode="r:gz") as archive:
            found = archive.extractfile("t/f")
            assert found is not None
            assert found.read() == content

    def test_is_read_by_the_command_line(self, tmp_path: Path) -> None:
        (tmp_path / "a.tgz").write_bytes(tgz_of(FILES, "top"))
        subprocess.run(["gzip", "--test", "a.tgz"], cwd=tmp_path, check=True)
        subprocess.run(["tar", "xzf", "a.tgz"], cwd=tmp_path, check=True)
        assert (tmp_path / "top" / "b" / "two.json").read_bytes() == b"{}"
