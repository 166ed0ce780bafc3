"""A file that is written again is the old one or the new one, never a part."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sftsec_core.sdk.atomic import sync_folder, write_atomically

SIZE = 4_000_000
# Writes the file without end, each time with one byte repeated.
WRITER = """
import sys
from itertools import cycle
from pathlib import Path
from sftsec_core.sdk.atomic import write_atomically
for byte in cycle((b"a", b"b")):
    write_atomically(Path(sys.argv[1]), byte * int(sys.argv[2]))
"""


class TestWriteAtomically:
    def test_replaces_the_file_whole(self, tmp_path: Path) -> None:
        file = tmp_path / "state.json"
        for content in (b"first, and longer", b"second"):
            write_atomically(file, content)
            assert file.read_bytes() == content
        assert list(tmp_path.iterdir()) == [file]

    def test_failed_write_keeps_the_old(self, tmp_path: Path) -> None:
        file = tmp_path / "state.json"
        write_atomically(file, b"old")
        with pytest.raises(TypeError):
            write_atomically(file, "text")  # type: ignore[arg-type]
        assert file.read_bytes() == b"old"

    @pytest.mark.parametrize("after_s", [0.0, 0.013, 0.037])
    def test_kill_leaves_a_whole_file(self, tmp_path: Path, after_s: float) -> None:
        file = tmp_path / "state.json"
        command = [sys.executable, "-c", WRITER, str(file), str(SIZE)]
        with subprocess.Popen(command) as writer:
            deadline = time.monotonic() + 60
            while not file.exists() and time.monotonic() < deadline:
                time.sleep(0.001)
            time.sleep(after_s)
            writer.send_signal(signal.SIGKILL)
        assert file.read_bytes() in (b"a" * SIZE, b"b" * SIZE)


class TestSyncFolder:
    def test_takes_files_in_subfolders(self, tmp_path: Path) -> None:
        (tmp_path / "deep" / "er").mkdir(parents=True)
        (tmp_path / "deep" / "er" / "file").write_bytes(b"x")
        sync_folder(tmp_path)
        with pytest.raises(FileNotFoundError):
            sync_folder(tmp_path / "nothing")
