from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from sftsec_ray.workplace import new_workplace


class TestNewWorkplace:
    def test_only_its_user_reads_it(self, tmp_path: Path) -> None:
        folder, lock = new_workplace(str(tmp_path))
        assert folder.stat().st_mode & 0o077 == 0
        lock.close()

    def test_a_dead_workers_is_removed(self, tmp_path: Path) -> None:
        program = (
            "import os, sys; from sftsec_ray.workplace import new_workplace;"
            "folder, lock = new_workplace(sys.argv[1]); print(folder, flush=True); os.abort()"
        )
        dead = subprocess.run(
            [sys.executable, "-c", program, str(tmp_path)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        left = Path(dead.stdout.strip())
        assert left.is_dir()
        folder, lock = new_workplace(str(tmp_path))
        assert not left.exists()
        assert folder.is_dir()
        lock.close()

    def test_a_living_workers_is_left(self, tmp_path: Path) -> None:
        first, lock = new_workplace(str(tmp_path))
        second, other = new_workplace(str(tmp_path))
        assert first.is_dir()
        assert second != first
        lock.close()
        other.close()
