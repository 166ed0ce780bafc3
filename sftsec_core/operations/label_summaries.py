"""The summary of each task's verdicts, kept in the state folder: one file a task.

A dataset build writes it; where another data set or other `labels` came since, it is counted again.
It holds nothing that the snapshot does not, is encrypted as it is, and may be removed.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from typing import TYPE_CHECKING

from sftsec_core.api.errors import IntegrityError
from sftsec_core.dataset.label_summary import (
    LabelSummary,
    from_bytes,
    summarise,
    summary_key,
    to_bytes,
)
from sftsec_core.dataset.resolve import find_review
from sftsec_core.dataset.verdict_stats import verdict_stats
from sftsec_core.store.vault import create_file, open_file

if TYPE_CHECKING:
    from pathlib import Path

    from sftsec_core.dataset.snapshot import Snapshot
    from sftsec_core.operations.context import Context

SUMMARIES = "summaries"


def label_summary(context: Context, name: str, snapshot: Snapshot) -> LabelSummary:
    """The summary of a task's data set: the one that is kept, or a new one, which is then kept.

    Args:
        context: settings, store, registry, actor and event stream.
        name: the task.
        snapshot: its data set.
    """
    task, known = context.task(name), None
    with (
        suppress(OSError, ValueError, IntegrityError),
        open_file(_file(context, name), context.vault) as file,
    ):
        known = from_bytes(file.read())
    if known is not None and known.key == summary_key(snapshot, task):
        return known
    review = find_review(snapshot, task.labels, task.verdicts)
    stats = verdict_stats(snapshot, task.labels, task.verdicts)
    return keep_summary(context, name, summarise(snapshot, task, review, stats))


def keep_summary(context: Context, name: str, summary: LabelSummary) -> LabelSummary:
    """Keep a task's summary and return it; where nothing can be written none is kept."""
    file = _file(context, name)
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    with suppress(OSError):
        file.parent.mkdir(exist_ok=True)
        with create_file(draft, context.vault) as out:
            out.write(to_bytes(summary))
        draft.replace(file)
    return summary


def _file(context: Context, name: str) -> Path:
    # A task's name may be any text.
    return context.folder / SUMMARIES / f"{hashlib.sha256(name.encode()).hexdigest()[:32]}.json"
