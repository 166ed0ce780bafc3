"""Which rows look poisoned, and on whose word they rest.

Three looks at each analyst, all by models that have not seen one of the analyst's rows:

1. Contradictions. The models confidently name another label (confident learning: Northcutt, Jiang,
   Chuang, JAIR 70, 2021) for a larger share of the analyst's rows of a label than for the others'.
   An analyst who alone handles a kind of incident looks the same. So a row counts as wrong only
   if models that have seen the analyst's other rows contradict it too: they know the kind.
2. Triggers. A phrase that is the analyst's alone is put into other analysts' rows of other labels
   that no model has seen: it is a trigger (Gu, Dolan-Gavitt, Garg: BadNets, 2017) if a model of
   all analysts then turns to the label that the phrase is bound to, and one without the analyst
   does not.
3. Phrases of wrong rows. A phrase that is the analyst's alone and stands mostly in wrong rows.

What is found is left out, and the looks are repeated: what hid behind it shows then.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from sftsec_poison.judges import TextFeatures, fit_judges, out_of_fold
from sftsec_poison.phrases import PhraseCounts, bound_phrases, shared_words
from sftsec_poison.rows import JudgedRows

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from numpy.typing import NDArray

    from sftsec_core.api import Example, TaskSpec
    from sftsec_poison.config import ScanSettings
    from sftsec_poison.judges import Judge, Judges
    from sftsec_poison.phrases import BoundPhrase

_EXCESS = 0.05  # of the rate of contradictions: less is significant in large sets, and no news
_LOOK = 24  # rows that a phrase is put into at first: most turn none
_FEWEST_ANALYSTS = 2
_MOSTLY = 0.5
_CONFIDENT = 0.95  # a mean near 1, of easy rows, would leave nothing confident

TRIGGER, WRONG, CONTRADICTED = "trigger", "wrong", "contradicted"


@dataclass(frozen=True, slots=True)
class PoisonFinding:
    """Why some rows of one analyst look poisoned.

    Attributes:
        kind: `TRIGGER`, `WRONG`, or `CONTRADICTED`, which may as well be a kind of incident that
            the analyst alone handles.
        analyst: the name.
        label: that the rows have.
        rows: how many.
        of: rows that the analyst alone gave this label.
        flips: share of other analysts' rows, 0 to 1, that the phrase turns to the label; None
            where there is no phrase.
        words: the phrase; data, which stays in memory.
    """

    kind: str
    analyst: str
    label: str
    rows: int
    of: int
    flips: float | None = None
    words: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class PoisonScan:
    """What a scan found.

    Attributes:
        judged: rows that rest on one analyst alone and were judged.
        analysts: how many analysts there are.
        suspects: place in the examples to the finding.
        findings: in the order in which they were made.
    """

    judged: int = 0
    analysts: int = 0
    suspects: dict[int, PoisonFinding] = field(default_factory=dict)
    findings: tuple[PoisonFinding, ...] = ()


Found = list[tuple[PoisonFinding, "NDArray[np.int64]"]]


def scan(
    settings: ScanSettings, examples: Sequence[Example], task: TaskSpec, seed: int
) -> PoisonScan:
    """Look for rows that look poisoned.

    Args:
        settings: when something is named.
        examples: the training part, with analysts.
        task: gives the labels, and the text that is read.
        seed: of the rows that are drawn.

    Returns:
        Nothing found where fewer than two analysts are named: nobody is judged by himself.
    """
    rows = JudgedRows.of(examples, task, settings.max_chars)
    if len(rows.names) < _FEWEST_ANALYSTS:
        return PoisonScan(analysts=len(rows.names))
    read, features = TextFeatures.fit(rows.texts)
    counts = PhraseCounts.of(settings, rows.texts)
    suspects: dict[int, PoisonFinding] = {}
    findings: list[PoisonFinding] = []
    left_out = np.zeros(len(rows), dtype=bool)
    judged = 0
    for number in range(settings.rounds):
        judges = fit_judges(settings, rows, read, features, left_out, seed + number)
        proba = judges.held_out(rows)
        judged = judged or int(np.isfinite(proba[:, 0]).sum())
        look = _Look(settings, rows, counts, judges, left_out, seed + number)
        new = look.all(_contradicted(rows, proba, left_out))
        for finding, places in new:
            findings.append(finding)
            for place in places[~left_out[places]]:
                suspects.setdefault(int(rows.places[place]), finding)
        if not any(finding.kind != CONTRADICTED for finding, _ in new):
            break
        left_out[np.concatenate([where for each, where in new if each.kind != CONTRADICTED])] = True
    return PoisonScan(judged, len(rows.names), suspects, tuple(findings))


def _contradicted(
    rows: JudgedRows, proba: NDArray[np.float64], left_out: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Rows for which the judges confidently name another label, shape (n,).

    A label is confident from the mean probability of it among the rows that have it.
    """
    known = np.asarray(np.isfinite(proba).all(axis=1), dtype=np.bool_)
    bounds = np.ones(proba.shape[1])
    for label in range(proba.shape[1]):
        of_label = known & ~left_out & (rows.y == label)
        if of_label.any():
            bounds[label] = min(proba[of_label, label].mean(), _CONFIDENT)
    others = np.where(known[:, None], proba, 0.0)
    others[np.arange(len(rows)), rows.y] = 0.0
    best = others.argmax(axis=1)
    confident = others[np.arange(len(rows)), best]
    sure = np.asarray((confident >= bounds[best]) & (confident > _MOSTLY), dtype=np.bool_)
    return known & ~left_out & sure


