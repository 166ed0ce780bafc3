"""Many verdicts on one incident become one label, by a stated rule.

1. Of one analyst's verdicts on an incident the latest counts; without times, the last given.
   Verdicts without an analyst are one analyst's when they carry times, else one analyst's each.
2. A person's verdict outweighs automated ones, which count only where no person judged, and
   then with `automated_weight`.
3. The majority of the analysts decides. "Undetermined" abstains. A tie, nothing but abstentions,
   or a word that no label lists sends the incident to review.
4. Copies of one text that are labelled differently all go to review.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sftsec_core.api.settings.words import word_key

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray

    from sftsec_core.api.settings.task import VerdictSettings
    from sftsec_core.dataset.snapshot import Snapshot

UNDETERMINED = "(undetermined)"  # no name that a label would have
_ABSTAINS = -1
_UNMAPPED = -2
_REVIEW = -3


class ReviewItem(NamedTuple):
    """An incident that a person should review, and why."""

    uid: str
    reason: str


@dataclass(frozen=True, slots=True)
class Resolution:
    """What the verdicts come to.

    Attributes:
        labels: a row's uid to its label and the trust in it, 0 (exclusive) to 1.
        review: incidents that got no label though somebody judged them.
        counts: rows labelled and unlabelled, review by cause, verdicts read, labels that
            were left out because no person gave them.
        unmapped: verdict words that neither a label nor `undetermined` lists, with the number of
            incidents that have them.
    """

    labels: Mapping[str, tuple[str, float]]
    review: Sequence[ReviewItem]
    counts: Mapping[str, int]
    unmapped: Mapping[str, int]


class VerdictVote(NamedTuple):
    """One verdict on one incident: a label's number, or that it abstains or is unmapped."""

    choice: int
    analyst: str | None
    at: datetime | None
    automated: bool
    word: str


def resolve(
    snapshot: Snapshot, labels: Mapping[str, Sequence[str]], rules: VerdictSettings
) -> Resolution:
    """Label a snapshot's rows.

    Args:
        snapshot: its verdicts are held in memory: some dozen bytes each.
        labels: label to the platform's words for it, compared by `word_key`; a label stands
            for itself.
        rules: what abstains, and the weight of automated verdicts.
    """
    names, found = sorted(labels), _aggregate(snapshot, labels, rules)
    labelled, left_out = _label_rows(snapshot, found.texts, names, rules.automated_weight)
    counts = Counter(item.reason.split(":")[0].split(" '")[0] for item in found.review)
    return Resolution(
        labels=labelled,
        review=found.review,
        counts={
            "verdicts": found.verdicts,
            "labelled": len(labelled),
            "unlabelled": snapshot.counts["kept"] - len(labelled),
            "automated_left_out": left_out,
            **{f"review: {cause}": count for cause, count in sorted(counts.items())},
        },
        unmapped=found.unmapped,
    )


def find_review(
    snapshot: Snapshot, labels: Mapping[str, Sequence[str]], rules: VerdictSettings
) -> Sequence[ReviewItem]:
    """What `resolve` sends to review, without labelling the rows; its arguments."""
    return _aggregate(snapshot, labels, rules).review


class _Aggregated(NamedTuple):
    """What the verdicts say of incidents and of texts."""

    texts: _Texts
    review: list[ReviewItem]
    unmapped: dict[str, int]
    verdicts: int


def _aggregate(
    snapshot: Snapshot, labels: Mapping[str, Sequence[str]], rules: VerdictSettings
) -> _Aggregated:
    names, verdicts = sorted(labels), snapshot.verdicts()
    aggregator = _LabelAggregator(verdicts, _choices(verdicts["value"], names, labels, rules))
    review = list(aggregator.label_incidents(names))
    texts = aggregator.label_texts()
    reason = "same text, different labels"
    review += [ReviewItem(uid, reason) for uid in aggregator.incidents_of(texts.conflicts)]
    return _Aggregated(texts, review, aggregator.unmapped_words(), verdicts.num_rows)


