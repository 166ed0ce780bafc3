"""What the machine has left: disk, inodes, memory; and where the state lies."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from sftsec_core.doctor.finding import Finding, fault, ok, warning

if TYPE_CHECKING:
    from collections.abc import Iterator

MIB, GIB = 1 << 20, 1 << 30
LEAST_DISK, SCARCE_DISK = 256 * MIB, 2 * GIB
LEAST_TEMP = 512 * MIB
LEAST_INODES, SCARCE_INODES = 1000, 50_000
SCARCE_MEMORY = 2 * GIB
_LAST_RUNS = 5
# File systems of other machines; a fuse of sshfs or the like is one too.
_REMOTE = re.compile(
    r"nfs\d?|cifs|smb\d?|smbfs|9p|afs|ceph|glusterfs|lustre|gpfs|fuse\.(sshfs|glusterfs|s3fs|rclone)"
)
_CGROUP = Path("/sys/fs/cgroup/memory.max")


def nearest(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    return next(each for each in (folder, *folder.parents) if each.is_dir())


def needed_by_runs(state: Path) -> int:
    """Bytes that the largest of the last runs left in the state folder, with its model."""
    runs = sorted((state / "runs").glob("*/"), reverse=True)[:_LAST_RUNS]
    models = (state / "models").glob("*/")
    return max(map(_size, runs), default=0) + max(map(_size, models), default=0)


def _size(folder: Path) -> int:
    # Other processes remove files meanwhile: `os.walk` and `lstat` of what is gone count nothing.
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(place, name)).st_size  # noqa: PTH118 - many files
            except OSError:
                continue
    return total


def check_disk(folder: Path, needed: int, free: int | None = None) -> Iterator[Finding]:
    """Whether the state folder's file system has room for the next runs.

    Args:
        folder: the state folder, which may not be there yet.
        needed: bytes that the largest of the last runs took.
        free: bytes; default: as the system says.
    """
    place = nearest(folder)
    left = shutil.disk_usage(place).free if free is None else free
    text = f"{_amount(left)} free at {place}"
    if needed:
        text += f"; the largest of the last runs took {_amount(needed)}"
    remedy = "make room: sftsec gc lists what is unused"
    if left < max(LEAST_DISK, needed):
        yield fault("disk", text, remedy)
    elif left < max(SCARCE_DISK, 3 * needed):
        yield warning("disk", text, remedy)
    else:
        yield ok("disk", text)


def check_temp(needed: int, free: int | None = None) -> Iterator[Finding]:
    """Whether the folder for temporary files can be written and has room; bytes as for the disk."""
    try:
        folder = Path(tempfile.gettempdir())
    except FileNotFoundError:
        yield fault("temp", "no folder for temporary files can be written", "set TMPDIR to one")
        return
    left = shutil.disk_usage(folder).free if free is None else free
    text = f"{_amount(left)} free at {folder}"
    if left < max(LEAST_TEMP, needed):
        yield warning("temp", text, "make room there, or set TMPDIR to another folder")
    else:
        yield ok("temp", text)


def check_inodes(folder: Path, found: tuple[int, int] | None = None) -> Iterator[Finding]:
    """Whether the file system may hold more files.

    Args:
        folder: the state folder.
        found: how many files it may hold, and how many more; default: as the system says.
    """
    if found is None:
        system = os.statvfs(nearest(folder))
        found = system.f_files, system.f_favail
    most, left = found
    if most == 0:  # some file systems have no such limit
        yield ok("inodes", "no limit")
        return
    text, remedy = f"{left:,} of {most:,} free", "remove small files; sftsec gc lists unused ones"
    if left < LEAST_INODES:
        yield fault("inodes", text, remedy)
    elif left < min(SCARCE_INODES, most // 20):
        yield warning("inodes", text, remedy)
    else:
        yield ok("inodes", text)


def check_memory(available: int | None = None, limit: int | None = None) -> Iterator[Finding]:
    """Whether a training fits into memory; bytes, by default as the kernel and the cgroup say."""
    left = _available() if available is None else available
    bound = _cgroup_limit() if limit is None else limit
    text = f"{_amount(left)} available" + (f", at most {_amount(bound)} here" if bound else "")
    if min(left, bound or left) < SCARCE_MEMORY:
        remedy = "end other programs, raise the limit (MemoryMax, --memory), or train elsewhere"
        yield warning("memory", text, remedy)
    else:
        yield ok("memory", text)


def _available() -> int:
    for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) << 10
    raise OSError("/proc/meminfo has no MemAvailable")


def _cgroup_limit() -> int:
    try:
        text = _CGROUP.read_text(encoding="ascii").strip()
    except OSError:
        return 0
    return int(text) if text.isdigit() else 0


def check_file_system(
    folder: Path, *, sqlite: bool, mounts: str | None = None
) -> Iterator[Finding]:
    """Whether the state lies on a disk of this machine, as SQLite's write-ahead log needs it.

    Args:
        folder: the state folder.
        sqlite: the store is a file in it.
        mounts: in the form of /proc/mounts; default: that file.
    """
    text = Path("/proc/mounts").read_text(encoding="utf-8") if mounts is None else mounts
    kind = _kind_at(nearest(folder).resolve(), text)
    if not _REMOTE.fullmatch(kind):
        yield ok("file system", kind)
    elif sqlite:
        yield fault(
            "file system",
            f"the store is SQLite on {kind}, where its write-ahead log can lose data",
            "name a folder on a local disk in state.folder, or a PostgreSQL in state.url",
        )
    else:
        yield ok("file system", f"{kind}; the store is elsewhere")


def _kind_at(folder: Path, mounts: str) -> str:
    """The type of the file system that holds a folder; the last mount of a place counts."""
    found: tuple[int, str] = (-1, "unknown")
    for line in mounts.splitlines():
        _, place, kind, *_ = line.split(" ")
        point = Path(re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), place))
        depth = len(point.parts)
        if folder.is_relative_to(point) and depth >= found[0]:
            found = depth, kind
    return found[1]


def _amount(size: int) -> str:
    return f"{size / GIB:.1f} GiB" if size >= GIB else f"{size / MIB:.0f} MiB"
