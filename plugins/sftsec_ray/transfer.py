"""Files between a run's folder and a worker, in blocks; each one's digest is compared."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, Protocol

from sftsec_core.api import IntegrityError, TrainingError, TrainingInterruptedError
from sftsec_ray.files import (
    BLOCK,
    RESULTS,
    FileState,
    digest_of,
    inside,
    list_files,
    remove_others,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


class RemoteCalls(Protocol):
    """What reaches a `RemoteTraining`."""

    def call(self, method: str, *args: object) -> Any:  # noqa: ANN401 - a text or bytes
        """Call a method and wait for what it gives."""


def send_folder(worker: RemoteCalls, folder: Path, parts: Iterable[str], most: int) -> None:
    """Copy what lies below some folders to the worker.

    Raises:
        TrainingError: when it is more than `most` bytes.
        IntegrityError: when a file arrives as another one.
    """
    files = list_files(folder, parts)
    _bounded(files, most)
    for file in files:
        send_file(worker, folder / file.name, file.name)


def send_file(worker: RemoteCalls, path: Path, name: str) -> None:
    """Copy one file to the worker, as `name` below its folder.

    Raises:
        IntegrityError: when it arrives as another one.
    """
    with path.open("rb") as stream:
        first = True
        while (block := stream.read(BLOCK)) or first:
            worker.call("put", name, block, first)
            first = False
    if worker.call("digest", name) != digest_of(path):
        raise IntegrityError(f"{path} arrived at the node as another file")


class ResultsMirror:
    """Keeps the results in a run's folder equal to the worker's, by what has changed.

    A copy that breaks off leaves the folder as a kill of a training there would have: files arrive
    in the order in which they were written, and only what a worker has removed is removed.
    """

    def __init__(self, worker: RemoteCalls, folder: Path, most: int) -> None:
        """Take what the worker has now as known: it came from here.

        Args:
            worker: where the order is carried out.
            folder: the run's folder.
            most: bytes that may come at a time.
        """
        self._worker, self._folder, self._most = worker, folder, most
        self._known = {file.name: file for file in self._list(0)[0]}

    def update(self, settled_s: float) -> None:
        """Fetch what has changed and was left alone for `settled_s`; 0: all that there is.

        Raises:
            IntegrityError: when with 0 a file arrives as another one.
            TrainingError: when it is more than may come.
            TrainingInterruptedError: when the run's folder is not there any more.
        """
        files, complete = self._list(settled_s)
        new = [file for file in files if self._known.get(file.name) != file]
        _bounded(new, self._most)
        for file in new:
            if not self._fetch(file):
                if not settled_s:
                    raise IntegrityError(f"{file.name} arrived from the node as another file")
                return  # it was written meanwhile; those after it are newer
            self._known[file.name] = file
        if complete:
            remove_others(self._folder, RESULTS, [file.name for file in files])

    def _list(self, settled_s: float) -> tuple[list[FileState], bool]:
        given = json.loads(self._worker.call("results", settled_s))
        return [FileState.of_json(file) for file in given["files"]], bool(given["all"])

    def _fetch(self, file: FileState) -> bool:
        """Copy a file, by a draft beside it; False when it was written meanwhile."""
        if not self._folder.is_dir():
            raise TrainingInterruptedError(f"{self._folder} is not there any more")
        path = inside(self._folder, file.name)
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            with draft.open("wb") as stream:
                while block := self._worker.call("read", file.name, stream.tell()):
                    stream.write(block)
                    if stream.tell() > file.size:
                        return False
                stream.flush()
                os.fsync(stream.fileno())
            if self._worker.call("digest", file.name) != digest_of(draft):
                return False
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
        return True


def _bounded(files: Iterable[FileState], most: int) -> None:
    size = sum(file.size for file in files)
    if size > most:
        raise TrainingError(
            f"{size:,} bytes of the run's folder would travel, and the launcher's `most` allows "
            f"{most:,}: raise it, or let the nodes read a shared folder (`shared: true`)"
        )