def meanings(
    words: Any,  # noqa: ANN401 - pyarrow has no types
    labels: Mapping[str, Sequence[str]],
    rules: VerdictSettings,
) -> dict[str, str | None]:
    """What each word says: a label, `UNDETERMINED`, or None where nothing lists it."""
    known = {word_key(word): UNDETERMINED for word in rules.undetermined}
    known |= {word_key(name): name for name in labels}
    for name, listed in labels.items():  # last, since what is listed outweighs a name
        known |= {word_key(word): name for word in listed}
    return {word: known.get(word_key(word)) for word in pc.unique(words).to_pylist()}


def _choices(
    words: Any,  # noqa: ANN401 - pyarrow has no types
    names: Sequence[str],
    labels: Mapping[str, Sequence[str]],
    rules: VerdictSettings,
) -> NDArray[np.int64]:
    """Each verdict's choice: the number of its label, or that it abstains or is unmapped."""
    numbers: dict[str | None, int] = {name: number for number, name in enumerate(names)}
    numbers = {UNDETERMINED: _ABSTAINS} | numbers | {None: _UNMAPPED}
    means = meanings(words, labels, rules)
    codes, known = _encode(words)
    by_code = [numbers[means[word]] for word in known.to_pylist()]
    return np.array([*by_code, _UNMAPPED], np.int64)[codes]


def _numbers(array: Any) -> NDArray[np.int64]:  # noqa: ANN401 - pyarrow has no types
    return np.asarray(array, np.int64)


def _encode(column: Any) -> tuple[NDArray[np.int64], Any]:  # noqa: ANN401 - pyarrow has no types
    coded = column.combine_chunks().dictionary_encode()
    return _numbers(coded.indices), coded.dictionary


class _Texts(NamedTuple):
    """Texts with their labels: numbers of labels, `_REVIEW` for none."""

    ids: Any
    label: NDArray[np.int64]
    by_person: NDArray[np.bool_]
    conflicts: NDArray[np.bool_]


class _LabelAggregator:
    """All verdicts in columns; single ones, the most, are judged at once, the others one by one."""

    def __init__(self, verdicts: Any, choices: NDArray[np.int64]) -> None:  # noqa: ANN401 - pyarrow has no types
        self._verdicts = verdicts
        self._choices = choices
        self._uid, self._uids = _encode(verdicts["uid"])
        self._text, self._texts = _encode(verdicts["digest"])
        self._automated = np.asarray(verdicts["automated"].to_numpy(), np.bool_)
        self._label = np.full(len(self._uids), _REVIEW, np.int64)
        self._by_person = np.zeros(len(self._uids), np.bool_)

    def label_incidents(self, names: Sequence[str]) -> Iterator[ReviewItem]:
        """Give each incident its label; yield those that go to review."""
        single = np.bincount(self._uid, minlength=len(self._uids))[self._uid] == 1
        self._label[self._uid[single]] = self._choices[single]
        self._by_person[self._uid[single]] = ~self._automated[single]
        for place in np.flatnonzero(single & (self._choices < 0)).tolist():
            word = self._verdicts["value"][place].as_py()
            reason = _unmapped(word) if self._choices[place] == _UNMAPPED else "undetermined"
            yield ReviewItem(self._uids[int(self._uid[place])].as_py(), reason)
        for code, votes in self._several(~single):
            choice, reason, by_person = aggregate_votes(votes, names)
            self._label[code] = choice
            self._by_person[code] = by_person
            if choice < 0:
                yield ReviewItem(self._uids[code].as_py(), reason)

    def _several(self, mask: NDArray[np.bool_]) -> Iterator[tuple[int, list[VerdictVote]]]:
        """The votes on each incident that has several, in the order in which they were given."""
        places = np.flatnonzero(mask)
        places = places[np.argsort(self._uid[places], kind="stable")]
        rows = self._verdicts.take(pa.array(places))
        columns = [rows[name].to_pylist() for name in ("analyst", "at", "automated", "value")]
        choices = self._choices[places].tolist()
        votes: list[VerdictVote] = []
        codes = self._uid[places].tolist()
        for index, (analyst, at, automated, word) in enumerate(zip(*columns, strict=True)):
            votes.append(VerdictVote(choices[index], analyst, at, automated, word))
            if index + 1 == len(codes) or codes[index + 1] != codes[index]:
                yield codes[index], votes
                votes = []

    def unmapped_words(self) -> dict[str, int]:
        """The words that mean nothing to the task, by the number of their incidents."""
        places = np.flatnonzero(self._choices == _UNMAPPED)
        words = self._verdicts["value"].take(pa.array(places)).to_pylist()
        pairs = set(zip(words, self._uid[places].tolist(), strict=True))
        return dict(Counter(word for word, _ in pairs).most_common())

    def label_texts(self) -> _Texts:
        """Let the labelled copies of each text agree, or not."""
        label = self._label[self._uid]
        labelled = label >= 0
        count = len(self._texts)
        low = np.full(count, np.iinfo(np.int64).max)
        high = np.full(count, _REVIEW, np.int64)
        np.minimum.at(low, self._text[labelled], label[labelled])
        np.maximum.at(high, self._text[labelled], label[labelled])
        by_person = np.zeros(count, np.bool_)
        np.logical_or.at(by_person, self._text[labelled], self._by_person[self._uid][labelled])
        differ = (low != high) & (high >= 0)
        high[differ] = _REVIEW
        return _Texts(self._texts, high, by_person, differ)

    def incidents_of(self, conflicts: NDArray[np.bool_]) -> list[str]:
        """The labelled incidents whose text others label differently."""
        labelled = self._label[self._uid] >= 0
        codes = np.unique(self._uid[labelled & conflicts[self._text]])
        return [str(uid) for uid in self._uids.take(pa.array(codes)).to_pylist()]


