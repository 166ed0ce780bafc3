"""A model's folder on disk: written whole or not at all, and recognised again by one digest.

`manifest.txt` lists the SHA-256 of every other file, sorted by name, in the format of the
`sha256sum` tool; the model's digest is the SHA-256 of that list. So a digest covers the weights,
the tokenizer, the card and the threshold, and an admin can check it all without sftsec::

    cd models/<digest> && sha256sum -c manifest.txt && sha256sum manifest.txt

Only formats that cannot carry code are kept (`model_format.check_files`): a pickle is refused,
wherever it comes from.
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sftsec_core.api.errors import IntegrityError
from sftsec_core.models.model_format import check_files
from sftsec_core.sdk.atomic import sync

if TYPE_CHECKING:
    from collections.abc import Iterator

MANIFEST = "manifest.txt"
_STAGING = ".staging-"
_LOCK = ".lock"


@contextmanager
def staging(folder: Path) -> Iterator[Path]:
    """Lend an empty folder inside `folder` to build a model in; it is gone afterwards.

    One process at a time: the lock falls with its holder, so whatever staging folder another
    process left behind belongs to a dead one and is removed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / _LOCK).open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for leftover in folder.glob(_STAGING + "*"):
            shutil.rmtree(leftover)
        place = Path(tempfile.mkdtemp(prefix=_STAGING, dir=folder))
        try:
            yield place
        finally:
            shutil.rmtree(place, ignore_errors=True)


def publish(built: Path, folder: Path) -> tuple[str, Path]:
    """Seal a built model and move it to its place, named by its digest.

    Args:
        built: the staging folder, complete but for its manifest.
        folder: where models lie.

    Returns:
        The digest, and the place; a model that lies there already is verified and left alone.

    Raises:
        IntegrityError: when the model holds a file that is not of a safe format.
    """
    digest = _seal(built)
    place = folder / digest
    if place.exists():
        verify_folder(place, digest)
        return digest, place
    built.rename(place)
    sync(folder)
    return digest, place


def verify_folder(folder: Path, digest: str) -> None:
    """Check every file of a model against its manifest, and the manifest against the digest.

    Args:
        folder: the model's folder.
        digest: the hex SHA-256 that it was registered under.

    Raises:
        IntegrityError: naming the file that is missing, strange or not the one written.
    """
    if not folder.is_dir():
        raise IntegrityError(f"model {digest[:12]}: its folder {folder} is missing")
    expected = _read_manifest(folder, digest)
    found = _files(folder)
    for name in sorted(expected.keys() ^ found.keys()):
        state = "missing" if name in expected else "not part of the model"
        raise IntegrityError(f"model {digest[:12]}: {name} is {state}")
    for name, path in found.items():
        if _digest(path) != expected[name]:
            raise IntegrityError(f"model {digest[:12]}: {name} is not the file that was registered")


def _seal(folder: Path) -> str:
    """Write the manifest, push everything to the disk, return the digest."""
    files = _files(folder)
    lines = (f"{_digest(path)}  {name}\n" for name, path in files.items())
    manifest = folder / MANIFEST
    manifest.write_bytes("".join(lines).encode("utf-8"))
    for path in (manifest, *files.values()):
        sync(path)
    for place in {path.parent for path in files.values()} | {folder}:
        sync(place)
    return _digest(manifest)


def _files(folder: Path) -> dict[str, Path]:
    """All files but the manifest by relative name, sorted; refuses what could carry code."""
    check_files(folder)
    paths = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*")}
    found = {name: paths[name] for name in sorted(paths) if paths[name].is_file()}
    found.pop(MANIFEST, None)
    for name in found:
        # A line break in a name would let one manifest stand for two sets of files.
        if not name.isprintable():
            raise IntegrityError(f"{folder}: {name!a} is not a name for a model's file")
    return found


def _read_manifest(folder: Path, digest: str) -> dict[str, str]:
    path = folder / MANIFEST
    if path.is_symlink() or not path.is_file():
        raise IntegrityError(f"model {digest[:12]}: {MANIFEST} is missing")
    raw = path.read_bytes()
    if hashlib.sha256(raw).hexdigest() != digest:
        raise IntegrityError(f"model {digest[:12]}: {MANIFEST} is not the file that was registered")
    lines = raw.decode("utf-8").removesuffix("\n").split("\n")
    return {name: file_digest for file_digest, name in (line.split("  ", 1) for line in lines)}


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
