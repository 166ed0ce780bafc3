"""The pool: incidents without a verdict, kept beside the labelled ones and apart from them.

A pool is a snapshot without verdicts. No row of it is ever evaluated on, or counts as benign. An
incident that was judged since, that is a copy of a labelled one, or that is in dev or test by its
text, a text near to it or a group, is left out when the pool is read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sftsec_core.api.domain import Example
from sftsec_core.dataset.leaks import near_to
from sftsec_core.dataset.sums import POOL, check_sums

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from sftsec_core.api.domain import Incident, Inputs, Split
    from sftsec_core.api.settings.task import DedupeSettings
    from sftsec_core.dataset.snapshot import Snapshot

NO_LABEL = ""


@dataclass(frozen=True, slots=True)
class PooledIncident:
    """An incident of a pool.

    Attributes:
        incident: cleaned, with the fields that the task keeps.
        example: what a model reads of it; its label is "" and its weight 0, and its cluster -1,
            since those of the pool are not those of the labelled ones.
    """

    incident: Incident
    example: Example


@dataclass(frozen=True, slots=True)
class Pool:
    """The unlabelled incidents that may be learned from.

    Attributes:
        snapshot: digest of the snapshot that they are from.
        rows: in the order of their uids.
        counts: the rows left out by reason, and those that are not, as `POOL` adds them up.
    """

    snapshot: str
    rows: Sequence[PooledIncident]
    counts: Mapping[str, int]


def read_pool(
    pool: Snapshot,
    labelled: Snapshot,
    split: Split,
    render: Callable[[Incident], Inputs],
    *,
    judged: Callable[[Sequence[str]], frozenset[str]],
    dedupe: DedupeSettings,
) -> Pool:
    """Read a pool and leave out what may not be learned from without a label.

    Args:
        pool: the unlabelled incidents.
        labelled: those with a verdict.
        split: of those; what is like dev or test is left out.
        render: reads an incident's inputs.
        judged: which of the uids have a verdict by now.
        dedupe: when texts count as near.

    Raises:
        IntegrityError: when the counts do not add up.
    """
    uids, digests = _known(labelled)
    found = list(_rows(pool, render))
    uids |= judged([name for _, name in found])
    unjudged = [row for row, name in found if name not in uids]
    others = [row for row in unjudged if row.example.digest not in digests]
    kept = _apart(others, (*split.dev, *split.test), dedupe)
    counts = {
        "pool": pool.counts["kept"],
        "judged_since": len(found) - len(unjudged),
        "like_a_labelled_one": len(unjudged) - len(others),
        "held_out": len(others) - len(kept),
        "unlabelled": len(kept),
    }
    check_sums("the pool", counts, [POOL])
    return Pool(pool.digest, sorted(kept, key=lambda row: row.example.uid), counts)


def _known(labelled: Snapshot) -> tuple[set[str], set[str]]:
    """The uids and the digests of the rows with a verdict."""
    uids, digests = set[str](), set[str]()
    for batch in labelled.batches(["uid", "digest"]):
        uids.update(map(plain_uid, batch["uid"].to_pylist(), batch["digest"].to_pylist()))
        digests.update(batch["digest"].to_pylist())
    return uids, digests


def _rows(
    pool: Snapshot, render: Callable[[Incident], Inputs]
) -> Iterator[tuple[PooledIncident, str]]:
    """Each row with the incident's own uid."""
    groups = (each for b in pool.batches(["groups"]) for each in b["groups"].to_pylist())
    for incident, own in zip(pool.incidents(), groups, strict=True):
        example = Example(
            incident.uid, render(incident), NO_LABEL, groups=tuple(own), at=incident.at, weight=0.0
        )
        yield PooledIncident(incident, example), plain_uid(incident.uid, example.digest)


def plain_uid(uid: str, digest: str) -> str:
    """An incident's uid, of the row's, which names its content too where two share the uid."""
    return uid.removesuffix(f"~{digest}")


def _apart(
    rows: Sequence[PooledIncident], held_out: Sequence[Example], dedupe: DedupeSettings
) -> list[PooledIncident]:
    """The rows that are in no way in dev or test."""
    near = near_to([row.example for row in rows], held_out, dedupe)
    groups = {group for example in held_out for group in example.groups}
    return [
        row for row in rows if row.example.uid not in near and groups.isdisjoint(row.example.groups)
    ]
