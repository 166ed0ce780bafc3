"""Counts that must add up: what was left out somewhere is counted there, and nothing is lost.

Each result passes through `check_sums` before it is recorded, and the same sums stand in the
JSON of the commands.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sftsec_core.api.errors import IntegrityError


@dataclass(frozen=True, slots=True)
class Sum:
    """Counts that together come to other counts, all by their names.

    Attributes:
        whole: the names on the one side, most often one.
        parts: the names on the other side.
    """

    whole: tuple[str, ...]
    parts: tuple[str, ...]


INGEST = Sum(
    ("read",),
    (
        "kept",
        "same",
        "exact_duplicates",
        "near_duplicates",
        "empty",
        "rejected",
        "dropped_by_steps",
    ),
)
# Of a pool: what was left out of the random sample, before it was compared with others or after.
SAMPLED_INGEST = Sum(INGEST.whole, (*INGEST.parts, "sampled_out"))
POOL = Sum(("pool",), ("unlabelled", "judged_since", "like_a_labelled_one", "held_out"))
# Of a pool that is drawn from a data set of every event.
EVENT_POOL = Sum(("unjudged",), ("pool", "outside_window", "sampled_out"))
SELF_TRAINING = Sum(
    ("unlabelled",), ("not_read", "unsure", "beyond_proportion", "left_out_by_dev", "added")
)
# Of labels of labelling functions.
WEAK_LABELS = Sum(
    ("unlabelled",), ("no_label", "unsure", "beyond_ratio", "left_out_by_dev", "added")
)
DATASET = (
    Sum(("rows",), ("labelled", "unlabelled")),
    Sum(("labelled", "repeated_by_split"), ("train", "dev", "test", "left_out_by_split")),
)

SCORING = (
    Sum(("pulled",), ("already_labelled", "scored", "empty", "dropped_by_steps", "rejected")),
    Sum(("scored",), ("dismissed", "review", "alerts")),
    Sum(("alerts",), ("suppressed", "detections")),
    Sum(("detections",), ("new", "in_outbox")),
)
DELIVERY = Sum(
    ("alerts", "resumed"),
    ("suppressed", "in_outbox", "written", "duplicates", "refused", "pending"),
)


def check_sums(what: str, counts: Mapping[str, int], sums: Iterable[Sum]) -> None:
    """Check that counts add up and that none is negative.

    Args:
        what: what was counted, for the message.
        counts: by name; each name of the sums is among them.
        sums: what must hold.

    Raises:
        IntegrityError: when one does not; it gives the figures.
    """
    for each in sums:
        names = (*each.whole, *each.parts)
        whole, parts = (sum(counts[n] for n in side) for side in (each.whole, each.parts))
        if whole != parts or any(counts[name] < 0 for name in names):
            raise IntegrityError(
                f"the counts of {what} do not add up: {_said(each.whole, counts)} is not "
                f"{_said(each.parts, counts)} ({whole:,} and {parts:,}): a step, a plugin or "
                "sftsec itself has lost or repeated records"
            )


def _said(names: Iterable[str], counts: Mapping[str, int]) -> str:
    return " + ".join(f"{name} {counts[name]:,}" for name in names)
