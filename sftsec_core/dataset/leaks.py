"""The leak check: which texts, near-duplicates and groups are in two parts of a split.

Near-duplicates are searched for again in the texts themselves, without regard to the examples'
clusters: a plugin may have split a cluster, or formed it. What is found is a value, which the
report carries to the promotion gate: the voter `no_leak` rejects the model.
"""

from __future__ import annotations

from itertools import chain, islice
from typing import TYPE_CHECKING

import numpy as np

from sftsec_core.api.domain import LeakCheck
from sftsec_core.api.settings.task import DedupeSettings
from sftsec_core.dataset.dedup.deduplicator import Deduplicator, relabelled
from sftsec_core.dataset.dedup.items import DedupItem

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from sftsec_core.api.domain import Example, Split
    from sftsec_core.dataset.dedup.signatures import SignatureIndex

_BATCH = 16_384
_BITS = {"train": 1, "dev": 2, "test": 4}


def check_leaks(
    split: Split,
    dedupe: DedupeSettings | None = None,
    *,
    events: bool = False,
    signatures: SignatureIndex | None = None,
) -> LeakCheck:
    """Check a split, a plugin's too.

    Args:
        split: the parts.
        dedupe: when texts count as near; default: the default settings.
        events: whether each example is an event of its own, so that another one of the same text
            is no copy of it; uids and groups are checked all the same.
        signatures: those that the ingest made under the same settings; what it lacks is made.
    """
    settings = (dedupe or DedupeSettings()).model_copy(update={"enabled": False})
    texts, near = ([], []) if events else _by_content(split, settings, signatures)
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
    rows = (("held out", e) for e in others), (("new", e) for e in examples)
    final = _clusters(chain(*rows), settings, None).tolist()
    taken = set(final[: len(others)])
    found = zip(examples, final[len(others) :], strict=True)
    return frozenset(example.uid for example, cluster in found if cluster in taken)


def _clusters(
    rows: Iterator[tuple[str, Example]],
    settings: DedupeSettings,
    signatures: SignatureIndex | None,
) -> NDArray[np.int64]:
    """The cluster of each row, found by its text."""
    finder = Deduplicator(settings)
    found = [np.empty(0, np.int64)]
    for batch in _batches(rows):
        # Parts make the uids distinct, so that a uid in two parts is compared by its text too.
        items = [DedupItem.of_example(f"{part}\x00{e.uid}", e) for part, e in batch]
        found.append(finder.decide(finder.batch(items, signatures)).clusters)
    return relabelled(np.concatenate(found), finder.final_clusters())


def _each(split: Split) -> Iterator[tuple[str, Example]]:
    return ((name, example) for name, part in split.parts() for example in part)


def _batches(
    rows: Iterator[tuple[str, Example]],
) -> Iterator[list[tuple[str, Example]]]:
    while batch := list(islice(rows, _BATCH)):
        yield batch


def _straddling(places: Iterable[tuple[Hashable, str, Example]]) -> list[str]:
    """The rows whose key stands in another part too, as "uid (parts)"."""
    rows = list(places)
    parts: dict[Hashable, int] = {}
    for key, part, _ in rows:
        parts[key] = parts.get(key, 0) | _BITS[part]
    return [
        f"{example.uid!r} ({_named(parts[key])})"
        for key, _, example in rows
        if parts[key].bit_count() > 1
    ]


def _named(bits: int) -> str:
    return " and ".join(sorted(part for part, bit in _BITS.items() if bits & bit))


def _by_content(
    split: Split, settings: DedupeSettings, signatures: SignatureIndex | None
) -> tuple[list[str], list[str]]:
    """Rows that leak by their exact inputs, and by a text near to it."""
    clusters = _clusters(_each(split), settings, signatures).tolist()
    near = zip(clusters, _each(split), strict=True)
    texts = _straddling((example.digest, part, example) for part, example in _each(split))
    return texts, _straddling((cluster, part, e) for cluster, (part, e) in near)
