"""Train, dev and test: given by the source, by time, by group, or stratified.

Whatever the method, a unit (near-duplicates and a group's members) stands in one part. With
"given", where the source itself put copies in two parts, the copy that evaluates stays: train
gives way to dev and test, dev to test.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from sftsec_core.api.contracts import BUILT_IN_SPLITS, SplitterSpec
from sftsec_core.api.domain import Example, Split
from sftsec_core.api.errors import DataError, PluginError
from sftsec_core.dataset.groups import find_groups, members, shuffled
from sftsec_core.plugins import get

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sftsec_core.api.settings.split import SplitSettings
    from sftsec_core.plugins import Plugins

Method = Literal["given", "time", "group", "stratified"]
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


def divide(examples: Sequence[Example], policy: SplitSettings, plugins: Plugins) -> Split:
    """Divide a task's examples by a built-in method, or by the plugin's splitter that is named.

    Raises:
        NotFoundError: when no enabled plugin registers the splitter.
        DataError: as `split_examples`.
    """
    if policy.method in BUILT_IN_SPLITS:
        return split_examples(examples, policy)
    spec = get("splitter", policy.method, plugins.specs(SplitterSpec))
    split = spec.split(spec.configure(policy.options(), base=plugins.base), examples, policy)
    if not isinstance(split, Split):
        raise PluginError(f"splitter {spec.name!r} returns a {type(split).__name__}, not a Split")
    return replace(split, method=spec.name)


def split_examples(examples: Sequence[Example], policy: SplitSettings) -> Split:
    """Divide a task's examples by a built-in method.

    Args:
        examples: sorted by uid, as `build_examples` gives them.
        policy: the method, the parts' shares and the seed.

    Returns:
        The parts, each in the order of `examples`; `notes` says what was dropped or carved.

    Raises:
        DataError: when there are no examples, only one label, or the method does not suit them.
    """
    _require_two_labels(examples)
    method = choose_method(examples) if policy.method == "auto" else policy.method
    if method == "given":
        split = _given(examples, policy)
    elif method == "time":
        split = _by_time(examples, policy)
    else:
        if method == "group" and not any(example.groups for example in examples):
            raise DataError("split by group: no example has one; name a field in `group`")
        shares = {"train": 1 - policy.dev - policy.test, "test": policy.test, "dev": policy.dev}
        split = _split(examples, _stratify(examples, shares, policy.seed), method)
    return _require_parts(split, policy)


def choose_method(examples: Sequence[Example]) -> Method:
    """What "auto" comes to: given when the source says train and test, else by time.

    Without times for all, by group; without groups, stratified.
    """
    if {"train", "test"} <= {example.split for example in examples}:
        return "given"
    if len({example.at for example in examples}) > 1 and all(e.at is not None for e in examples):
        return "time"
    return "group" if any(example.groups for example in examples) else "stratified"


def _require_two_labels(examples: Sequence[Example]) -> None:
    if not examples:
        raise DataError("there are no labelled examples")
    labels = {example.label for example in examples}
    if len(labels) == 1:
        raise DataError(
            f"{_all_of(len(examples))} the label {labels.pop()!r}: there is nothing to "
            "tell apart; check `labels` and the time window"
        )


def _all_of(count: int) -> str:
    return "the one example has" if count == 1 else f"all {count} examples have"


def _require_parts(split: Split, policy: SplitSettings) -> Split:
    for name, part in split.parts():
        wanted = name == "train" or getattr(policy, name) > 0 or split.method == "given"
        if not part and wanted:
            of = _units(_all_rows(split))
            raise DataError(
                f"split by {split.method}: no example is left for {name} of {of}; more "
                "verdicts are needed, or other shares in the task's `split`"
            )
    labels = {example.label for example in split.train}
    if len(labels) < 2:
        raise DataError(_one_label(split, "train", labels.pop()))
    note = one_sided(split)
    return replace(split, notes=(*split.notes, note)) if note else split


def one_sided(split: Split) -> str | None:
    """Say that test has one label only, by which no figure tells the others; else None."""
    labels = {example.label for example in split.test}
    if len(labels) != 1:
        return None
    return _one_label(split, "test", labels.pop())


def _one_label(split: Split, part: str, label: str) -> str:
    said = f"split by {split.method}: {part} has the label {label!r} only"
    others = [example for example in _all_rows(split) if example.label != label]
    if len(members(find_groups(others))) < len(split.parts()):
        return f"{said}: all parts have {_units(others)} of other labels; more verdicts are needed"
    if split.method != "time":
        return f"{said}; try another `split.method`"
    return (
        f"{said}: the labels follow the time, as in an export that is sorted by them; set "
        "`split: {method: stratified}` in the task"
    )


def _all_rows(split: Split) -> list[Example]:
    return [example for _, part in split.parts() for example in part]


def _units(examples: Sequence[Example]) -> str:
    """How many examples there are, and in how many parts they could be at most."""
    count, units = len(examples), len(members(find_groups(examples)))
    said = "1 example" if count == 1 else f"{count:,} examples"
    groups = "1 group" if units == 1 else f"{units:,} groups"
    return said if units == count else f"{said} in {groups} of like ones"


def _split(
    examples: Sequence[Example], parts: Mapping[int, str], method: str, notes: Sequence[str] = ()
) -> Split:
    found: dict[str, list[Example]] = {"train": [], "dev": [], "test": []}
    for index, example in enumerate(examples):
        if index in parts:
            found[parts[index]].append(example)
    return Split(found["train"], found["dev"], found["test"], method, tuple(notes))


# --- given ----------------------------------------------------------------------------------------


def _given(examples: Sequence[Example], policy: SplitSettings) -> Split:
    parts = {index: example.split or "train" for index, example in enumerate(examples)}
    if "test" not in parts.values():
        raise DataError(
            "split as given: the source puts nothing in test; name its files train, dev and test, "
            "or choose another `split.method`"
        )
    notes = []
    unplaced = sum(1 for example in examples if example.split is None)
    if unplaced:
        notes.append(f"{unplaced} rows that the source puts nowhere went to train")
    dropped = _give_way(examples, parts)
    notes += [
        f"{count} rows dropped from {part}: a copy stands in a later part"
        for part, count in sorted(dropped.items())
    ]
    if "dev" not in parts.values() and policy.dev > 0:
        carved = _carve_dev(examples, parts, policy)
        notes.append(f"no dev rows were given: {carved} taken from train")
    return _split(examples, parts, "given", notes)


def _give_way(examples: Sequence[Example], parts: dict[int, str]) -> Counter[str]:
    """Drop from train what has a near-duplicate in dev or test, from dev what has one in test."""
    rank = {"train": 0, "dev": 1, "test": 2}
    last: dict[int, int] = defaultdict(int)
    for index, part in parts.items():
        cluster = examples[index].cluster
        if cluster >= 0:
            last[cluster] = max(last[cluster], rank[part])
    dropped: Counter[str] = Counter()
    for index, part in list(parts.items()):
        cluster = examples[index].cluster
        if cluster >= 0 and rank[part] < last[cluster]:
            del parts[index]
            dropped[part] += 1
    return dropped


def _carve_dev(examples: Sequence[Example], parts: dict[int, str], policy: SplitSettings) -> int:
    train = [index for index, part in parts.items() if part == "train"]
    share = policy.dev / (1 - policy.test)
    rows = [examples[index] for index in train]
    carved = _stratify(rows, {"train": 1 - share, "dev": share}, policy.seed)
    for place, part in carved.items():
        parts[train[place]] = part
    return sum(1 for part in carved.values() if part == "dev")


# --- by time --------------------------------------------------------------------------------------


def _by_time(examples: Sequence[Example], policy: SplitSettings) -> Split:
    """The latest units test, those before them dev: as the model will meet what comes after."""
    if all(example.at is None for example in examples):
        raise DataError("split by time: no example has a time; choose another `split.method`")
    units = members(find_groups(examples))

    def latest(unit: list[int]) -> tuple[datetime, str]:
        times = [examples[index].at or _LONG_AGO for index in unit]
        return max(times), examples[unit[0]].uid

    count = len(examples)
    left = {"test": round(policy.test * count), "dev": round(policy.dev * count)}
    parts: dict[int, str] = {}
    for unit in sorted(units, key=latest, reverse=True):
        part = next((name for name in ("test", "dev") if left[name] > 0), "train")
        if part != "train":
            left[part] -= len(unit)
        parts |= dict.fromkeys(unit, part)
    split = _split(examples, parts, "time")
    late = {example.label for example in examples} - {example.label for example in split.train}
    if not late:
        return split
    note = f"labels that occur only after train's time: {', '.join(sorted(late))}"
    return replace(split, notes=(note,))


# --- stratified -----------------------------------------------------------------------------------


def _stratify(
    examples: Sequence[Example], shares: Mapping[str, float], seed: int
) -> dict[int, str]:
    """Give each unit to the part that still lacks most of its labels (Sechidis et al. 2011).

    Args:
        examples: what to divide.
        shares: part to its share; train first, so that a label with one unit goes there.
        seed: for the order in which units of one size are given away.
    """
    total = Counter(example.label for example in examples)
    lacks = {part: {k: share * n for k, n in total.items()} for part, share in shares.items()}
    in_train: set[str] = set()
    parts: dict[int, str] = {}
    for unit in shuffled(members(find_groups(examples)), examples, seed):
        labels = Counter(examples[index].label for index in unit)
        if labels.keys() - in_train:
            part = "train"  # a label that train never sees cannot be learnt
        else:
            part = max(lacks, key=lambda name: sum(lacks[name][k] * n for k, n in labels.items()))
        if part == "train":
            in_train |= labels.keys()
        for label, count in labels.items():
            lacks[part][label] -= count
        parts |= dict.fromkeys(unit, part)
    return parts
