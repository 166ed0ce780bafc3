"""The cache of engines: each folder is made once, whole, and readable by all."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.servers.engines.cache import cached


@pytest.fixture
def cache(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A cache of the test's own, which every user may enter, as pytest's folders are not."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        monkeypatch.setenv("SFTSEC_TEST_CACHE", name)
        yield folder


class TestCached:
    def test_makes_a_folder_only_once(self, cache: Path) -> None:
        made: list[Path] = []
        several = threading.Barrier(4)

        def make(folder: Path) -> None:
            made.append(folder)
            (folder / "file").write_text("whole")

        def ask(_number: int) -> str:
            several.wait()
            return (cached("engine", make) / "file").read_text()

        with ThreadPoolExecutor(4) as workers:
            assert list(workers.map(ask, range(4))) == ["whole"] * 4
        assert made == [cache / "engine.half"]

    def test_begins_again_after_a_failure(self, cache: Path) -> None:
        def fail(folder: Path) -> None:
            (folder / "old").write_text("half of it")
            raise OSError("the disk is full")

        with pytest.raises(OSError, match="the disk is full"):
            cached("engine", fail)
        assert not (cache / "engine").exists()
        folder = cached("engine", lambda half: (half / "new").touch())
        assert [each.name for each in folder.iterdir()] == ["new"]

    def test_opens_it_to_all_users(self, cache: Path) -> None:
        del cache

        def make(folder: Path) -> None:
            (folder / "bin").mkdir(mode=0o700)
            file = folder / "bin" / "program"
            file.touch(mode=0o700)

        folder = cached("engine", make)
        modes = [each.stat().st_mode & 0o777 for each in (folder / "bin", folder / "bin/program")]
        assert modes == [0o755, 0o744]

    def test_of_root_refuses_a_closed_folder(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        tmp_path.chmod(0o700)
        monkeypatch.setattr("os.geteuid", lambda: 0)
        monkeypatch.setenv("SFTSEC_TEST_CACHE", str(tmp_path))
        with pytest.raises(pytest.fail.Exception, match="users other than root cannot enter"):
            cached("engine", lambda folder: None)
