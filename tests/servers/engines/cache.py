"""The engines as Maven Central has them: fetched once, unpacked once, then only read.

The folder is `SFTSEC_TEST_CACHE`, or `sftsec-tests` in the user's cache. Where it comes from is
for Maven's own settings to say.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.needs import need

# Its version is named so that Maven does not look for the newest one at each call.
_COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy"
_FETCH_S = 240  # less than a test may take, so that it says why


def cached(name: str, make: Callable[[Path], None]) -> Path:
    """The folder of that name in the cache; `make` fills it when it is not there.

    Processes that ask at once wait for the one that makes it, and none sees half of it.
    """
    folder = _cache() / name
    with locked(_cache() / "lock"):
        if not folder.is_dir():
            half = folder.with_name(f"{name}.half")
            shutil.rmtree(half, ignore_errors=True)  # of a process that was killed
            half.mkdir()
            make(half)
            _open_to_all(half)
            half.rename(folder)
    return folder


def unpack(artifact: str, target: Path, strip: int = 0) -> None:
    """Fetch a zip ("group:name:version:zip") and unpack it.

    Args:
        artifact: what Maven calls it.
        target: the folder to unpack into.
        strip: how many leading folders of the zip's own to leave out.
    """
    with TemporaryDirectory() as fetched:
        _fetch(artifact, Path(fetched))
        (archive,) = Path(fetched).glob("*.zip")
        with zipfile.ZipFile(archive) as content:
            for entry in content.infolist():
                path = target.joinpath(*Path(entry.filename).parts[strip:])
                if entry.is_dir():
                    path.mkdir(parents=True, exist_ok=True)
                    continue
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content.read(entry))
                if entry.external_attr >> 16 & 0o100:
                    path.chmod(0o755)


@contextmanager
def locked(path: Path, how: int = fcntl.LOCK_EX) -> Iterator[None]:
    """Hold a file's lock; the kernel lets go of it when this process ends, however it ends."""
    with path.open("a") as lock:
        fcntl.flock(lock, how)
        yield


def _fetch(artifact: str, folder: Path) -> None:
    maven = need(
        shutil.which("mvn"), f"install Maven (apt-get install maven), which fetches {artifact}"
    )
    command = [maven, "-q", "-B", "-Dstyle.color=never", _COPY]
    told = subprocess.run(
        [*command, f"-Dartifact={artifact}", f"-DoutputDirectory={folder}"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=_FETCH_S,
        check=False,
    )
    reason = re.search(r"\[ERROR\] (.*)", told.stdout)
    need(
        told.returncode == 0,
        f"Maven could not fetch {artifact}: {reason[1] if reason else told.stderr}",
    )


def _open_to_all(folder: Path) -> None:
    """Let every user read, whatever this one's umask says."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(path.stat().st_mode | (0o755 if path.is_dir() else 0o444))


def _cache() -> Path:
    given = os.environ.get("SFTSEC_TEST_CACHE")
    folder = Path(given).resolve() if given else _default() / "sftsec-tests"
    if not folder.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)
    if os.geteuid() == 0:  # the engines then run as nobody
        closed = [path for path in (folder, *folder.parents) if not path.stat().st_mode & 0o001]
        if closed:
            pytest.fail(
                f"SFTSEC_TEST_CACHE: users other than root cannot enter {closed[-1]}; "
                "the engines refuse to run as root",
                pytrace=False,
            )
    return folder


def _default() -> Path:
    if os.geteuid() == 0:
        return Path("/var/cache")  # root's home is closed to the user that the engines run as
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
