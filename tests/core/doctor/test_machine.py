"""Disk, inodes, memory, and the file system of the state."""

from __future__ import annotations

from pathlib import Path

import pytest

from sftsec_core.doctor.machine import (
    GIB,
    MIB,
    check_disk,
    check_file_system,
    check_inodes,
    check_memory,
    check_temp,
    nearest,
    needed_by_runs,
)

MOUNTS = """\
/dev/sda1 / ext4 rw 0 0
server:/export /srv/my\\040state nfs4 rw 0 0
/dev/sdb1 /srv/my\\040state/local xfs rw 0 0
me@host: /srv/remote fuse.sshfs rw 0 0
"""


class TestNeededByRuns:
    def test_is_of_the_largest_run(self, tmp_path: Path) -> None:
        assert needed_by_runs(tmp_path) == 0
        for number, size in enumerate([9000, 10, 20, 30, 40, 50]):
            run = tmp_path / "runs" / f"2026010{number}T000000-a" / "checkpoint"
            run.mkdir(parents=True)
            (run / "file").write_bytes(bytes(size))
        (tmp_path / "models" / "ab").mkdir(parents=True)
        (tmp_path / "models" / "ab" / "weights").write_bytes(bytes(7))
        assert needed_by_runs(tmp_path) == 57  # the first run is too long ago


class TestDisk:
    @pytest.mark.parametrize(
        ("free", "needed", "level"),
        [
            (100 * GIB, 0, "ok"),
            (GIB, 0, "warning"),
            (200 * MIB, 0, "fault"),
            (100 * GIB, 40 * GIB, "warning"),
            (100 * GIB, 101 * GIB, "fault"),
        ],
    )
    def test_is_judged_by_the_runs(
        self, free: int, needed: int, level: str, tmp_path: Path
    ) -> None:
        (found,) = check_disk(tmp_path / "not" / "there", needed, free)
        assert found.level == level
        assert str(tmp_path) in found.text

    def test_of_this_machine_is_measured(self, tmp_path: Path) -> None:
        (found,) = check_disk(tmp_path, 0)
        assert " free at " in found.text
        assert nearest(tmp_path / "a" / "b") == tmp_path


class TestTemp:
    def test_little_room_is_a_warning(self) -> None:
        assert [each.level for each in check_temp(0, 100 * MIB)] == ["warning"]
        assert [each.level for each in check_temp(2 * GIB, GIB)] == ["warning"]
        assert [each.level for each in check_temp(0, GIB)] == ["ok"]


class TestInodes:
    @pytest.mark.parametrize(
        ("found", "level"),
        [
            ((0, 0), "ok"),
            ((10**6, 10**5), "ok"),
            ((10**6, 10**4), "warning"),
            ((10**6, 9), "fault"),
        ],
    )
    def test_are_judged_where_limited(
        self, found: tuple[int, int], level: str, tmp_path: Path
    ) -> None:
        assert [each.level for each in check_inodes(tmp_path, found)] == [level]


class TestMemory:
    def test_limit_of_a_container_counts(self) -> None:
        assert [each.level for each in check_memory(64 * GIB, 0)] == ["ok"]
        (found,) = check_memory(64 * GIB, GIB)
        assert (found.level, found.text) == ("warning", "64.0 GiB available, at most 1.0 GiB here")

    def test_of_this_machine_is_measured(self) -> None:
        (found,) = check_memory()
        assert "available" in found.text


class TestFileSystem:
    @pytest.mark.parametrize(
        ("place", "level", "kind"),
        [
            ("/srv/my state/sftsec", "fault", "nfs4"),
            ("/srv/my state/local/sftsec", "ok", "xfs"),
            ("/srv/my statement", "ok", "ext4"),
            ("/srv/remote/x", "fault", "fuse.sshfs"),
        ],
    )
    def test_of_another_machine_is_refused(
        self, place: str, level: str, kind: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # These places are not on this machine: the nearest folder would be the root.
        monkeypatch.setattr("sftsec_core.doctor.machine.nearest", Path)
        (found,) = check_file_system(Path(place), sqlite=True, mounts=MOUNTS)
        assert (found.level, kind in found.text) == (level, True)

    def test_store_elsewhere_may_be_remote(self, tmp_path: Path) -> None:
        mounts = f"server:/export {tmp_path} nfs rw 0 0\n"
        (found,) = check_file_system(tmp_path, sqlite=False, mounts=mounts)
        assert (found.level, found.text) == ("ok", "nfs; the store is elsewhere")

    def test_of_this_machine_has_a_name(self, tmp_path: Path) -> None:
        (found,) = check_file_system(tmp_path, sqlite=True)
        assert "unknown" not in found.text
