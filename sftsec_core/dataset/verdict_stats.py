"""Who gave which verdicts in a snapshot, and how far analysts agree."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sftsec_core.dataset.resolve import UNDETERMINED, meanings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sftsec_core.api.settings.task import VerdictSettings
    from sftsec_core.dataset.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class WordCount:
    """How often one verdict word was given.

    Attributes:
        value: the platform's word.
        verdicts: how many there are.
        automated: how many of them no person gave.
        label: what the task makes of it; `UNDETERMINED` where it says nothing, None where no
            label lists it.
    """

    value: str
    verdicts: int
    automated: int
    label: str | None


@dataclass(frozen=True, slots=True)
class AnalystCount:
    """What one analyst gave.

    Attributes:
        analyst: the name or its placeholder; None for verdicts without one.
        verdicts: how many.
        share: of all verdicts, 0 to 1.
        labels: label to how many of the verdicts say it; verdicts without a label left out.
        shared: incidents that others labelled too.
        disagreed: those of them that another one labelled differently.
    """

    analyst: str | None
    verdicts: int
    share: float
    labels: Mapping[str, int]
    shared: int
    disagreed: int


@dataclass(frozen=True, slots=True)
class VerdictStats:
    """A snapshot's verdicts by word and by analyst, the most frequent first."""

    words: tuple[WordCount, ...]
    analysts: tuple[AnalystCount, ...]


def verdict_stats(
    snapshot: Snapshot, labels: Mapping[str, Sequence[str]], rules: VerdictSettings
) -> VerdictStats:
    """Count a snapshot's verdicts.

    Args:
        snapshot: its verdicts are held in memory.
        labels: label to the platform's words for it.
        rules: what abstains.
    """
    table = snapshot.verdicts()
    means = meanings(table["value"], labels, rules)
    values, automated = table["value"].to_pylist(), table["automated"].to_pylist()
    given, by_machine = (
        Counter(values),
        Counter(value for value, machine in zip(values, automated, strict=True) if machine),
    )
    words = tuple(
        WordCount(value, count, by_machine[value], means[value])
        for value, count in given.most_common()
    )
    said = [label if label != UNDETERMINED else None for label in map(means.__getitem__, values)]
    return VerdictStats(
        words, _analysts(table["uid"].to_pylist(), table["analyst"].to_pylist(), said)
    )


def _analysts(
    uids: Sequence[str], who: Sequence[str | None], said: Sequence[str | None]
) -> tuple[AnalystCount, ...]:
    count = Counter(who)
    by_label: defaultdict[str | None, Counter[str]] = defaultdict(Counter)
    on: defaultdict[str, dict[str | None, str]] = defaultdict(dict)
    for uid, analyst, label in zip(uids, who, said, strict=True):
        if label is not None:
            by_label[analyst][label] += 1
            on[uid][analyst] = label  # verdicts come oldest first: the last one stands
    shared: Counter[str | None] = Counter()
    disagreed: Counter[str | None] = Counter()
    for given in on.values():
        if len(given) < 2:
            continue
        for analyst, label in given.items():
            shared[analyst] += 1
            disagreed[analyst] += any(
                other != label for name, other in given.items() if name != analyst
            )
    return tuple(
        AnalystCount(
            analyst,
            number,
            number / len(who),
            dict(sorted(by_label[analyst].items())),
            shared[analyst],
            disagreed[analyst],
        )
        for analyst, number in count.most_common()
    )
