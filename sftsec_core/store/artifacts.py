"""A place that hosts share for models, snapshots and training fingerprints: a folder or fsspec URL.

    <place>/site.json                        tells the site's salt from another one
    <place>/models/<digest>/<sha256>         one file of a folder, named by its content
    <place>/models/<digest>/index.json       the folder's files with their digests; written last

What another host needs is uploaded before a row of the database names it, and downloaded where
it is missing. A file is named by its content: an upload or a download that was killed goes on
with what is not there yet, and each file is read again and compared with its name after every
transfer. A folder without its index is not there; it appears on a host when it is whole.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sftsec_core.api.errors import ConfigError, IntegrityError, SftsecError, StoreError
from sftsec_core.api.settings.secrets import is_reference
from sftsec_core.sdk.atomic import sync, write_atomically
from sftsec_core.store.scrub import hide_url_passwords
from sftsec_core.store.staging import locked

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

INDEX = "index.json"
_SITE = "site.json"
_FETCHING = ".fetching-"
_CHUNK = 1 << 20
_EXTRAS = {"s3": "s3", "gs": "gs", "gcs": "gs", "abfs": "abfs", "abfss": "abfs", "az": "abfs"}
_REMEDY = "call sftsec store share on a host that has it"


class Artifacts:
    """The shared place; safe for several hosts at once."""

    def __init__(self, url: str, base: Path) -> None:
        """Take a place; nothing is asked yet.

        Args:
            url: a folder, relative to `base`, or a URL that fsspec knows.
            base: the folder of sftsec.yaml.

        Raises:
            ConfigError: when the URL is of no kind that is known, its extra is not installed, or
                it holds a password.
        """
        if ":" in url and "://" not in url and is_reference(url):
            raise ConfigError("write the folder or the URL itself", path="state.artifacts")
        self.place = url if "://" in url else str((base / url).absolute())
        protocol = url.split("://", maxsplit=1)[0] if "://" in url else "file"
        if "@" in url.partition("://")[2].partition("/")[0] and protocol not in ("abfs", "abfss"):
            raise ConfigError(
                "credentials do not stand in the URL: give them as the storage's own library "
                "reads them (environment, profile, role)",
                path="state.artifacts",
            )
        from fsspec.core import url_to_fs

        try:
            # A listing that was kept would hide what another host has uploaded since.
            self._fs, root = url_to_fs(
                self.place, use_listings_cache=False, skip_instance_cache=True
            )
        except (ImportError, ValueError) as error:
            extra = _EXTRAS.get(protocol)
            hint = f"pip install 'sftsec[{extra}]'" if extra else "s3, gs, abfs, file or a folder"
            message = f"{protocol}:// cannot be used: {hint}"
            raise ConfigError(message, path="state.artifacts") from error
        self._root = root.rstrip("/")
        self._renames = protocol in ("file", "local")

    # --- folders

    def push(
        self, kind: str, folder: Path, only: Sequence[str] | None = None, *, again: bool = False
    ) -> int:
        """Upload a folder under its name, or what is new in it; return how many files were new.

        Args:
            kind: "models", "snapshots" or "runs".
            folder: whole, and not changed meanwhile.
            only: the names of these files in it, as far as they are there; default: all.
            again: compare what is there already too.

        Raises:
            StoreError: when the place cannot be reached or written.
            IntegrityError: when a file does not arrive as it was sent.
        """
        with self._reaching():
            known = dict(self._index(kind, folder.name) or {})
            found = folder.rglob("*") if only is None else (folder / name for name in only)
            paths = sorted(path for path in found if path.is_file())
            mine = {p.relative_to(folder).as_posix(): p for p in paths if not p.is_symlink()}
            digests = {name: _digest_of(path) for name, path in mine.items()}
            new = {name: d for name, d in digests.items() if known.get(name) != d}
            sent = 0
            for name, digest in (digests if again else new).items():
                sent += self._upload(mine[name], self._path(kind, folder.name, digest))
            if new:
                content = json.dumps({"files": {**known, **digests}}, sort_keys=True)
                self._write(self._path(kind, folder.name, INDEX), content.encode())
        return sent

    def fetch(self, kind: str, folder: Path) -> bool:
        """Download a folder, or what is missing of it; False where the place has none.

        Args:
            kind: "models", "snapshots" or "runs".
            folder: where it belongs; it appears when it is whole.

        Raises:
            StoreError: when the place cannot be reached.
            IntegrityError: when a file of it is missing or damaged; nothing gets its place.
        """
        with self._reaching():
            index = self._index(kind, folder.name)
        if index is None:
            return False
        with locked(folder.parent):
            draft = folder.with_name(_FETCHING + folder.name)
            for name, digest in index.items():
                if not _is(folder / name, digest):
                    with self._reaching():
                        self._download(kind, folder.name, name, digest, draft / name)
            if draft.is_dir():
                _merge(draft, folder)
        return True

    def has(self, kind: str, name: str) -> bool:
        """Whether the place has a folder of this name."""
        with self._reaching():
            return self._index(kind, name) is not None

    def remove(self, kind: str, name: str) -> None:
        """Remove a folder, its index first; without effect where there is none."""
        with self._reaching():
            index = self._path(kind, name, INDEX)
            if self._fs.exists(index):
                self._fs.rm_file(index)
            if self._fs.exists(self._path(kind, name)):
                self._fs.rm(self._path(kind, name), recursive=True)

    def check_salt(self, mark: str | None) -> None:
        """Let a host pass that has the salt of the site; the first one says which it is.

        Args:
            mark: tells the host's salt from another; None where it has none yet.

        Raises:
            ConfigError: when it has another one, or none and the site has one.
        """
        with self._reaching():
            path = self._path(_SITE)
            if not self._fs.exists(path):
                if mark is None:
                    return
                self._write(path, json.dumps({"salt": mark}).encode())
            site = json.loads(self._fs.cat_file(path))["salt"]
        if site != mark:
            what = "this host has no salt yet" if mark is None else "this host's salt is another"
            raise ConfigError(
                f"{what}: copy the file `salt` of the state folder from a host of this site; "
                "placeholders and uids would differ",
                path="state.artifacts",
            )

    def __repr__(self) -> str:
        return f"Artifacts({self.place!r})"

    # --- inside

    def _path(self, *parts: str) -> str:
        return "/".join((self._root, *parts))

    def _index(self, kind: str, name: str) -> Mapping[str, str] | None:
        """The files of a folder with their digests; None where it is not there."""
        path = self._path(kind, name, INDEX)
        if not self._fs.exists(path):
            return None
        try:
            files = json.loads(self._fs.cat_file(path))["files"]
            return {str(n): str(d) for n, d in files.items() if _is_safe(n)}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            message = f"{self.place}: {kind}/{name}/{INDEX} is damaged; {_REMEDY}"
            raise IntegrityError(message) from error

    def _upload(self, source: Path, path: str) -> bool:
        """Upload a file unless it is there as it should be; return whether it was sent."""
        digest = path.rpartition("/")[2]
        if self._fs.exists(path) and self._digest(path) == digest:
            return False
        if self._renames:
            draft = f"{path}.{uuid4().hex}"
            self._fs.makedirs(path.rpartition("/")[0], exist_ok=True)
            self._fs.put_file(str(source), draft)
            self._fs.mv(draft, path)
        else:
            self._fs.put_file(str(source), path)
        if self._digest(path) != digest:
            raise IntegrityError(f"{self.place}: {path} is not what was sent; {_REMEDY}")
        return True

    def _download(self, kind: str, folder: str, name: str, digest: str, target: Path) -> None:
        if _is(target, digest):  # of a call that was killed
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        path = self._path(kind, folder, digest)
        if not self._fs.exists(path):
            raise IntegrityError(f"{self.place}: {kind}/{folder}: {name} is missing; {_REMEDY}")
        self._fs.get_file(path, str(target))
        if not _is(target, digest):
            target.unlink(missing_ok=True)
            raise IntegrityError(f"{self.place}: {kind}/{folder}: {name} is damaged; {_REMEDY}")
        sync(target)

    def _write(self, path: str, content: bytes) -> None:
        if self._renames:
            self._fs.makedirs(path.rpartition("/")[0], exist_ok=True)
            write_atomically(Path(path), content)
        else:
            self._fs.pipe_file(path, content)

    def _digest(self, path: str) -> str:
        with self._fs.open(path, "rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()

    @contextmanager
    def _reaching(self) -> Iterator[None]:
        try:
            yield
        except SftsecError:
            raise
        except Exception as error:
            # Each kind of storage raises errors of its own, of no common base.
            reason = hide_url_passwords(" ".join(f"{type(error).__name__}: {error}".split()))
            raise StoreError(f"state.artifacts: {self.place}: {reason}") from error


def _is_safe(name: Any) -> bool:  # noqa: ANN401 - of JSON
    if not isinstance(name, str) or name.startswith("/") or ".." in name.split("/"):
        raise ValueError(name)
    return True


def _digest_of(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _is(path: Path, digest: str) -> bool:
    return path.is_file() and _digest_of(path) == digest


def _merge(draft: Path, folder: Path) -> None:
    """Give what was downloaded its place: as a whole, or file by file beside what is there."""
    if not folder.exists():
        draft.rename(folder)
    else:
        for path in sorted(p for p in draft.rglob("*") if p.is_file()):
            target = folder / path.relative_to(draft)
            target.parent.mkdir(parents=True, exist_ok=True)
            path.replace(target)
        shutil.rmtree(draft)
    sync(folder.parent)
