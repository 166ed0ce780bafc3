"""A model's folder on disk: written whole or not at all, and recognised again by one digest.

`manifest.txt` lists the SHA-256 of every other file, sorted by name, in the format of the
`sha256sum` tool; the model's digest is the SHA-256 of that list. So a digest covers all that
decides (the weights, the tokenizer, the calibrator, the decider, the inputs), and an admin can
check it without sftsec::

    cd models/<digest> && sha256sum -c manifest.txt && sha256sum manifest.txt

What is told of a model (its card: the run, the times, the figures) is not part of it: two runs
that make the same model make the same digest. `cards/<digest of the card>/` beside the files holds
each run's card, sealed in the same way; the store and the audit log know its digest.

Only formats that cannot carry code are kept (`model_format.check_files`): a pickle is refused,
wherever it comes from.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from pathlib import Path

from sftsec_core.api.errors import IntegrityError
from sftsec_core.models.model_format import SIGNATURE, check_files
from sftsec_core.sdk.atomic import sync
from sftsec_core.store.staging import STAGING

MANIFEST = "manifest.txt"
CARDS = "cards"


def publish(built: Path, folder: Path, what: str = "model") -> tuple[str, Path]:
    """Seal a built model, or a card, and move it to its place, named by its digest.

    Args:
        built: the staging folder, complete but for its manifest.
        folder: where its like lie; made when it is first needed.
        what: "model" or "card", for messages.

    Returns:
        The digest, and the place. What lies there already is left alone, unless it was altered:
        then the files just built, which the digest is of, take its place; its cards stay.

    Raises:
        IntegrityError: when it holds a file that is not of a safe format.
    """
    digest = _seal(built)
    place = folder / digest
    folder.mkdir(exist_ok=True)
    if place.exists():
        try:
            verify_folder(place, digest, what)
        except IntegrityError:
            _set_aside(place, built, folder)
        else:
            return digest, place
    built.rename(place)
    sync(folder)
    return digest, place


def verify_folder(folder: Path, digest: str, what: str = "model") -> None:
    """Check every file of a model, or of a card, against its manifest, and that against the digest.

    Args:
        folder: where it lies.
        digest: the hex SHA-256 that it was registered under.
        what: "model" or "card", for messages.

    Raises:
        IntegrityError: naming the file that is missing, strange or not the one written.
    """
    name = f"{what} {digest[:12]}"
    if not folder.is_dir():
        raise IntegrityError(f"{name}: its folder {folder} is missing")
    expected = _read_manifest(folder, digest, name)
    found = _files(folder)
    for file in sorted(expected.keys() ^ found.keys()):
        state = "missing" if file in expected else f"not part of the {what}"
        raise IntegrityError(f"{name}: {file} is {state}")
    for file, path in found.items():
        if _digest(path) != expected[file]:
            raise IntegrityError(f"{name}: {file} is not the file that was registered")


def _set_aside(place: Path, built: Path, folder: Path) -> None:
    """Move an altered model out of the way of a sound one, which inherits its cards."""
    altered = Path(tempfile.mkdtemp(prefix=STAGING, dir=folder)) / "altered"
    place.rename(altered)
    cards = altered / CARDS
    if cards.is_dir() and not cards.is_symlink():
        cards.rename(built / CARDS)
    shutil.rmtree(altered.parent, ignore_errors=True)


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
    """All files of the model itself by relative name, sorted; refuses what could carry code.

    The manifest, the signature and the cards are not of the model; a card that carries code is
    refused too.
    """
    check_files(folder)
    paths = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*")}
    found = {name: paths[name] for name in sorted(paths) if paths[name].is_file()}
    found = {name: path for name, path in found.items() if not name.startswith(f"{CARDS}/")}
    for beside in (MANIFEST, SIGNATURE):
        found.pop(beside, None)
    for name in found:
        # A line break in a name would let one manifest stand for two sets of files.
        if not name.isprintable():
            raise IntegrityError(f"{folder}: {name!a} is not a name for a model's file")
    return found


def _read_manifest(folder: Path, digest: str, name: str) -> dict[str, str]:
    path = folder / MANIFEST
    if path.is_symlink() or not path.is_file():
        raise IntegrityError(f"{name}: {MANIFEST} is missing")
    raw = path.read_bytes()
    if hashlib.sha256(raw).hexdigest() != digest:
        raise IntegrityError(f"{name}: {MANIFEST} is not the file that was registered")
    lines = raw.decode("utf-8").removesuffix("\n").split("\n")
    return {name: file_digest for file_digest, name in (line.split("  ", 1) for line in lines)}


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
