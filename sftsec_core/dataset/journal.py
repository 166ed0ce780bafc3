"""The work folder of an ingest: which parts of the pull are on disk, so that a kill loses few.

Pages are gathered into chunks: parts that go with the work folder. Where a connector says what its
pull is made of (`PullsParts`), each part is kept in a store beside, and a later ingest takes those
that did not change. `progress.json` follows the parts and says which of them count.
"""

from __future__ import annotations

import shutil
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

import orjson

from sftsec_core.api.errors import DataError
from sftsec_core.dataset.parts import PartDraft, StoredPart, open_part
from sftsec_core.sdk.atomic import write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from sftsec_core.store.vault import Vault

_PROGRESS = "progress.json"
_DRAFT = ".draft"
_CHUNK = "chunk"


@dataclass(slots=True)
class Progress:
    """How far an ingest got.

    Attributes:
        plan: digest of what the ingest was asked for; another plan cannot resume here.
        cursor: after the last page that counts; None before the first.
        parts: the folders of those that count, in the order of the pull, each with its connector.
        begun: the part of a connector that is not read to its end, how many folders there are of
            it, and the cursor inside it.
    """

    plan: str
    cursor: str | None = None
    parts: list[tuple[str, str]] = field(default_factory=list)
    begun: tuple[str, int, str] | None = None


class PartStore:
    """Parts that stay from one ingest to the next, by names that their connector gives.

    A part that is large lies in several folders, `NAME.0`, `NAME.1` ...; `NAME.json` follows them.
    """

    def __init__(self, folder: Path) -> None:
        """Take the folder, which is made when missing."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder

    def known(self, name: str) -> tuple[int, str] | None:
        """In how many folders a part lies, and its proof; None where it is not there."""
        try:
            count, proof = orjson.loads((self.folder / f"{name}.json").read_bytes())
        except (OSError, ValueError, TypeError):
            return None
        return count, proof

    def commit(self, name: str, count: int, proof: str) -> None:
        """Say that a part is whole."""
        write_atomically(self.folder / f"{name}.json", orjson.dumps([count, proof]))

    def forget(self, name: str) -> None:
        """Say that a part is to be made again, before its folders are written over."""
        (self.folder / f"{name}.json").unlink(missing_ok=True)

    def prune(self, used: Iterable[str]) -> None:
        """Remove the parts whose folders are not among those used."""
        folders = set(used)
        names = {folder.rpartition(".")[0] for folder in folders}
        for path in self.folder.iterdir():
            if path.is_dir() and path.name not in folders:
                shutil.rmtree(path, ignore_errors=True)
            elif path.suffix == ".json" and path.stem not in names:
                path.unlink()


class Journal:
    """Reads and writes the progress and the parts of one ingest."""

    def __init__(
        self, folder: Path, plan: str, vault: Vault | None = None, kept: PartStore | None = None
    ) -> None:
        """Continue from what an earlier run left, or begin.

        Args:
            folder: the work folder, which is made when missing.
            plan: digest of what is asked for.
            vault: the keys of an encrypted state.
            kept: the parts of earlier ingests; None keeps none for later ones.

        Raises:
            DataError: when the earlier run had another plan.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.kept = kept or PartStore(folder / "parts")
        self._vault = vault
        self.progress = read_progress(folder) or Progress(plan)
        if self.progress.plan != plan:
            raise DataError(
                f"{folder} holds a build that was begun with other settings or by another "
                "version; remove the folder to start again"
            )

    def draft(self) -> PartDraft:
        """A part to write; there is one at a time."""
        return PartDraft(self.folder / _DRAFT, self._vault)

    def next_chunk(self) -> Path:
        """Where the next chunk of pages goes."""
        return self.folder / f"{_CHUNK}.{len(self.progress.parts):05d}"

    def kept_folder(self, name: str, number: int) -> Path:
        """Where a folder of a connector's part lies."""
        return self.kept.folder / f"{name}.{number}"

    def add(self, folder: Path, connector: str) -> None:
        """Count a part."""
        self.progress.parts.append((folder.name, connector))

    def begin_connector(self, connector: str) -> None:
        """Count none of a connector's parts: it names them again."""
        parts = self.progress.parts
        parts[:] = [each for each in parts if each[1] != connector]

    def save(self) -> None:
        """Write the progress."""
        raw = orjson.dumps(asdict(self.progress), option=orjson.OPT_SORT_KEYS)
        write_atomically(self.folder / _PROGRESS, raw)

    def known(self, name: str) -> tuple[list[StoredPart], str] | None:
        """A kept part, with its proof; None where a folder of it cannot be read."""
        found = self.kept.known(name)
        if found is None:
            return None
        parts = []
        for number in range(found[0]):
            part = open_part(self.kept_folder(name, number), self._vault)
            if part is None:
                return None
            parts.append(part)
        return parts, found[1]

    def parts(self) -> Iterator[StoredPart]:
        """All parts that count, in the order of the pull.

        Raises:
            DataError: when one is not there any more.
        """
        for name, _ in self.progress.parts:
            place = self.folder if name.startswith(f"{_CHUNK}.") else self.kept.folder
            found = open_part(place / name, self._vault)
            if found is None:
                raise DataError(f"{place / name} cannot be read: run the same command again")
            yield found

    def close(self) -> None:
        """Remove the work folder, and of the kept parts those that do not count."""
        # First what makes the folder one to resume: a kill amid the removal leaves none of it.
        (self.folder / _PROGRESS).unlink(missing_ok=True)
        self.kept.prune(name for name, _ in self.progress.parts)
        shutil.rmtree(self.folder)


def read_progress(folder: Path) -> Progress | None:
    """What `progress.json` of a work folder says; None when there is none."""
    path = folder / _PROGRESS
    if not path.exists():
        return None
    said = orjson.loads(path.read_bytes())
    begun = said.get("begun")
    parts = [(str(name), str(connector)) for name, connector in said.get("parts", ())]
    return Progress(said["plan"], said["cursor"], parts, None if begun is None else tuple(begun))
