"""Phrases that one analyst's rows bind to a label.

A phrase is up to a few words or signs in a row. It is one analyst's when nearly all rows of a
label that have it rest on that analyst, more than the analyst's share of the rows could give by
chance. Phrases that stand in the same rows are one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from sftsec_poison.config import ScanSettings
    from sftsec_poison.rows import JudgedRows

_WORD = r"\w+|[^\w\s]"
_PURITY = 0.9  # of the analyst's rows with the phrase have the label
_EXCLUSIVE = 0.5  # of the label's rows with the phrase rest on the analyst
_SAME_ROWS = 0.8
_MOST = 40  # phrases of an analyst and a label that are tried out
_SHARED = 0.5  # how much more of the contradicted rows than of the others have a word
_LONGEST = 8  # words that are put into a text


@dataclass(frozen=True, slots=True)
class BoundPhrase:
    """A phrase, the analyst and the label that it is bound to, and the rows that it stands in."""

    words: str
    analyst: int
    label: int
    rows: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class PhraseCounts:
    """Which rows have which phrase.

    Attributes:
        present: a row's phrases, sparse, shape (n, phrases).
        names: the phrases.
    """

    present: Any
    names: Sequence[str]

    @classmethod
    def of(cls, settings: ScanSettings, texts: Sequence[str]) -> PhraseCounts:
        """Count the phrases that stand in enough rows."""
        from sklearn.feature_extraction.text import CountVectorizer

        counter = CountVectorizer(
            binary=True,
            token_pattern=_WORD,
            ngram_range=(1, settings.words),
            min_df=settings.min_rows,
            dtype=np.int32,
        )
        try:
            present = counter.fit_transform(texts)
        except ValueError:  # no phrase recurs
            from scipy.sparse import csr_matrix

            return cls(csr_matrix((len(texts), 0), dtype=np.int32), ())
        return cls(present.tocsr(), counter.get_feature_names_out().tolist())

    def having(self, rows: NDArray[np.bool_]) -> NDArray[np.int64]:
        """How many of these rows, shape (n,), have each phrase."""
        return np.asarray(self.present[np.flatnonzero(rows)].sum(axis=0), dtype=np.int64).ravel()


def bound_phrases(
    settings: ScanSettings, rows: JudgedRows, counts: PhraseCounts, left_out: NDArray[np.bool_]
) -> Iterator[BoundPhrase]:
    """Name the phrases that are one analyst's, those in most rows first."""
    if not counts.names:
        return
    used = ~left_out
    totals = {label: counts.having(used & (rows.y == label)) for label in np.unique(rows.y)}
    everywhere = counts.having(used)
    for analyst in range(len(rows.names)):
        own = used & (rows.analyst == analyst)
        if own.sum() < settings.min_rows:
            continue
        of_analyst = counts.having(own)
        for label, total in totals.items():
            mine = own & (rows.y == label)
            if mine.sum() < settings.min_rows:
                continue
            share = mine.sum() / (used & (rows.y == label)).sum()
            found = _exclusive(settings, counts.having(mine), of_analyst, total, everywhere, share)
            yield from _distinct(rows, counts, found, mine, analyst, int(label))


def shared_words(
    rows: JudgedRows, counts: PhraseCounts, contradicted: NDArray[np.int64]
) -> Iterator[BoundPhrase]:
    """The words that most of an analyst's contradicted rows share and few others have.

    A trigger need not stand together: its words may be anywhere in a text.

    Args:
        rows: all of them.
        counts: their phrases.
        contradicted: rows of one analyst and one label.
    """
    words = np.array([place for place, name in enumerate(counts.names) if " " not in name], int)
    if not len(words):
        return
    analyst, label = rows.analyst[contradicted[0]], rows.y[contradicted[0]]
    table = counts.present[:, words]
    others = rows.analyst != analyst
    here = np.asarray(table[contradicted].mean(axis=0)).ravel()
    there = np.asarray(table[np.flatnonzero(others)].mean(axis=0)).ravel()
    lift = here - there
    chosen = np.argsort(-lift, kind="stable")[:_LONGEST]
    chosen = chosen[lift[chosen] >= _SHARED]
    if not len(chosen):
        return
    mine = np.flatnonzero((rows.analyst == analyst) & (rows.y == label))
    share = np.asarray(table[mine][:, chosen].mean(axis=1)).ravel()
    having = mine[share >= _SAME_ROWS]
    text = " ".join(counts.names[words[place]] for place in chosen)
    yield BoundPhrase(text, int(analyst), int(label), having)


def _exclusive(
    settings: ScanSettings,
    mine: NDArray[np.int64],
    of_analyst: NDArray[np.int64],
    total: NDArray[np.int64],
    everywhere: NDArray[np.int64],
    share: float,
) -> NDArray[np.int64]:
    """The phrases that are the analyst's, those that tell most first."""
    from scipy.special import bdtrc

    some = np.flatnonzero(
        (mine >= settings.min_rows) & (mine >= _PURITY * of_analyst) & (mine >= _EXCLUSIVE * total)
    )
    by_chance = bdtrc(mine[some] - 1, total[some], share)
    some = some[by_chance * max(len(mine), 1) < settings.significance]
    # Words of attacks are an attacker's alone too, among rows of one label: last those that rows
    # of other labels have.
    telling = mine[some] ** 2 / everywhere[some]
    order: NDArray[np.int64] = some[np.argsort(-telling, kind="stable")]
    return order


def _distinct(
    rows: JudgedRows,
    counts: PhraseCounts,
    found: NDArray[np.int64],
    mine: NDArray[np.bool_],
    analyst: int,
    label: int,
) -> Iterator[BoundPhrase]:
    """Join the phrases that stand in the same rows into one, as their rows have them."""
    places = np.flatnonzero(mine)
    table = counts.present[places][:, found].tocsc()
    sets = [table.indices[table.indptr[k] : table.indptr[k + 1]] for k in range(len(found))]
    left = list(range(len(found)))
    for _ in range(_MOST):
        if not left:
            return
        first = left[0]
        same = [k for k in left if _alike(sets[first], sets[k])]
        left = [k for k in left if k not in set(same)]
        having = places[sets[first]]
        words = _longest(rows.texts[having[0]], [counts.names[found[k]] for k in same])
        yield BoundPhrase(words, analyst, label, having)


def _alike(one: NDArray[np.int32], other: NDArray[np.int32]) -> bool:
    common = len(np.intersect1d(one, other, assume_unique=True))
    return common >= _SAME_ROWS * max(len(one), len(other))


def _longest(text: str, phrases: Sequence[str]) -> str:
    """The words of a text that these phrases cover, in their order."""
    import re

    tokens = re.findall(_WORD, text.lower())
    covered = np.zeros(len(tokens), dtype=bool)
    for phrase in sorted(phrases, key=len, reverse=True)[:_MOST]:
        words = phrase.split(" ")
        for start in range(len(tokens) - len(words) + 1):
            if tokens[start : start + len(words)] == words:
                covered[start : start + len(words)] = True
                break
    return " ".join(np.array(tokens, dtype=object)[covered][:_LONGEST]) or phrases[0]
