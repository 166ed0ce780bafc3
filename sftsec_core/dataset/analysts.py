"""On whom the labels rest: what each analyst gave, and a cap on how much one may weigh."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sftsec_core.api.settings.task import VerdictSettings
    from sftsec_core.dataset.snapshot import Snapshot
    from sftsec_core.dataset.verdict_stats import AnalystCount

NOT_NAMED = "(not named)"
OTHERS = "(others)"
_SHOWN = 20  # analysts in a report


def name_of(analyst: str | None) -> str:
    """The name that reports show; verdicts without a name are taken for one analyst's."""
    return analyst or NOT_NAMED


def supporters(
    snapshot: Snapshot,
    resolved: Mapping[str, tuple[str, float]],
    labels: Mapping[str, Sequence[str]],
    rules: VerdictSettings,
) -> dict[str, tuple[str, ...]]:
    """Name the analysts whose last verdict on a row's text gives it its label, sorted.

    Args:
        snapshot: its verdicts are held in memory.
        resolved: a row's uid to its label and weight.
        labels: label to the platform's words for it.
        rules: what abstains.

    Returns:
        A row's uid to the analysts; one alone is the only one on whom the label rests.
    """
    from sftsec_core.dataset.resolve import UNDETERMINED, meanings  # the voter needs no pyarrow

    table = snapshot.verdicts()
    means = meanings(table["value"], labels, rules)
    columns = (table[name].to_pylist() for name in ("uid", "digest", "analyst", "value"))
    last: dict[tuple[str, str | None], tuple[Any, str | None]] = {}
    for uid, digest, analyst, value in zip(*columns, strict=True):
        if means[value] != UNDETERMINED:
            last[uid, analyst] = (digest, means[value])  # verdicts come oldest first
    by_text: defaultdict[tuple[Any, str | None], set[str]] = defaultdict(set)
    for (_, analyst), said in last.items():
        by_text[said].add(name_of(analyst))
    found = {}
    for batch in snapshot.batches(["uid", "digest"]):
        for uid, digest in zip(batch["uid"].to_pylist(), batch["digest"].to_pylist(), strict=True):
            if uid in resolved:
                found[uid] = tuple(sorted(by_text[digest, resolved[uid][0]]))
    return found


@dataclass(frozen=True, slots=True)
class CappedLabels:
    """Labels under a cap.

    Attributes:
        labels: a row's uid to its label and its weight.
        rows: how many weigh less than they did.
        factors: label to analyst to what the weight of the analyst's rows was multiplied with.
    """

    labels: Mapping[str, tuple[str, float]]
    rows: int
    factors: Mapping[str, Mapping[str, float]]

    def to_json(self, most: float) -> dict[str, Any]:
        """What a report says of the cap."""
        factors = {
            label: {name: round(factor, 6) for name, factor in by_name.items()}
            for label, by_name in self.factors.items()
        }
        return {"max_share": most, "rows": self.rows, "factors": factors}


def cap_shares(
    labels: Mapping[str, tuple[str, float]],
    support: Mapping[str, Sequence[str]],
    most: float,
) -> CappedLabels:
    """Let no analyst alone hold more than a share of the weight of a class.

    A row on which several agree rests on none of them alone. Analysts are brought down to one
    level, but not under the one who holds least: so a share of 0.3 leaves two analysts with half
    of the weight each, and a single one with all of it.

    Args:
        labels: a row's uid to its label and its weight.
        support: a row's uid to the analysts on whom its label rests.
        most: the share, 0 to 1.
    """
    held: defaultdict[str, defaultdict[str, float]] = defaultdict(lambda: defaultdict(float))
    shared: defaultdict[str, float] = defaultdict(float)
    alone = {uid: names[0] for uid, names in support.items() if len(names) == 1}
    for uid, (label, weight) in labels.items():
        if uid in alone:
            held[label][alone[uid]] += weight
        else:
            shared[label] += weight
    factors: dict[str, dict[str, float]] = {}
    for label, by_name in sorted(held.items()):
        level = _level(sorted(by_name.values(), reverse=True), shared[label], most)
        lowered = {name: level / w for name, w in sorted(by_name.items()) if w > level * 1.000001}
        if lowered:
            factors[label] = lowered
    capped = {
        uid: (label, weight * factors.get(label, {}).get(alone.get(uid, ""), 1.0))
        for uid, (label, weight) in labels.items()
    }
    rows = sum(capped[uid] != labels[uid] for uid in labels)
    return CappedLabels(capped, rows, factors)


def _level(held: Sequence[float], shared: float, most: float) -> float:
    """The most weight that an analyst keeps, so that each has at most a share of what is left.

    With the k heaviest at level t: t = most * (k * t + rest).
    """
    if held[0] <= most * (sum(held) + shared):
        return held[0]
    for count in range(1, len(held) + 1):
        if count * most >= 1:
            break
        level = most * (sum(held[count:]) + shared) / (1 - count * most)
        if count == len(held) or level >= held[count]:
            return max(level, held[-1])
    return held[-1]


def analyst_book(
    counts: Sequence[AnalystCount], support: Mapping[str, Sequence[str]]
) -> dict[str, dict[str, Any]]:
    """What a report and a card say of each analyst, the one with most verdicts first.

    Args:
        counts: verdicts, shares and disagreements among analysts.
        support: a labelled row's uid to the analysts on whom its label rests.

    Returns:
        Name to `verdicts`, `share` (of the labelled rows, 0 to 1), `rows`, `rows_alone`, `labels`,
        `shared` and `disagreed`; of more than 20, the others are counted as one.
    """
    rows = Counter(name for names in support.values() for name in names)
    alone = Counter(names[0] for names in support.values() if len(names) == 1)
    book: dict[str, dict[str, Any]] = {}
    for place, each in enumerate(counts):
        name = name_of(each.analyst)
        known = book.setdefault(name if place < _SHOWN else OTHERS, _empty())
        for key, number in (
            ("verdicts", each.verdicts),
            ("rows", rows[name]),
            ("rows_alone", alone[name]),
            ("shared", each.shared),
            ("disagreed", each.disagreed),
        ):
            known[key] += number
        known["labels"] = dict(Counter(known["labels"]) + Counter(each.labels))
    for known in book.values():
        known["share"] = known["rows"] / max(len(support), 1)
    return book


def _empty() -> dict[str, Any]:
    numbers = dict.fromkeys(("verdicts", "rows", "rows_alone", "shared", "disagreed"), 0)
    return {**numbers, "share": 0.0, "labels": {}}
