"""The zip is the same bytes each time."""

from __future__ import annotations

import io
import zipfile

from sftsec_core.packages.archive import zip_of

FILES = {"b/two.json": b"{}", "a.yml": "grün: ja\n".encode()}


def test_the_order_of_the_files_does_not_matter() -> None:
    assert zip_of(FILES, "top") == zip_of(dict(reversed(FILES.items())), "top")


def test_entries_are_sorted_below_one_folder_with_fixed_times_and_rights() -> None:
    with zipfile.ZipFile(io.BytesIO(zip_of(FILES, "top"))) as archive:
        entries = archive.infolist()
        assert [each.filename for each in entries] == ["top/a.yml", "top/b/two.json"]
        assert {each.date_time for each in entries} == {(1980, 1, 1, 0, 0, 0)}
        assert {each.external_attr >> 16 for each in entries} == {0o100644}
        assert archive.read("top/a.yml").decode() == "grün: ja\n"
        assert archive.testzip() is None


def test_nothing_depends_on_how_zlib_compresses() -> None:
    with zipfile.ZipFile(io.BytesIO(zip_of(FILES, "top"))) as archive:
        assert {each.compress_type for each in archive.infolist()} == {zipfile.ZIP_STORED}
