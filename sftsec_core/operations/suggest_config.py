"""Write a configuration for a sample of incidents: a file, a folder."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import yaml

from sftsec_core.api.contracts import ConnectorSpec, RecipeSpec, Sample
from sftsec_core.api.domain import InputField, InputKind, Rejection
from sftsec_core.api.errors import ConfigError, DataError, unknown
from sftsec_core.api.settings.split import SplitSettings
from sftsec_core.api.settings.task import GateSettings, VerdictSettings
from sftsec_core.config.load import validate
from sftsec_core.config.settings import Settings
from sftsec_core.config.suggest.outlook import Timeline, few_labels, note_order, too_few
from sftsec_core.config.suggest.profile import Profile
from sftsec_core.config.suggest.suggestion import Suggestion, Wanted, add_words, facts_of, suggest
from sftsec_core.config.suggest.words import ANSWERS, plain
from sftsec_core.config.template import render_suggestion
from sftsec_core.operations.init_config import write_config
from sftsec_core.plugins import Plugins, get

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from sftsec_core.config.suggest.labels import LabelWords

_PER_FILE = 20_000
_MOST = 50_000
_MOST_WORDS = 12  # that an error lists
_RECIPE = "auto"
_NAME = re.compile(r"[^A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class SuggestedConfig:
    """A configuration that was written for a sample.

    Attributes:
        file: where it stands.
        task: the name of its task.
        records: how many the choice of the fields was made from.
        complete: whether it can be used as it is; else a person must add what is a comment.
        lacking: what a person should do before a training is worth while, a line each.
    """

    file: Path
    task: str
    records: int
    complete: bool
    suggestion: Suggestion
    lacking: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "file": str(self.file),
            "task": self.task,
            "records": self.records,
            "complete": self.complete,
            "lacking": list(self.lacking),
            **facts_of(self.suggestion),
        }


def suggest_config(
    file: Path,
    source: Path,
    *,
    wanted: Wanted | None = None,
    task: str | None = None,
    connector: str = "files",
    recipe: str | None = None,
    force: bool = False,
) -> SuggestedConfig:
    """Write sftsec.yaml for a file or a folder: fields, labels and the words for them.

    Args:
        file: where to.
        source: the sample.
        wanted: what a person names; the rest is chosen.
        task: the task's name; default: the sample's.
        connector: the type of connector that reads it.
        recipe: the recipe of the task; default: auto. One that reads nothing of what is there
            is replaced, and the choice says so.
        force: overwrite a file that exists.

    Raises:
        ConfigError: when the file exists or cannot be written, or a field or a word is wanted
            that is not there.
        ConnectorError: when the sample cannot be read.
        DataError: when no record of it can be.
        NotFoundError: when no such type of connector reads samples, or there is no such recipe.
    """
    if file.exists() and not force:
        raise ConfigError("exists already; --force overwrites it", file=file)
    wanted = wanted or Wanted()
    plugins = Plugins(Settings().plugins)
    get("recipe", recipe or _RECIPE, plugins.specs(RecipeSpec))
    specs = plugins.specs(ConnectorSpec)
    readers = {name: spec.sample for name, spec in specs.items() if spec.sample}
    sample = get("type of connector", connector, readers)(source, file.parent)
    made, records = read_sample(sample, str(source), wanted)
    _check_words(made, wanted)
    recipe = choose_recipe(made, recipe or _RECIPE, plugins)
    name = task or task_name(source)
    undetermined = VerdictSettings().undetermined
    text = render_suggestion(name, connector, sample, made, undetermined, recipe)
    complete = is_complete(made)
    if complete:
        validate(Settings, yaml.safe_load(text), file=file)
    write_config(file, text)
    return SuggestedConfig(file, name, records, complete, made, what_lacks(made))


def _check_words(made: Suggestion, wanted: Wanted) -> None:
    """Refuse words of the verdict that no record has, which would be left out in silence.

    Raises:
        ConfigError: with the word that is nearest.
    """
    if made.words is None:
        return
    there = {plain(word): word for word in made.words.counts}
    for word in (*wanted.benign, *wanted.malicious):
        if plain(word) not in there:
            kind = f"word of {made.fields['label']}"
            raise ConfigError(unknown(kind, word, list(there.values())[:_MOST_WORDS]))


def task_name(source: Path) -> str:
    """A task's name after a file or a folder: "Alerts 2026.csv" is "alerts-2026"."""
    whole = source.resolve()
    stem = whole.name if whole.is_dir() else whole.name.split(".")[0]
    return _NAME.sub("-", stem).strip("-").lower() or "incidents"


def is_complete(made: Suggestion) -> bool:
    """Whether a task of it can be used as it is."""
    words = made.words
    return bool(words and len(words.labels) >= 2 and not _unsaid(words) and _inputs(made))


def _inputs(made: Suggestion) -> Sequence[InputField]:
    """What its task reads."""
    if made.text:
        return [InputField("text", InputKind.TEXT, made.text)]
    numbers = [InputField(name, InputKind.NUMBER, (name,)) for name in made.numbers]
    return numbers + [InputField(name, InputKind.CATEGORY, (name,)) for name in made.categories]


