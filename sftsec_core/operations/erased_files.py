"""Erase forgotten incidents from the files of the state folder.

What can be made again goes as a whole: data sets, parts of earlier pulls, caches, what runs keep to
be resumed. What cannot, reports and fingerprints, is written again without the incidents. All of it
may be called again after a kill.
"""

from __future__ import annotations

import json
import re
import shutil
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np

from sftsec_core.api.errors import SftsecError
from sftsec_core.dataset.parts import open_part
from sftsec_core.evaluation.report.html import write_report
from sftsec_core.evaluation.report.json import from_json
from sftsec_core.operations.drift_reference import JUDGED
from sftsec_core.operations.erased_texts import holds
from sftsec_core.operations.increments import FOLDER as INCREMENTS
from sftsec_core.operations.ingesting import DONE, POOL_DONE
from sftsec_core.operations.label_summaries import SUMMARIES
from sftsec_core.operations.label_suspects import SUSPECTS
from sftsec_core.operations.proposing import FINGERPRINTS, PROPOSED, SHARED_FILES
from sftsec_core.operations.score_files import SCORES
from sftsec_core.operations.self_training import PSEUDO_LABELS
from sftsec_core.operations.weak_labelling import WEAK_LABELS_FILE
from sftsec_core.operations.work_files import FOR_RESUMPTION
from sftsec_core.registry.card import decision_of
from sftsec_core.sdk.atomic import write_atomically
from sftsec_core.store.runs import LOG
from sftsec_core.store.staging import staging

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from sftsec_core.dataset.forgotten import Forgotten
    from sftsec_core.operations.context import Context
    from sftsec_core.operations.erased_texts import Learned
    from sftsec_core.store.pruning import RunState

FORGOTTEN = "(forgotten)"
_DIGEST_DIGITS = 64
# Files of a run that name incidents by their uids.
_BY_UID = (SUSPECTS, PSEUDO_LABELS, WEAK_LABELS_FILE)
_WORDS = re.compile(r"[^\s'\",;()]+")


