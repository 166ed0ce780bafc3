"""Build the wheel twice, under other circumstances, and compare: `make wheel-check`.

python -m tests.release.wheel

Two copies of the tracked files lie in folders of other names, were made at other times with other
rights, and are built with another time zone and umask. Both wheels must have the same digest.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_CIRCUMSTANCES = (
    ("one", "UTC", 0o022, 1_600_000_000),
    ("another", "Asia/Tokyo", 0o077, 1_700_000_000),
)


class DiffersError(Exception):
    """Two builds of the same files are not the same."""


def check_wheel(root: Path = ROOT) -> tuple[str, str]:
    """Return the wheel's name and its SHA-256.

    Args:
        root: of the checkout.

    Raises:
        DiffersError: naming both digests.
        subprocess.CalledProcessError: when it cannot be built.
    """
    listed = subprocess.run(
        ("git", "ls-files", "-z"), cwd=root, capture_output=True, text=True, check=True
    )
    names = [name for name in listed.stdout.split("\0") if name and (root / name).is_file()]
    with tempfile.TemporaryDirectory() as folder:
        built = []
        for name, zone, umask, at in _CIRCUMSTANCES:
            copy = _copied(root, names, Path(folder, name), umask, at)
            built.append(_built(copy, zone, umask))
    (name, first), (_, second) = built
    if first != second:
        raise DiffersError(f"{name} has the digests {first} and {second}")
    return name, first


def _copied(root: Path, names: list[str], to: Path, umask: int, at: int) -> Path:
    for name in names:
        target = to / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(root / name, target)
        target.chmod(target.stat().st_mode & ~umask)
        os.utime(target, (at, at))
    return to


def _built(checkout: Path, zone: str, umask: int) -> tuple[str, str]:
    command = (sys.executable, "-m", "hatchling", "build", "--target", "wheel")
    environment = {**os.environ, "TZ": zone}
    subprocess.run(
        command, cwd=checkout, env=environment, umask=umask, check=True, stdout=subprocess.DEVNULL
    )
    [wheel] = (checkout / "dist").glob("*.whl")
    return wheel.name, hashlib.sha256(wheel.read_bytes()).hexdigest()


if __name__ == "__main__":
    print("sha256:{1}  {0}, built twice".format(*check_wheel()))