def aggregate_votes(votes: Sequence[VerdictVote], names: Sequence[str]) -> tuple[int, str, bool]:
    """Bring the verdicts on one incident to one choice.

    Args:
        votes: in the order in which they were given.
        names: the labels, by number, for the reason.

    Returns:
        The label's number or a negative one, the reason for review, and whether persons decided.
    """
    by_person = any(not vote.automated for vote in votes)
    latest: dict[object, VerdictVote] = {}
    for vote in votes:
        if vote.automated and by_person:
            continue
        voter: object = vote.analyst
        if vote.analyst is None and vote.at is None:
            voter = ("nobody", vote.choice)  # the same word twice says no more than once
        before = latest.get(voter)
        if before is None or before.at is None or vote.at is None or vote.at >= before.at:
            latest[voter] = vote
    unmapped = next((v.word for v in latest.values() if v.choice == _UNMAPPED), None)
    if unmapped is not None:
        return _UNMAPPED, _unmapped(unmapped), by_person
    tally = Counter(vote.choice for vote in latest.values() if vote.choice >= 0).most_common()
    if not tally:
        return _ABSTAINS, "undetermined", by_person
    if len(tally) > 1 and tally[0][1] == tally[1][1]:
        said = ", ".join(f"{names[choice]} {count}" for choice, count in sorted(tally))
        return _REVIEW, f"tie: {said}", by_person
    return tally[0][0], "", by_person


def _unmapped(word: str) -> str:
    return f"unmapped verdict {word!r}"


def _label_rows(
    snapshot: Snapshot, texts: _Texts, names: Sequence[str], automated_weight: float
) -> tuple[dict[str, tuple[str, float]], int]:
    """The rows' labels, and how many rows are left out since no person judged them."""
    found: dict[str, tuple[str, float]] = {}
    left_out = 0
    # One tuple a label and weight, not one a row.
    trust = [[(name, automated_weight) for name in names], [(name, 1.0) for name in names]]
    batches = list(snapshot.batches(["uid", "digest"]))
    # All digests in one call: each call makes a table of all the texts.
    digests = pa.chunked_array([batch["digest"] for batch in batches], pa.string())
    codes = _numbers(pc.fill_null(pc.index_in(digests, texts.ids), -1))
    ends = np.cumsum([batch.num_rows for batch in batches])
    for batch, end in zip(batches, ends.tolist(), strict=True):
        code = codes[end - batch.num_rows : end]
        place = np.flatnonzero(code >= 0)
        place = place[texts.label[code[place]] >= 0]
        uids = batch["uid"].take(pa.array(place)).to_pylist()
        choices = texts.label[code[place]].tolist()
        persons = texts.by_person[code[place]].tolist()
        for uid, choice, person in zip(uids, choices, persons, strict=True):
            if person or automated_weight > 0:
                found[uid] = trust[person][choice]
            else:
                left_out += 1
    return found, left_out
