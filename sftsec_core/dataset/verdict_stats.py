"""Who gave which verdicts in a snapshot, and how far analysts agree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sftsec_core.dataset.resolve import meanings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sftsec_core.api.settings.task import VerdictSettings
    from sftsec_core.dataset.snapshot import Snapshot

_NO_LABEL = -1


@dataclass(frozen=True, slots=True)
class WordCount:
    """How often one verdict word was given.

    Attributes:
        value: the platform's word.
        verdicts: how many there are.
        automated: how many of them no person gave.
        label: what the task makes of it; `resolve.UNDETERMINED` where it says nothing, None where
            no label lists it.
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
    codes, known = _encoded(table["value"])
    machine = np.asarray(table["automated"].to_numpy(zero_copy_only=False), np.bool_)
    given, by_machine = (
        np.bincount(each, minlength=len(known)) for each in (codes, codes[machine])
    )
    means = meanings(table["value"], labels, rules)
    words = tuple(
        WordCount(known[code], int(given[code]), int(by_machine[code]), means[known[code]])
        for code in _by_number(given)
    )
    names = sorted(labels)
    places: dict[str | None, int] = {name: place for place, name in enumerate(names)}
    said = np.array([places.get(means[word], _NO_LABEL) for word in known], np.int64)[codes]
    return VerdictStats(words, _analysts(table, said, names))


def _encoded(column: Any) -> tuple[NDArray[np.int64], list[Any]]:  # noqa: ANN401 - pyarrow has no types
    """Each value's number, in the order in which they first come, and the values; None is one."""
    coded = column.combine_chunks().dictionary_encode(null_encoding="encode")
    codes = np.asarray(coded.indices.to_numpy(zero_copy_only=False), np.int64)
    return codes, coded.dictionary.to_pylist()


def _by_number(counts: NDArray[np.int64]) -> list[int]:
    """The places, the largest count first; equal ones stay in their order."""
    order: list[int] = np.argsort(-counts, kind="stable").tolist()
    return order


def _analysts(
    table: Any,  # noqa: ANN401 - pyarrow has no types
    said: NDArray[np.int64],
    labels: Sequence[str],
) -> tuple[AnalystCount, ...]:
    who, names = _encoded(table["analyst"])
    count = np.bincount(who, minlength=len(names))
    labelled = said != _NO_LABEL
    pairs = who[labelled] * len(labels) + said[labelled]
    by_label = np.bincount(pairs, minlength=len(names) * len(labels)).reshape(
        len(names), len(labels)
    )
    shared, disagreed = _agreement(table["uid"], who, said, len(names), len(labels))
    return tuple(
        AnalystCount(
            names[each],
            int(count[each]),
            int(count[each]) / len(who),
            {name: int(n) for name, n in zip(labels, by_label[each], strict=True) if n},
            int(shared[each]),
            int(disagreed[each]),
        )
        for each in _by_number(count)
    )


def _agreement(
    uids: Any,  # noqa: ANN401 - pyarrow has no types
    who: NDArray[np.int64],
    said: NDArray[np.int64],
    analysts: int,
    labels: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Of each analyst the incidents that others labelled too, and those labelled otherwise.

    Args:
        uids: the incident of each verdict, oldest first.
        who: the analyst's number, shape (n,).
        said: the label's number or `_NO_LABEL`, shape (n,).
        analysts: how many there are.
        labels: how many there are.
    """
    rows = np.flatnonzero(said != _NO_LABEL)[::-1]
    incident = np.asarray(
        uids.combine_chunks().dictionary_encode().indices.to_numpy(zero_copy_only=False), np.int64
    )
    # The first of an analyst's verdicts on an incident from the end: the last one stands.
    _, last = np.unique(incident[rows] * analysts + who[rows], return_index=True)
    rows = rows[last]
    incident, who, said = incident[rows], who[rows], said[rows]
    given = np.bincount(incident)[incident]
    _, same, times = np.unique(incident * labels + said, return_inverse=True, return_counts=True)
    shared, differs = given > 1, times[same] < given
    return (
        np.bincount(who[shared], minlength=analysts),
        np.bincount(who[shared & differs], minlength=analysts),
    )