def choose_recipe(made: Suggestion, recipe: str, plugins: Plugins) -> str:
    """The recipe, or another one where it reads nothing of what is there; notes why."""
    specs, inputs = plugins.specs(RecipeSpec), _inputs(made)
    if not inputs or specs[recipe].reads(inputs):
        return recipe
    able = [n for n, spec in specs.items() if spec.reads(inputs) and not spec.missing()]
    if not able:
        return recipe
    found = "boosted" if "boosted" in able else able[0]
    made.pick("recipe", found, f"{recipe} reads text, and no field holds any; --text names one")
    return found


def read_sample(sample: Sample, name: str, wanted: Wanted) -> tuple[Suggestion, int]:
    """Choose the fields from the first records of each file, the words from all of them.

    Args:
        sample: the records.
        name: of the sample, for the error.
        wanted: what a person names.

    Returns:
        What was chosen, and from how many records.

    Raises:
        ConfigError: when a field is wanted that is not there.
        DataError: when no record can be read.
    """
    reasons: Counter[str] = Counter()
    records = _usable(sample, _PER_FILE, reasons)
    profile = Profile.of(islice(records, _MOST))
    if not profile.rows:
        why = f": {next(iter(reasons))}" if reasons else ": there is none"
        raise DataError(f"no record of {name} can be read{why}")
    aside = [*sample.label_options, *filter(None, (sample.time,))]
    made = suggest(profile, wanted, aside)
    if "label" in made.fields:
        reasons = _read_labels(made, sample, wanted)
    for key, reason in sample.notes.items():
        made.pick(key, str(sample.options.get(key, "left out")), reason)
    if reasons:
        reason, count = reasons.most_common(1)[0]
        total = sum(reasons.values())
        often = f"{count:,} times: {reason}" if count > 1 else reason
        made.pick("unreadable", f"{total:,} record{'s' if total > 1 else ''}", often)
    return made, profile.rows


def _read_labels(made: Suggestion, sample: Sample, wanted: Wanted) -> Counter[str]:
    """Sort the words of every record; returns why records could not be read."""
    label, form = made.fields["label"], made.form.form if made.form else None
    time = sample.time or made.fields.get("time")
    timeline = Timeline(time, None if sample.time else form)
    reasons: Counter[str] = Counter()

    def values() -> Iterator[object]:
        for record in _usable(sample, None, reasons):
            value = record.get(label)
            timeline.add(record, value)
            yield value

    add_words(made, values(), wanted, placeholders="no_verdict" in sample.keys)
    if made.words and len(made.words.labels) >= 2:
        note_order(made, timeline.labels(made.words), SplitSettings())
        _warn_of_few(made)
    return reasons


def what_lacks(made: Suggestion) -> tuple[str, ...]:
    """What a person should do before a training is worth while, a line each."""
    words = made.words
    if words is None:
        near = f" (fields of few values: {', '.join(made.candidates)})" if made.candidates else ""
        return (f"name the field with the verdict: --label FIELD{near}",)
    if len(words.labels) < 2:
        return (_one_sided(words),)
    if _unsaid(words):
        listed = " and ".join(repr(word) for each in words.labels.values() for word in each)
        label = made.fields["label"]
        return (f"say with --benign and --malicious what {listed} of {label} mean",)
    lines = [] if _inputs(made) else ["name a field to read: --text FIELD"]
    if made.apart:
        lines.append(made.apart)
    if few := too_few(words):
        listed = ", ".join(f"{label} ({words.rows(label):,})" for label in few[:6])
        lines.append(f"give more incidents a verdict, there are too few to divide: {listed}")
    return tuple(lines)


def _unsaid(words: LabelWords) -> bool:
    """Whether its words answer a question that is not that of a verdict: archived, closed."""
    listed = [word for each in words.labels.values() for word in each]
    return words.benign is None and all(plain(word) in ANSWERS for word in listed)


def _one_sided(words: LabelWords) -> str:
    """Say which label alone there is, and which words might be another one."""
    only = next(iter(words.labels), None)
    there = f"every verdict is {only!r}" if only else "no word of the verdict is known"
    # What counts as no verdict may be the other side where it is frequent: "Resolved" of a console.
    said = (*words.undetermined, *words.no_verdict)
    open_ones = sorted(said, key=lambda word: -words.counts[word])[:3]
    others = "say what its words mean with --benign and --malicious, or "
    if open_ones:
        listed = ", ".join(f"{word!r} ({words.counts[word]:,})" for word in open_ones)
        others = f"say with --benign or --malicious what {listed} means, or "
    elif only:
        others = ""
    return f"{there}: {others}add incidents of another verdict; a model needs two"


def _usable(
    sample: Sample, limit: int | None, reasons: Counter[str]
) -> Iterator[Mapping[str, Any]]:
    for record in sample.records(limit):
        if isinstance(record, Rejection):
            reasons[record.reason] += 1
        else:
            yield record


def _warn_of_few(made: Suggestion) -> None:
    """Say beforehand that the gate will reject: a training takes minutes to say so."""
    gate = GateSettings()
    if made.words is None:
        return
    listed, needed = few_labels(made.words, SplitSettings(), gate)
    if listed:
        made.pick(
            "few labels",
            listed,
            f"the gate asks for {gate.min_labels} in training, about {needed:,} in all "
            "(gate.min_labels)",
        )
