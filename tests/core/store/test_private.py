"""The state folder is made private, mended, or refused."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from sftsec_core.api.errors import StoreError
from sftsec_core.store import private
from sftsec_core.store.private import make_private, private_files

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives folders away")


def mode(path: Path) -> str:
    return oct(stat.S_IMODE(path.stat().st_mode))


@pytest.fixture
def state(tmp_path: Path) -> Path:
    folder = tmp_path / "state"
    folder.mkdir()
    folder.chmod(0o755)
    return folder


class TestFolder:
    def test_empty_open_one_is_made_private(self, state: Path) -> None:
        make_private(state)
        assert mode(state) == "0o700"

    def test_shared_one_with_other_files_is_refused(self, state: Path) -> None:
        (state / "notes.txt").touch()
        with pytest.raises(StoreError, match=r"not sftsec's.*chmod 700"):
            make_private(state)
        assert mode(state) == "0o755"

    @as_root
    def test_another_users_is_refused(self, state: Path) -> None:
        os.chown(state, 65534, 65534)
        with pytest.raises(StoreError, match=r"another user's \(uid 65534\).*chown"):
            make_private(state)

    def test_place_below_a_file_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(StoreError, match="cannot be made or used"):
            make_private(tmp_path / "file" / "state")

    def test_rights_of_its_owner_stay(self, state: Path) -> None:
        state.chmod(0o555)
        make_private(state)
        assert mode(state) == "0o500"


class TestInside:
    def test_files_of_before_are_mended(self, state: Path) -> None:
        state.chmod(0o700)
        report = state / "runs" / "one" / "report.html"
        report.parent.mkdir(parents=True)
        for path, bits in ((report, 0o644), (state / "salt", 0o640)):
            path.touch()
            path.chmod(bits)
        (state / "runs").chmod(0o755)
        make_private(state)
        assert [mode(report), mode(state / "salt"), mode(state / "runs")] == [
            "0o600",
            "0o600",
            "0o700",
        ]

    def test_links_are_not_followed(self, state: Path, tmp_path: Path) -> None:
        outside = tmp_path / "outside"
        outside.touch()
        outside.chmod(0o644)
        (state / "models").mkdir()
        (state / "models" / "link").symlink_to(outside)
        (state / "models").chmod(0o755)
        make_private(state)
        assert mode(outside) == "0o644"


class TestPrivateFiles:
    def test_last_of_several_restores_the_rest(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(private, "_umasks", [])  # other tests' sites may be open
        before = os.umask(0o022)
        try:
            first, second = private_files(), private_files()
            first.__enter__()
            second.__enter__()
            first.__exit__(None, None, None)
            (tmp_path / "during").touch()
            second.__exit__(None, None, None)
            (tmp_path / "after").touch()
        finally:
            os.umask(before)
        assert [mode(tmp_path / "during"), mode(tmp_path / "after")] == ["0o600", "0o644"]
