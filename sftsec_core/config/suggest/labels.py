"""Which field holds the verdict, and which label each of its words stands for."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from sftsec_core.config.suggest.profile import value_text
from sftsec_core.config.suggest.times import time_form
from sftsec_core.config.suggest.words import ANSWERS, Meaning, is_placeholder, meaning_of, plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sftsec_core.config.suggest.profile import Column

_MOST_WORDS = 120
_LONGEST_WORD = 80
_SPARSE = 0.1  # of the records: a field of fewer needs a verdict's name and the words of both sides
_LESS = 0.3  # of its score: then another field with two sides goes before it
_NAMED = 1.5  # the least score of the names in the first two rows below
_NAMES = (
    re.compile(
        r"\b(?:verdicts?|labels?|dispositions?|determination|classification|ground truth|"
        r"judge?ment|triage|bewertung|einstufung|klassifi(?:zierung|kation)|urteil|veredicto|verdetto|"
        r"clasificación|classificação|classificazione|classificatie|beoordeling|"
        r"is (?:phish\w*|malicious|spam|attack|benign|fraud\w*|legit\w*|safe))\b"
    ),
    re.compile(
        r"\btarget$|\b(?:class|category|outcome|resolution|conclusion|result|closing reason|"
        r"close reason|reason|malicious|phishing|spam|attack|fraud|benign|legitimate|technique)\b"
    ),
    re.compile(r"\b(?:type|tags?|state|status|y)\b"),
)
_NEVER = re.compile(
    r"\b(?:severity|priority|impact|urgency|confidence|score|risk|count|time|date|id|at|analyst|by|"
    r"direction|guid|uuid|sid|hash|port|address)\b"
)

_FEW_WORDS = 12  # of a field that is named as a candidate
_HINT = re.compile(
    r"\b(?:verdict|label|disposition|class\w*|outcome|resolution|reason|archived|clos\w*|status|"
    r"state|tags?)\b"
)
_IS_VERDICT = re.compile(r"\b(?:verdict|label|disposition|determination|classification)$")
# The outcome of an action, which is no verdict: `event.outcome`, a firewall's decision.
_OUTCOME = re.compile(
    r"(?:success(?:ful(?:ly)?)?|succeeded|fail(?:ed|ure)?|error|allow(?:ed)?|den(?:y|ied)|block(?:ed)?|"
    r"accept(?:ed)?|drop(?:ped)?|reject(?:ed)?|pass(?:ed)?|skipped|unknown|none|challenge)"
)
_ECS = frozenset({"event.category", "event.type", "event.kind", "event.outcome", "event.action"})


@dataclass(frozen=True, slots=True)
class LabelWords:
    """What the words of a field come to.

    Attributes:
        labels: label to its words.
        benign: the label that raises no detection; None when no word is known to be benign.
        undetermined: words that say nothing.
        no_verdict: words that stand for none, where the connector can be told so.
        unknown: words that stand for no label; how often each occurs is in `counts`.
        counts: word to how often it occurs.
    """

    labels: Mapping[str, tuple[str, ...]]
    benign: str | None
    undetermined: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    no_verdict: tuple[str, ...] = ()

    def rows(self, label: str) -> int:
        """How many records of the sample have a label."""
        return sum(self.counts.get(word, 0) for word in self.labels[label])


def choose_label(
    columns: Iterable[Column], *, benign: Sequence[str] = (), malicious: Sequence[str] = ()
) -> Column | None:
    """The field whose name and words are a verdict's; None when none is.

    Args:
        columns: the fields.
        benign: words that are benign, whatever the table says.
        malicious: words that are malicious.
    """
    given = _given(benign, malicious)
    scored = [(label_score(column, given), column) for column in columns]
    best = max(scored, key=lambda pair: pair[0], default=None)
    return best[1] if best and best[0] >= 1.0 else None


def single_verdict(columns: Iterable[Column]) -> Column | None:
    """A field that has the name of a verdict and one value only, in which a model finds nothing."""
    for column in columns:
        if column.inside:
            continue
        if column.distinct == 1 and column.fill >= _SPARSE and _NAMES[0].search(column.words):
            meaning = meaning_of(word := next(iter(column.values)), column.name)
            if meaning in _SIDES and not _answers(word, meaning):
                return column
    return None


def label_candidates(columns: Iterable[Column], most: int = 4) -> list[str]:
    """Fields of a few short words, any of which a person may mean by the verdict.

    Those whose name speaks of a verdict, a reason or a state come first.

    Args:
        columns: the fields.
        most: how many to name.
    """
    found = [column for column in columns if _may_be_named(column)]
    found.sort(key=lambda c: (_HINT.search(c.words) is None, c.distinct, c.name))
    return [column.name for column in found[:most]]


def _may_be_named(column: Column) -> bool:
    few = 1 < column.distinct <= _FEW_WORDS and column.distinct < column.filled
    if not few or column.inside or column.nested or max(map(len, column.values)) > _LONGEST_WORD:
        return False
    return time_form(column) is None


def _given(benign: Sequence[str], malicious: Sequence[str]) -> dict[str, Meaning]:
    given = {plain(word): Meaning.BENIGN for word in benign}
    return given | {plain(word): Meaning.MALICIOUS for word in malicious}


def label_score(column: Column, given: Mapping[str, Meaning] | None = None) -> float:
    """How much speaks for a verdict, 0 to about 5: the name first, then words that are known.

    A field that few records have is one where both speak for it: a log of many kinds of records
    has a `result` or a `status` of some kind among them.

    Args:
        column: the field.
        given: plain words to what a person says that they mean.
    """
    words = [word for word in column.values if word.strip()]
    if not _may_be_label(column, words):
        return 0.0
    name = next((2.5 - n for n, each in enumerate(_NAMES) if each.search(column.words)), 0.0)
    given = given or {}
    meanings = {word: given.get(plain(word)) or meaning_of(word, column.name) for word in words}
    sides = {meaning for meaning in meanings.values() if meaning in _SIDES}
    if not sides and (column.name in _ECS or all(map(_OUTCOME.fullmatch, map(plain, words)))):
        return 0.0
    known = sum(column.values[word] for word, found in meanings.items() if found in _SIDES)
    # Yes and no answer any question: they are a verdict where the name asks for one.
    is_answer = all(_answers(word, meaning) for word, meaning in meanings.items())
    weight = 0.0 if is_answer and name < 1 else 2.0 if len(sides) == 2 else 1.0
    if column.fill < _SPARSE and (name < _NAMED or len(sides) < 2):
        return 0.0
    score = name + weight * known / max(1, column.filled)
    return score * _LESS if column.fill < _SPARSE else score


def _may_be_label(column: Column, words: Sequence[str]) -> bool:
    """Whether the values are few and short words, no times, and the name none that never is one."""
    if column.inside or not 1 < len(words) <= min(_MOST_WORDS, max(2, column.filled // 2)):
        return False
    # "analyst verdict" is one, "verdict analyst" is none.
    said = (
        column.words.replace("analyst ", "") if _IS_VERDICT.search(column.words) else column.words
    )
    if max(map(len, words)) > _LONGEST_WORD or _NEVER.search(said):
        return False
    if any(isinstance(each, dict) for value in column.kept for each in _listed(value)):
        return False
    return column.is_number or time_form(column) is None


def _listed(value: object) -> Iterable[object]:
    return value if isinstance(value, list) else (value,)


def _answers(word: str, meaning: Meaning | None) -> bool:
    """Whether a word is a number, a yes or no, or none."""
    said = plain(word)
    return said in ANSWERS or said.isdecimal() or meaning is Meaning.UNDETERMINED


_SIDES = (Meaning.BENIGN, Meaning.MALICIOUS)


def read_words(
    counts: Mapping[str, int],
    column: str,
    *,
    benign: Sequence[str] = (),
    malicious: Sequence[str] = (),
    placeholders: bool = False,
) -> LabelWords:
    """Sort the words of a field into labels.

    Words that the table does not know become labels of their own where the known ones are all on
    one side: a task needs two. Else they are left out and named.

    Args:
        counts: word to how often it occurs.
        column: the field's name.
        benign: words that are benign, whatever the table says.
        malicious: words that are malicious.
        placeholders: whether words that stand for no verdict are told apart.
    """
    given = _given(benign, malicious)
    # The same word in another case is the same word.
    merged: Counter[str] = Counter()
    first: dict[str, str] = {}
    for word, count in counts.items():
        merged[first.setdefault(word.strip().casefold(), word.strip())] += count
    groups: dict[Meaning | None, list[str]] = {}
    for word in sorted(merged, key=lambda each: (-merged[each], each)):
        meaning = given.get(plain(word)) or meaning_of(word, column)
        groups.setdefault(meaning, []).append(word)
    open_ones = groups.get(Meaning.UNDETERMINED, [])
    none = tuple(word for word in open_ones if placeholders and is_placeholder(word))
    groups[Meaning.UNDETERMINED] = [word for word in open_ones if word not in none]
    return replace(_labels(groups, merged), no_verdict=none)


def _labels(groups: Mapping[Meaning | None, list[str]], counts: Mapping[str, int]) -> LabelWords:
    good, bad = (tuple(groups.get(side, ())) for side in _SIDES)
    unknown, undetermined = groups.get(None, []), tuple(groups.get(Meaning.UNDETERMINED, ()))
    if good and bad:
        labels = {"benign": good, "malicious": bad}
        return LabelWords(labels, "benign", undetermined, tuple(unknown), counts)
    labels = {"benign": good} if good else {}
    labels |= {label_name(word): (word,) for word in (*bad, *unknown)}
    return LabelWords(labels, "benign" if good else None, undetermined, (), counts)


def label_name(word: str) -> str:
    """A label named after a word."""
    return " ".join(word.split())


def words_of(values: Iterable[object]) -> Counter[str]:
    """Count the words of a field, a list's one by one; what is empty or an object is none."""
    counts: Counter[str] = Counter()
    for value in values:
        for each in value if isinstance(value, list) else [value]:
            if each is not None and not isinstance(each, dict | list) and value_text(each).strip():
                counts[value_text(each)] += 1
    return counts
