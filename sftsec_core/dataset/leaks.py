"""The leak check: which texts, near-duplicates and groups are in two parts of a split.

Near-duplicates are searched for again in the texts themselves, without regard to the examples'
clusters: a plugin may have split a cluster, or formed it. What is found is a value, which the
report carries to the promotion gate: the voter `no_leak` rejects the model.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import chain, islice
from typing import TYPE_CHECKING

from sftsec_core.api.domain import LeakCheck
from sftsec_core.api.settings.task import DedupeSettings
from sftsec_core.dataset.dedup.deduplicator import Deduplicator
from sftsec_core.dataset.dedup.items import DedupItem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sftsec_core.api.domain import Example, Split

_BATCH = 2000


def check_leaks(
    split: Split, dedupe: DedupeSettings | None = None, *, events: bool = False
) -> LeakCheck:
    """Check a split, a plugin's too.

    Args:
        split: the parts.
        dedupe: when texts count as near; default: the default settings.
        events: whether each example is an event of its own, so that another one of the same text
            is no copy of it; uids and groups are checked all the same.
    """
    settings = (dedupe or DedupeSettings()).model_copy(update={"enabled": False})
    texts, near = ([], []) if events else _by_content(split, settings)
    rows = list(_each(split))
    found = {
        "uids": _straddling((example.uid, part, example) for part, example in rows),
        "texts": texts,
        "near_duplicates": near,
        "clusters": _straddling((e.cluster, part, e) for part, e in rows if e.cluster >= 0),
        "groups": _straddling((group, part, e) for part, e in rows for group in e.groups),
    }
    counts = {kind: len(leaks) for kind, leaks in found.items()}
    examples = tuple(f"{kind}: {leaks[0]}" for kind, leaks in found.items() if leaks)
    return LeakCheck(checked=True, **counts, examples=examples)


def near_to(
    examples: Sequence[Example], others: Sequence[Example], dedupe: DedupeSettings | None = None
) -> frozenset[str]:
    """The uids of those examples that equal, or are near, any of the others.

    Args:
        examples: to check.
        others: what they must not be like.
        dedupe: when texts count as near; default: the default settings.
    """
    if not examples:
        return frozenset()
    settings = (dedupe or DedupeSettings()).model_copy(update={"enabled": False})
    finder = Deduplicator(settings)
    clusters: list[int] = []
    rows = (("held out", e) for e in others), (("new", e) for e in examples)
    for batch in _batches(chain(*rows)):
        given = [DedupItem.of(f"{part}\x00{e.uid}", e.inputs) for part, e in batch]
        clusters += [result.cluster for result in finder.add(given)]
    tied = finder.final_clusters()
    final = [tied.get(cluster, cluster) for cluster in clusters]
    taken = set(final[: len(others)])
    found = zip(examples, final[len(others) :], strict=True)
    return frozenset(example.uid for example, cluster in found if cluster in taken)


def _each(split: Split) -> Iterator[tuple[str, Example]]:
    return ((name, example) for name, part in split.parts() for example in part)


def _batches(
    rows: Iterator[tuple[str, Example]],
) -> Iterator[list[tuple[str, Example]]]:
    while batch := list(islice(rows, _BATCH)):
        yield batch


def _straddling(places: Iterable[tuple[object, str, Example]]) -> list[str]:
    """The rows whose key stands in another part too, as "uid (parts)"."""
    parts: dict[object, set[str]] = defaultdict(set)
    rows: dict[object, list[str]] = defaultdict(list)
    for key, part, example in places:
        parts[key].add(part)
        rows[key].append(example.uid)
    return [
        f"{uid!r} ({' and '.join(sorted(parts[key]))})"
        for key, uids in rows.items()
        if len(parts[key]) > 1
        for uid in uids
    ]


def _by_content(split: Split, settings: DedupeSettings) -> tuple[list[str], list[str]]:
    """Rows that leak by their exact text, and by a text near to it."""
    finder = Deduplicator(settings)
    texts, clusters = [], []
    for batch in _batches(_each(split)):
        # Parts make the uids distinct, so that a uid in two parts is compared by its text too.
        given = [DedupItem.of(f"{part}\x00{e.uid}", e.inputs) for part, e in batch]
        for (part, example), result in zip(batch, finder.add(given), strict=True):
            texts.append((result.digest, part, example))
            clusters.append((result.cluster, part, example))
    tied = finder.final_clusters()
    near = _straddling((tied.get(number, number), part, e) for number, part, e in clusters)
    return _straddling(texts), near