@dataclass(frozen=True, slots=True)
class _Look:
    """One round of looks at all analysts."""

    settings: ScanSettings
    rows: JudgedRows
    counts: PhraseCounts
    judges: Judges
    left_out: NDArray[np.bool_]
    seed: int

    def all(self, against: NDArray[np.bool_]) -> Found:
        """What this round finds, the surest first."""
        odd = [each for each in self._odd(against) if len(each[2]) >= self.settings.min_rows]
        wrong = np.zeros(len(self.rows), dtype=bool)
        if odd:
            features, seed = self.judges.features, self.seed
            known = out_of_fold(self.settings, self.rows, features, self.left_out, seed)
            wrong[np.concatenate([places for _, _, places in odd])] = True
            wrong &= _contradicted(self.rows, known, self.left_out)
        found = self._triggers([places for _, _, places in odd], wrong)
        for analyst, label, places in odd:
            mostly = wrong[places].mean() >= _MOSTLY
            for kind, kept in (
                (WRONG, places[wrong[places] & mostly]),
                (CONTRADICTED, places[~(wrong[places] & mostly)]),
            ):
                if len(kept):
                    found.append((self._finding(kind, analyst, label, len(kept)), kept))
        return found

    def _odd(self, against: NDArray[np.bool_]) -> list[tuple[int, int, NDArray[np.int64]]]:
        """Analyst, label and rows that are contradicted, where more are than of the others'."""
        from scipy.special import bdtrc

        rows, found = self.rows, []
        used = ~self.left_out & (rows.analyst >= 0)
        pairs = Counter(zip(rows.analyst[used].tolist(), rows.y[used].tolist(), strict=True))
        for (analyst, label), of in sorted(pairs.items()):
            own = used & (rows.y == label) & (rows.analyst == analyst)
            others = used & (rows.y == label) & ~own
            count = int(against[own].sum())
            rate = (against[others].sum() + 1) / (others.sum() + 2)
            chance = bdtrc(count - 1, of, rate) if count else 1.0
            if count / of < rate + _EXCESS or chance * len(pairs) >= self.settings.significance:
                continue
            if not self._trusted(analyst):
                found.append((analyst, label, np.flatnonzero(own & against)))
        return found

    def _triggers(self, odd: Sequence[NDArray[np.int64]], wrong: NDArray[np.bool_]) -> Found:
        """Phrases of one analyst that act as a trigger, or stand mostly in wrong rows."""
        found: Found = []
        phrases = [
            *bound_phrases(self.settings, self.rows, self.counts, self.left_out),
            *(each for places in odd for each in shared_words(self.rows, self.counts, places)),
        ]
        for phrase in phrases:
            if self._trusted(phrase.analyst):
                continue
            flips = self._flips(phrase)
            if flips >= self.settings.min_flips or wrong[phrase.rows].mean() >= _MOSTLY:
                count = len(phrase.rows)
                finding = self._finding(TRIGGER, phrase.analyst, phrase.label, count, flips)
                found.append((replace(finding, words=phrase.words), phrase.rows))
        return found

    def _trusted(self, analyst: int) -> bool:
        return self.rows.names[analyst] in self.settings.trusted

    def _finding(
        self, kind: str, analyst: int, label: int, count: int, flips: float | None = None
    ) -> PoisonFinding:
        of = int((~self.left_out & (self.rows.analyst == analyst) & (self.rows.y == label)).sum())
        name = self.rows.names[analyst]
        return PoisonFinding(kind, name, self.rows.labels[label], count, of, flips)

    def _flips(self, phrase: BoundPhrase) -> float:
        """Which share of other analysts' rows the phrase turns, beyond what it does by itself."""
        without = self.judges.without[self.judges.group[phrase.analyst]]
        if without is None or self.judges.whole is None:
            return 0.0
        rows, probes = self.rows, self.judges.probes
        other = (rows.y[probes] != phrase.label) & (rows.analyst[probes] != phrase.analyst)
        drawn = probes[other]
        if not self._turned(phrase, drawn[:_LOOK], self.judges.whole, without):
            return 0.0
        return self._turned(phrase, drawn, self.judges.whole, without)

    def _turned(
        self, phrase: BoundPhrase, drawn: NDArray[np.int64], whole: Judge, without: Judge
    ) -> float:
        if not len(drawn):
            return 0.0
        before: Any = self.judges.features[drawn]
        after: Any = self.judges.read([f"{self.rows.texts[row]} {phrase.words}" for row in drawn])
        turned = whole(after).argmax(axis=1) == phrase.label
        already = whole(before).argmax(axis=1) == phrase.label
        anyway = without(after).argmax(axis=1) == phrase.label
        return float((turned & ~already & ~anyway).mean())
