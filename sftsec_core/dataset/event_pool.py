"""The pool of a task that reads figures of earlier events: those of its events without a verdict.

Such a data set has every event already, since those that no one judged are counted too. A second
pull of a sample would give figures of a sample. So the pool is drawn from the data set, and a row
of it has the figures that the replay for the labelled rows computes at its place in the stream.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from sftsec_core.api.domain import Example, inputs_digest
from sftsec_core.dataset.pool import NO_LABEL, Pool, PooledIncident, plain_uid
from sftsec_core.dataset.sums import EVENT_POOL, POOL, check_sums

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from sftsec_core.api.domain import Incident, Inputs, Split
    from sftsec_core.api.settings.unlabelled import UnlabelledSettings
    from sftsec_core.dataset.snapshot import Snapshot

_KEY_BYTES = 8


@dataclass(frozen=True, slots=True)
class DrawnEvents:
    """Events of a data set that no one judged, of which a pool is made.

    Attributes:
        uids: theirs.
        counts: all of them, those drawn and those not, as `EVENT_POOL` adds them up.
    """

    uids: frozenset[str]
    counts: Mapping[str, int]


def draw_events(
    snapshot: Snapshot,
    settings: UnlabelledSettings,
    render: Callable[[Incident], Inputs],
    salt: bytes,
    until: datetime,
) -> DrawnEvents:
    """Draw events without a verdict; the same ones each time of the same data set.

    Of each content one event is drawn before a second of any: most events are of the few rules
    that fire all day, and there would be few others in a sample of all alike.

    Args:
        snapshot: of every event.
        settings: how many at most, and of which time before the newest event.
        render: reads an incident's own inputs, which are its content.
        salt: this site's: without it no one can choose what is drawn.
        until: what is dated later does not move the window.
    """
    judged = {uid for batch in snapshot.verdict_batches() for uid in batch["uid"].to_pylist()}
    since = _since(snapshot, settings, until)
    unjudged, uids, digests = 0, list[str](), list[str]()
    for incident in snapshot.incidents():
        if incident.uid in judged:
            continue
        unjudged += 1
        if since is None or (incident.at is not None and incident.at >= since):
            uids.append(incident.uid)
            digests.append(inputs_digest(render(incident)))
    rows = _draw(uids, digests, settings.max, salt)
    counts = {
        "unjudged": unjudged,
        "outside_window": unjudged - len(uids),
        "sampled_out": len(uids) - len(rows),
        "pool": len(rows),
    }
    check_sums("the pool's draw", counts, [EVENT_POOL])
    return DrawnEvents(frozenset(uids[row] for row in rows), counts)


def _since(snapshot: Snapshot, settings: UnlabelledSettings, until: datetime) -> datetime | None:
    newest = snapshot.manifest["span"][1]
    if isinstance(settings.window, str) or newest is None:
        return None
    return min(datetime.fromisoformat(newest), until) - settings.window


def _draw(uids: Sequence[str], digests: Sequence[str], most: int, salt: bytes) -> list[int]:
    """Places of the rows drawn: bottom-k by (how many of its content come before it, its key)."""
    keys = np.array([_key(uid, salt) for uid in uids], dtype=np.uint64)
    _, content = np.unique(np.array(digests, dtype=np.str_), return_inverse=True)
    order = np.lexsort((keys, content))
    ordered = content[order]
    begins = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if len(order) else order
    sizes = np.diff(np.r_[begins, len(order)])
    before = np.arange(len(order)) - np.repeat(begins, sizes)
    return [int(row) for row in order[np.lexsort((keys[order], before))][:most]]


def _key(uid: str, salt: bytes) -> int:
    raw = uid.encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(raw, digest_size=_KEY_BYTES, key=salt).digest(), "little")


def read_event_pool(
    snapshot: Snapshot,
    split: Split,
    drawn: DrawnEvents,
    render: Callable[[Incident], Inputs],
    figures: Callable[[str], Inputs],
    *,
    judged: Callable[[Sequence[str]], frozenset[str]],
) -> Pool:
    """Read drawn events and leave out what may not be learned from without a label.

    Events of one text are many there, and the leak check looks at uids and groups: so does this.

    Args:
        snapshot: of every event.
        split: of those with a label.
        drawn: events of the snapshot.
        render: reads an incident's own inputs.
        figures: of the events before one that was drawn, by its uid.
        judged: which of the uids have a verdict by now.

    Raises:
        IntegrityError: when the counts do not add up.
    """
    found = list(_rows(snapshot, drawn, render, figures))
    known = judged([own for _, own in found])
    unjudged = [row for row, own in found if own not in known]
    labelled = {example.digest for _, part in split.parts() for example in part}
    others = [row for row in unjudged if row.example.digest not in labelled]
    held_out = {group for part in (split.dev, split.test) for each in part for group in each.groups}
    kept = [row for row in others if held_out.isdisjoint(row.example.groups)]
    counts = {
        "pool": drawn.counts["pool"],
        "judged_since": len(found) - len(unjudged),
        "like_a_labelled_one": len(unjudged) - len(others),
        "held_out": len(others) - len(kept),
        "unlabelled": len(kept),
    }
    check_sums("the pool", counts, [POOL])
    return Pool(snapshot.digest, sorted(kept, key=lambda row: row.example.uid), counts)


def _rows(
    snapshot: Snapshot,
    drawn: DrawnEvents,
    render: Callable[[Incident], Inputs],
    figures: Callable[[str], Inputs],
) -> Iterator[tuple[PooledIncident, str]]:
    """Each row with the incident's own uid."""
    for (groups, digest), incident in zip(_places(snapshot), snapshot.incidents(), strict=True):
        uid = incident.uid
        if uid in drawn.uids:
            inputs = {**render(incident), **figures(uid)}
            example = Example(
                uid, inputs, NO_LABEL, groups=tuple(groups), at=incident.at, weight=0.0
            )
            yield PooledIncident(incident, example), plain_uid(uid, digest)


def _places(snapshot: Snapshot) -> Iterator[tuple[list[str], str]]:
    for batch in snapshot.batches(["groups", "digest"]):
        yield from zip(batch["groups"].to_pylist(), batch["digest"].to_pylist(), strict=True)
