"""The file of a backup: a tar whose last member lists all others with their digests.

It is written under another name, private to its owner, and gets its own name when it is whole and
on the disk. Reading it trusts nothing: only plain files that the list names are taken out, each is
compared with its digest, and no name leads out of the folder.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Any, Self

from sftsec_core.api.errors import IntegrityError, StoreError
from sftsec_core.sdk.atomic import sync

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from types import TracebackType

FORMAT = 1
_LIST = "manifest.json"
_CHUNK = 1 << 20
_PRIVATE = 0o600


class BackupWriter:
    """Writes a backup; a context manager. Without `finish` nothing is left."""

    def __init__(self, path: Path) -> None:
        """Begin a file.

        Raises:
            StoreError: when there is one already, or it cannot be made.
        """
        if path.exists():
            raise StoreError(f"{path} is there already: name another file")
        self._path = path
        self._draft = path.with_name(f".{path.name}.{os.getpid()}.draft")
        for left in path.parent.glob(f".{path.name}.*.draft"):
            left.unlink(missing_ok=True)  # of a call that was killed
        try:
            handle = os.open(self._draft, os.O_CREAT | os.O_EXCL | os.O_RDWR, _PRIVATE)
        except OSError as error:
            raise StoreError(f"{path} cannot be written: {error.strerror or error}") from error
        self._file = os.fdopen(handle, "wb")
        self._tar = tarfile.open(fileobj=self._file, mode="w", format=tarfile.PAX_FORMAT)  # noqa: SIM115 - closed with the writer
        self._files: dict[str, dict[str, Any]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()
        self._draft.unlink(missing_ok=True)

    def add(self, name: str, path: Path) -> None:
        """Add a file under a name.

        Raises:
            StoreError: when it went or shrank meanwhile.
        """
        try:
            with path.open("rb") as source:
                size = os.fstat(source.fileno()).st_size
                hashed = _Hashed(source)
                self._tar.addfile(_member(name, size), hashed)
        except OSError as error:
            why = error.strerror or error
            raise StoreError(f"{path} changed while it was copied ({why}): run again") from error
        self._files[name] = {"bytes": size, "sha256": hashed.digest.hexdigest()}

    def add_folder(self, name: str, folder: Path, *, leave: Collection[str] = ()) -> None:
        """Add all files below a folder, but what lies under one of the names in `leave`."""
        directory = tarfile.TarInfo(name)
        directory.type, directory.mode = tarfile.DIRTYPE, 0o700
        self._tar.addfile(directory)
        for path in sorted(folder.rglob("*")):
            inside = path.relative_to(folder)
            if inside.parts[0] not in leave and path.is_file() and not path.is_symlink():
                self.add(f"{name}/{inside.as_posix()}", path)

    def finish(self, facts: Mapping[str, Any]) -> int:
        """Add the list with what else is told of the backup; return the file's size in bytes."""
        listed = {"format": FORMAT, **facts, "files": self._files}
        content = json.dumps(listed, indent=1, sort_keys=True).encode()
        self._tar.addfile(_member(_LIST, len(content)), io.BytesIO(content))
        self._tar.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        size = self._file.tell()
        os.link(self._draft, self._path)  # unlike a rename, it replaces nothing
        sync(self._path.parent)
        return size


class BackupReader:
    """Reads a backup; a context manager.

    Attributes:
        facts: what its list says.
    """

    def __init__(self, path: Path) -> None:
        """Open a file and read its list.

        Raises:
            StoreError: when it cannot be read, or a newer version wrote it.
            IntegrityError: when it is no backup, or not a whole one.
        """
        self._path = path
        try:
            self._tar = tarfile.open(path, mode="r:")  # noqa: SIM115 - closed with the reader
        except tarfile.TarError as error:
            raise self._damaged(f"it is no backup: {error}") from error
        except OSError as error:
            raise StoreError(f"{path} cannot be read: {error.strerror or error}") from error
        try:
            self.facts: Mapping[str, Any] = json.loads(self._read_list())
            self._files: Mapping[str, Mapping[str, Any]] = self.facts["files"]
            version = self.facts["format"]
        except (tarfile.TarError, OSError, ValueError, KeyError, TypeError) as error:
            self._tar.close()
            raise self._damaged("it has no list of its files, so it is not whole") from error
        if version != FORMAT:
            self._tar.close()
            raise StoreError(f"{path} is of format {version}, which a newer sftsec wrote")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._tar.close()

    def extract(self, folder: Path) -> None:
        """Write all files below a folder, and compare each with its digest.

        Raises:
            IntegrityError: naming the file that is missing, was added or was changed.
            OSError: when there is no room.
        """
        left = dict(self._files)
        try:
            for member in self._tar:
                if member.isdir():
                    (folder / _safe(member.name)).mkdir(parents=True, exist_ok=True)
                elif member.name != _LIST:
                    self._extract(member, folder, left.pop(member.name, None))
        except tarfile.TarError as error:
            raise self._damaged(str(error)) from error
        except ValueError as error:
            raise self._damaged(f"{error} leads out of it") from error
        if left:
            raise self._damaged(f"{min(left)} is missing")

    def _extract(
        self, member: tarfile.TarInfo, folder: Path, listed: Mapping[str, Any] | None
    ) -> None:
        stream = self._tar.extractfile(member) if member.isreg() else None
        if listed is None or stream is None:
            raise self._damaged(f"{member.name!a} is not one of its files")
        path = folder / _safe(member.name)
        path.parent.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256()
        with stream, path.open("xb") as out:
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
                out.write(chunk)
            out.flush()
            os.fsync(out.fileno())
        if digest.hexdigest() != listed["sha256"]:
            raise self._damaged(f"{member.name} is not the file that was written")

    def _read_list(self) -> bytes:
        stream = self._tar.extractfile(_LIST)
        if stream is None:
            raise KeyError(_LIST)
        with stream:
            return stream.read()

    def _damaged(self, why: str) -> IntegrityError:
        return IntegrityError(f"{self._path}: {why}; use another backup")


class _Hashed:
    """A stream that sums what is read from it."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.digest = hashlib.sha256()

    def read(self, size: int = -1, /) -> bytes:
        chunk = self._stream.read(size)
        self.digest.update(chunk)
        return chunk


def _member(name: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, _PRIVATE
    return member


def _safe(name: str) -> PurePosixPath:
    """A name below the folder.

    Raises:
        ValueError: when it is none.
    """
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.parts:
        raise ValueError(f"{name!a}")
    return path
