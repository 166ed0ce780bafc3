"""A backup is whole and gives back what was put in, or is refused."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import pytest

from sftsec_core.api.errors import IntegrityError, SftsecError, StoreError
from sftsec_core.store.backup_file import BackupReader, BackupWriter


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "models"
    (made / "deep").mkdir(parents=True)
    (made / "deep" / "weights").write_bytes(bytes(range(256)) * 9000)
    (made / "naïve name").write_text("x")
    (made / "work").mkdir()
    (made / "work" / "checkpoint").write_text("left out")
    return made


@pytest.fixture
def backup(tmp_path: Path, folder: Path) -> Path:
    file = tmp_path / "backup.tar"
    with BackupWriter(file) as writer:
        writer.add_folder("models", folder, leave=("work",))
        writer.finish({"said": 1})
    return file


def extracted(file: Path, folder: Path) -> set[str]:
    folder.mkdir()
    with BackupReader(file) as reader:
        reader.extract(folder)
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}


class TestBackupWriter:
    def test_gives_back_what_was_put_in(self, backup: Path, folder: Path, tmp_path: Path) -> None:
        found = extracted(backup, tmp_path / "out")
        assert found == {"models/deep/weights", "models/naïve name"}
        weights = tmp_path / "out" / "models" / "deep" / "weights"
        assert weights.read_bytes() == (folder / "deep" / "weights").read_bytes()
        with BackupReader(backup) as reader:
            assert reader.facts["said"] == 1
        assert backup.stat().st_mode & 0o777 == 0o600

    def test_replaces_no_other_file(self, backup: Path) -> None:
        before = backup.read_bytes()
        with pytest.raises(StoreError, match="there already"):
            BackupWriter(backup)
        assert backup.read_bytes() == before

    def test_leaves_nothing_that_looks_whole(self, tmp_path: Path, folder: Path) -> None:
        file = tmp_path / "backup.tar"
        left = tmp_path / ".backup.tar.4194304.draft"
        left.write_text("of a call that was killed")
        with BackupWriter(file) as writer:
            writer.add_folder("models", folder)
            assert not left.exists()
            assert not file.exists()
        assert sorted(path.name for path in tmp_path.iterdir()) == ["models"]

    def test_wants_a_folder_it_can_write(self, tmp_path: Path) -> None:
        with pytest.raises(StoreError, match="cannot be written"):
            BackupWriter(tmp_path / "missing" / "backup.tar")


class TestBackupReader:
    def test_refuses_a_file_cut_anywhere(self, backup: Path, tmp_path: Path) -> None:
        content = backup.read_bytes()
        for number, size in enumerate(
            (0, 100, 512, 5_000, len(content) // 2, len(content) - 10_240)
        ):
            backup.write_bytes(content[:size])
            with pytest.raises(IntegrityError):
                extracted(backup, tmp_path / f"out{number}")

    def test_refuses_a_changed_byte(self, backup: Path, tmp_path: Path) -> None:
        content = bytearray(backup.read_bytes())
        content[len(content) // 2] ^= 1
        backup.write_bytes(content)
        with pytest.raises(IntegrityError, match="not the file that was written"):
            extracted(backup, tmp_path / "out")

    @pytest.mark.parametrize("name", ["../out", "/etc/out", "models/../../out", "added"])
    def test_takes_no_file_out_of_place(self, backup: Path, tmp_path: Path, name: str) -> None:
        forged = tmp_path / "forged.tar"
        listed = {"format": 1, "files": {name: {"bytes": 1, "sha256": "0" * 64}}}
        if name == "added":
            listed["files"] = {}
        content = json.dumps(listed).encode()
        with tarfile.open(forged, "w") as tar:
            for member, data in ((name, b"x"), ("manifest.json", content)):
                info = tarfile.TarInfo(member)
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
        with pytest.raises(IntegrityError):
            extracted(forged, tmp_path / "in")
        assert not (tmp_path / "out").exists()

    def test_refuses_links_and_newer_formats(self, tmp_path: Path) -> None:
        for listed, kind in (
            ({"format": 1, "files": {"a": {"sha256": ""}}}, tarfile.SYMTYPE),
            ({"format": 2, "files": {}}, tarfile.REGTYPE),
            ([1], tarfile.REGTYPE),
        ):
            file = tmp_path / "odd.tar"
            content = json.dumps(listed).encode()
            with tarfile.open(file, "w") as tar:
                link = tarfile.TarInfo("a")
                link.type, link.linkname = kind, "/etc/passwd"
                tar.addfile(link)
                info = tarfile.TarInfo("manifest.json")
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
            with pytest.raises(SftsecError, match=r"not one of|newer|not whole"):
                extracted(file, tmp_path / f"in{kind!r}{len(content)}")
