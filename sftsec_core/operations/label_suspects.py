"""Labels that a transform wants looked at again: on `labels review` until there is a new verdict.

A suspect is kept with a digest of the verdicts on it. Whatever is said of the incident later, the
same label too, changes that: it is answered, and is not asked about again.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from sftsec_core.api.domain import Message
from sftsec_core.dataset.resolve import ReviewItem
from sftsec_core.sdk.atomic import write_atomically

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from sftsec_core.dataset.snapshot import Snapshot
    from sftsec_core.operations.context import Context
    from sftsec_core.operations.running import Run

SUSPECTS = "label_suspects.json"
_RUNS = 50  # how many of a task's newest runs are looked through


def keep_suspects(run: Run, snapshot: Snapshot, suspects: Mapping[str, str]) -> None:
    """Keep in the run's folder what `labels review` shows.

    Args:
        run: the run under way.
        snapshot: of the labelled incidents.
        suspects: a row's uid to why its label should be looked at again.
    """
    if not suspects:
        return
    before = _newest(run.context, run.spec.name).get("verdicts", {})
    now = _digests(snapshot, suspects)
    # What was said when it was first suspected stays: an answer since is not asked for again.
    known = {uid: before.get(uid, digest) for uid, digest in sorted(now.items())}
    reasons = dict(sorted(suspects.items()))
    kept = {"snapshot": snapshot.digest, "reasons": reasons, "verdicts": known}
    write_atomically(run.folder / SUSPECTS, json.dumps(kept).encode())
    waiting = sum(known[uid] == digest for uid, digest in now.items())
    text = f"{waiting:,} labels look wrong: sftsec labels review {run.spec.name}"
    run.emit(Message(text=text, level="warning" if waiting else "info"))


def waiting_suspects(context: Context, name: str, snapshot: Snapshot) -> list[ReviewItem]:
    """The suspects of a data set on which nothing was said since they were first suspected.

    Args:
        context: settings, store, registry, actor and event stream.
        name: the task.
        snapshot: its newest data set; suspects of another one are not shown.
    """
    found = _newest(context, name)
    if found.get("snapshot") != snapshot.digest:
        return []
    known, now = found["verdicts"], _digests(snapshot, found["reasons"])
    return [
        ReviewItem(uid, reason)
        for uid, reason in found["reasons"].items()
        if uid in now and known.get(uid) == now[uid]
    ]


def _newest(context: Context, name: str) -> dict[str, Any]:
    """What the newest run that has suspects has kept; {} where there is none."""
    for info in context.store.runs.list(name, limit=_RUNS):
        try:
            text = (context.at_hand(info.folder) / SUSPECTS).read_text("utf-8")
            found: dict[str, Any] = json.loads(text)
        except (OSError, ValueError):
            continue
        return found
    return {}


def _digests(snapshot: Snapshot, uids: Collection[str]) -> dict[str, str]:
    """A row's uid to a digest of all verdicts on it, in the order of the pull."""
    wanted, said = pa.array(sorted(uids), pa.string()), dict[str, list[str]]()
    for batch in snapshot.verdict_batches():
        for row in batch.filter(pc.is_in(batch["uid"], wanted)).to_pylist():
            words = [row["value"], row["analyst"], row["at"] and row["at"].isoformat()]
            said.setdefault(row["uid"], []).append(json.dumps(words))
    return {
        uid: hashlib.sha256("\n".join(sorted(each)).encode()).hexdigest()
        for uid, each in said.items()
    }
