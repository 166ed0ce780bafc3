"""Write a configuration for a sample of incidents: a file, a folder."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import yaml

from sftsec_core.api.contracts import ConnectorSpec, RecipeSpec, Sample
from sftsec_core.api.domain import Rejection
from sftsec_core.api.errors import ConfigError, DataError
from sftsec_core.api.settings.task import GateSettings, SplitSettings, VerdictSettings
from sftsec_core.config.load import validate
from sftsec_core.config.settings import Settings
from sftsec_core.config.suggest.profile import Profile
from sftsec_core.config.suggest.suggestion import Suggestion, Wanted, add_words, facts_of, suggest
from sftsec_core.config.template import render_suggestion
from sftsec_core.plugins import Plugins, get

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_PER_FILE = 20_000
_MOST = 50_000
_NAME = re.compile(r"[^A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class SuggestedConfig:
    """A configuration that was written for a sample.

    Attributes:
        file: where it stands.
        task: the name of its task.
        records: how many the choice of the fields was made from.
        complete: whether it can be used as it is; else a person must add what is a comment.
    """

    file: Path
    task: str
    records: int
    complete: bool
    suggestion: Suggestion

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "file": str(self.file),
            "task": self.task,
            "records": self.records,
            "complete": self.complete,
            **facts_of(self.suggestion),
        }


def suggest_config(
    file: Path,
    source: Path,
    *,
    wanted: Wanted | None = None,
    task: str | None = None,
    connector: str = "files",
    recipe: str = "auto",
    force: bool = False,
) -> SuggestedConfig:
    """Write sftsec.yaml for a file or a folder: fields, labels and the words for them.

    Args:
        file: where to.
        source: the sample.
        wanted: what a person names; the rest is chosen.
        task: the task's name; default: the sample's.
        connector: the type of connector that reads it.
        recipe: the recipe of the task.
        force: overwrite a file that exists.

    Raises:
        ConfigError: when the file exists, or a field is wanted that is not there.
        ConnectorError: when the sample cannot be read.
        DataError: when no record of it can be.
        NotFoundError: when no such type of connector reads samples, or there is no such recipe.
    """
    if file.exists() and not force:
        raise ConfigError("exists already; --force overwrites it", file=file)
    wanted = wanted or Wanted()
    plugins = Plugins(Settings().plugins)
    get("recipe", recipe, plugins.specs(RecipeSpec))
    specs = plugins.specs(ConnectorSpec)
    readers = {name: spec.sample for name, spec in specs.items() if spec.sample}
    sample = get("type of connector", connector, readers)(source, file.parent)
    made, records = _read(sample, source, wanted)
    name = task or task_name(source)
    undetermined = VerdictSettings().undetermined
    text = render_suggestion(name, connector, sample, made, undetermined, recipe)
    complete = _is_complete(made)
    if complete:
        validate(Settings, yaml.safe_load(text), file=file)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return SuggestedConfig(file, name, records, complete, made)


def task_name(source: Path) -> str:
    """A task's name after a file or a folder: "Alerts 2026.csv" is "alerts-2026"."""
    whole = source.resolve()
    stem = whole.name if whole.is_dir() else whole.name.split(".")[0]
    return _NAME.sub("-", stem).strip("-").lower() or "incidents"


def _is_complete(made: Suggestion) -> bool:
    reads = made.text or made.numbers or made.categories
    return bool(made.words and len(made.words.labels) >= 2 and reads)


def _read(sample: Sample, source: Path, wanted: Wanted) -> tuple[Suggestion, int]:
    """Choose the fields from the first records of each file, the words from all of them."""
    reasons: Counter[str] = Counter()
    records = _usable(sample, _PER_FILE, reasons)
    profile = Profile.of(islice(records, _MOST))
    if not profile.rows:
        why = f": {next(iter(reasons))}" if reasons else ""
        raise DataError(f"no record of {source} can be read{why}")
    made = suggest(profile, wanted)
    label = made.fields.get("label")
    if label is not None:
        every = _usable(sample, None, reasons := Counter())
        add_words(made, (record.get(label) for record in every), wanted)
        _warn_of_few(made)
    if reasons:
        reason, count = reasons.most_common(1)[0]
        made.pick("unreadable", f"{sum(reasons.values()):,} records", f"{count:,} times: {reason}")
    return made, profile.rows


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
    split, gate = SplitSettings(), GateSettings()
    words = made.words
    if words is None:
        return
    part = 1 - split.dev - split.test
    few = [label for label in words.labels if words.rows(label) * part < gate.min_labels]
    if few:
        listed = ", ".join(f"{label} {words.rows(label):,}" for label in few[:6])
        made.pick(
            "few labels",
            "",
            f"{listed}: the gate asks for {gate.min_labels} in training, about "
            f"{gate.min_labels / part:,.0f} in all (gate.min_labels)",
        )