class ErasedFiles:
    """Erases incidents from files, kind by kind."""

    def __init__(self, context: Context, gone: Forgotten, learned: Learned) -> None:
        """Take the state.

        Args:
            context: settings, store, registry, actor and event stream.
            gone: the incidents.
            learned: where they stand.
        """
        self._context = context
        self._gone = gone
        self._learned = learned
        self._connectors = tuple(context.settings.connectors)

    def runs(self) -> int:
        """Erase them from the folders of all runs; return how many runs were changed."""
        return sum(self._run(each) for each in self._context.store.pruning.run_states())

    def pulls(self) -> int:
        """Remove the parts of earlier pulls that hold one; return how many tasks had some."""
        root, removed = self._context.folder / INCREMENTS, 0
        for task in sorted(path for path in root.glob("*") if path.is_dir()):
            parts = sorted(path for path in task.glob("*/*") if path.is_dir())
            if any(map(self._held_by, parts)):
                with staging(root) as place:
                    task.rename(place / "0")
                removed += 1
        return removed

    def caches(self) -> int:
        """Remove all files that hold what others do, made again when needed; how many there were.

        Nothing in a cache names an incident in a way that could be looked up.
        """
        files = [
            path
            for name in (SCORES, SUMMARIES)
            for path in (self._context.folder / name).glob("*")
            if path.is_file()
        ]
        for path in files:
            path.unlink(missing_ok=True)
        return len(files)

    def snapshots(self) -> int:
        """Remove the data sets that hold one, the row first; return how many there were.

        A kill between the two leaves a folder that no row names: it goes as well.
        """
        store, removed = self._context.store, 0
        for digest in sorted(self._learned.snapshots | set(self._unnamed())):
            rows = [row for row in store.snapshots.list() if row.digest == digest]
            built = {row.task: row.created_at for row in rows}
            with staging(self._context.folder / "snapshots") as place:
                store.pruning.remove_snapshot(digest, built, {"reason": "forgotten incidents"})
                with suppress(FileNotFoundError):
                    (self._context.folder / "snapshots" / digest).rename(place / "0")
            if self._context.artifacts is not None:
                self._context.artifacts.remove("snapshots", digest)
            removed += 1
        return removed

    def _unnamed(self) -> Iterator[str]:
        """The data sets that no row names, and that hold one or cannot be read."""
        named = {row.digest for row in self._context.store.snapshots.list()}
        folders = [path for path in (self._context.folder / "snapshots").glob("*") if path.is_dir()]
        unnamed = [f for f in folders if len(f.name) == _DIGEST_DIGITS and f.name not in named]
        for folder in unnamed:
            if holds(folder, self._gone, self._connectors, self._context.vault):
                yield folder.name

    # --- runs

    def _run(self, run: RunState) -> bool:
        if not run.folder.is_dir():
            return False
        names = FOR_RESUMPTION if run.ended else (*FOR_RESUMPTION, DONE, POOL_DONE, PROPOSED)
        going = [path for name in names if (path := run.folder / name).exists()]
        for path in going:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        changed = [self._report(run), *map(self._named, self._files(run, _BY_UID))]
        changed += [self._prints(path) for path in self._files(run, (FINGERPRINTS, JUDGED))]
        changed += [self._log(path) for path in self._files(run, (LOG,))]
        if any(changed) and self._context.artifacts is not None:
            self._context.artifacts.remove("runs", run.folder.name)
            self._context.share(run.folder, SHARED_FILES)
        return bool(going) or any(changed)

    def _files(self, run: RunState, names: Iterable[str]) -> Iterator[Path]:
        return (path for name in names if (path := run.folder / name).is_file())

    def _report(self, run: RunState) -> bool:
        file, page = run.folder / "report.json", run.folder / "report.html"
        try:
            body = json.loads(file.read_text("utf-8"))
        except (OSError, ValueError):
            return False
        cleaned = self._cleaned(body)
        if cleaned == body:
            return False
        # The page first: after a kill in between the report still says that it is to be written.
        page.unlink(missing_ok=True)
        text = json.dumps(cleaned, indent=2) + "\n"
        with suppress(SftsecError):
            made = next(m for m in self._context.registry.models(run.task) if m.run_id == run.id)
            card = self._context.registry.card(made)
            write_report(from_json(text), decision_of(card), card, page, model=made.digest)
        write_atomically(file, text.encode())
        return True

    def _cleaned(self, value: Any) -> Any:  # noqa: ANN401 - a JSON value
        if isinstance(value, dict):
            return {name: self._cleaned(each) for name, each in value.items()}
        if isinstance(value, list):
            return [self._cleaned(each) for each in value if not self._is_of(each)]
        return FORGOTTEN if isinstance(value, str) and self._learned.tells(value) else value

    def _is_of(self, value: Any) -> bool:  # noqa: ANN401 - a JSON value
        uid = value.get("uid") if isinstance(value, dict) else None
        return isinstance(uid, str) and self._gone.has_row(uid, self._connectors)

    def _named(self, file: Path) -> bool:
        """Take the entries of incidents out of a file that has them by uid, at any depth."""

        def without(value: Any) -> Any:  # noqa: ANN401 - a JSON value
            if not isinstance(value, dict):
                return value
            kept = (k for k in value if not self._gone.has_row(k, self._connectors))
            return {name: without(value[name]) for name in kept}

        body = json.loads(file.read_bytes())
        if (cleaned := without(body)) == body:
            return False
        write_atomically(file, json.dumps(cleaned).encode())
        return True

    def _prints(self, file: Path) -> bool:
        """Take the fingerprints of their inputs out of a file."""
        try:
            rows = np.load(file, allow_pickle=False)
        except (OSError, ValueError):
            return False
        keys = rows["input"] if rows.dtype.names else rows
        kept = rows[~np.isin(keys, self._learned.inputs)]
        if len(kept) == len(rows):
            return False
        draft = file.with_name(f".{file.name}")
        with draft.open("wb") as stream:
            np.save(stream, kept, allow_pickle=False)
        draft.replace(file)
        return True

    def _log(self, file: Path) -> bool:
        lines = file.read_text("utf-8", "replace").splitlines(keepends=True)
        kept = [line for line in lines if not self._names_one(line)]
        if len(kept) == len(lines):
            return False
        write_atomically(file, "".join(kept).encode())
        return True

    def _names_one(self, line: str) -> bool:
        words = _WORDS.findall(line)
        named = any(self._gone.has_row(word, self._connectors) for word in words)
        return named or self._learned.tells(line)

    # --- pulls

    def _held_by(self, folder: Path) -> bool:
        part = open_part(folder, self._context.vault)
        if part is None:
            return True  # what cannot be read cannot be shown to hold nothing of them
        connectors = (part.facts.connector,) if part.facts.connector else self._connectors
        uids = part.rows(["uid"])["uid"].to_pylist()
        return any(self._gone.has_row(uid, connectors) for uid in uids)
