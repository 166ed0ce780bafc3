"""What a run would make of a sample's labels: whether they suffice, and can be divided by time."""

from __future__ import annotations

from array import array
from collections import Counter
from typing import TYPE_CHECKING

from sftsec_core.sdk.records import single
from sftsec_core.sdk.time_forms import TimeError
from sftsec_core.sdk.times import TimeReader

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from sftsec_core.api.settings.split import SplitSettings
    from sftsec_core.api.settings.task import GateSettings
    from sftsec_core.config.suggest.labels import LabelWords
    from sftsec_core.config.suggest.suggestion import Suggestion

_PARTS = 3  # train, dev and test
_FEWEST = 10  # of a label: fewer leave a part of the split without it


class Timeline:
    """When the records of each word happened: what a split by time comes to."""

    def __init__(self, time: str | None, form: str | None) -> None:
        """Prepare.

        Args:
            time: the field with the event's time; None where no field holds it.
            form: how it is written, as `time_format`; None for the usual forms.
        """
        self._time = time
        self._reader = TimeReader((form,)) if form else TimeReader()
        self._words: dict[str, int] = {}
        self._at, self._word = array("d"), array("l")
        self._without = 0

    def add(self, record: Mapping[str, Any], value: object) -> None:
        """Note a record and the value of its verdict's field."""
        word = single(value)
        if word is None or isinstance(word, dict | list):
            return
        try:
            at = self._reader.read(record.get(self._time or ""))
        except TimeError:
            return  # rejected by the run
        if at is None:
            self._without += 1
            return
        number = self._words.setdefault(str(word).strip().casefold(), len(self._words))
        self._at.append(at.timestamp())
        self._word.append(number)

    def labels(self, words: LabelWords) -> list[str]:
        """The labels in the order of time; empty where not every record has a time."""
        if self._without or len(set(self._at)) < 2:
            return []
        label_of = {w.casefold(): label for label, listed in words.labels.items() for w in listed}
        names = [label_of.get(word) for word in self._words]
        order = sorted(range(len(self._at)), key=self._at.__getitem__)
        found = (names[self._word[index]] for index in order)
        return [label for label in found if label is not None]


def one_sided_part(labels: Sequence[str], split: SplitSettings) -> str | None:
    """What a split by time would leave with one label; None when it leaves nothing so.

    Args:
        labels: of the labelled records in the order of time.
        split: the parts' sizes.
    """
    count = len(labels)
    test, dev = round(split.test * count), round(split.dev * count)
    # By chance a small dev lacks a label that is rare: a run can do with that.
    parts = {"train": labels[: count - test - dev], "test": labels[count - test :]}
    for name, part in parts.items():
        if part and len(set(labels)) > 1 and len(set(part)) == 1:
            return f"{name} would have the label {part[0]!r} only"
    return None


def note_order(made: Suggestion, labels: Sequence[str], split: SplitSettings) -> None:
    """Choose a split that does not go by time, where the labels are sorted by it."""
    reason = one_sided_part(labels, split) if len(labels) >= 2 * _FEWEST else None
    rare = len(labels) - max(Counter(labels).values(), default=0)
    if reason is not None and rare >= _PARTS:  # with fewer no split has others in each part
        made.split = "stratified"
        made.pick("split", "stratified", f"labels follow the time: by time {reason}")


def too_few(words: LabelWords) -> list[str]:
    """The labels of which there are too few for a run to divide."""
    return [label for label in words.labels if words.rows(label) < _FEWEST]


def few_labels(words: LabelWords, split: SplitSettings, gate: GateSettings) -> tuple[str, int]:
    """Which labels the promotion gate will find too few.

    Returns:
        The labels with their rows, "" when there is none, and about how many rows a label needs.
    """
    part = 1 - split.dev - split.test
    few = [label for label in words.labels if words.rows(label) * part < gate.min_labels]
    return named_rows(words, few), round(gate.min_labels / part)


def named_rows(words: LabelWords, labels: Iterable[str]) -> str:
    """Labels with how many records have each."""
    rows = Counter({label: words.rows(label) for label in labels})
    return ", ".join(f"{label} {rows[label]:,}" for label in list(rows)[:6])
