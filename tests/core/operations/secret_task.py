"""A task whose labels are a secret of its texts, and recipes that are right, slow or broken."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray

import sftsec_core.builtin
import sftsec_files.hooks
import sftsec_pii.hooks
from sftsec_core.api.contracts import (
    EmptyConfig,
    LauncherSpec,
    RecipeSpec,
    SplitterSpec,
    TrainedModel,
    TrainJob,
    TrainOrder,
    VoterSpec,
)
from sftsec_core.api.domain import (
    Batch,
    Event,
    Example,
    ModelPromoted,
    RunFinished,
    RunStarted,
    Split,
    Vote,
)
from sftsec_core.api.errors import TrainingError
from sftsec_core.api.hookspecs import hookimpl
from sftsec_core.api.settings.split import SplitSettings
from sftsec_core.dataset.split import split_examples
from sftsec_core.operations.authorize import local_admin
from sftsec_core.operations.context import Context
from sftsec_core.operations.preflight import read
from sftsec_core.plugins import Plugins
from sftsec_core.recipes.launch.fit import fit_order
from sftsec_core.recipes.specs import LINEAR

WORDS = "alpha bravo charlie delta echo foxtrot golf hotel india juliet kilo lima mike".split()  # noqa: SIM905 - reads better
LABELS = ("benign", "malicious")
HINTS = ("quebec", "romeo")
HOSTS = ("server", "laptop")
FIRST, HOUR = datetime(2026, 1, 1, tzinfo=UTC), timedelta(hours=1)


def secret_of(text: str) -> int:
    """A label that n-grams give away in part only."""
    return hashlib.sha256(text.encode()).digest()[0] % 2


class Oracle:
    """Knows the secret: what a far better model looks like from outside."""

    labels = LABELS

    def predict_proba(self, batch: Batch) -> NDArray[np.float64]:
        texts = batch.text()
        sure = np.array([0.98 if secret_of(text) else 0.02 for text in texts])
        return np.stack([1 - sure, sure], axis=1)

    def save(self, folder: Path) -> None:
        (folder / "oracle.json").write_text("{}")


def refuse_to_train(job: TrainJob) -> TrainedModel:
    raise TrainingError("the loss is not a number")


def need_what_is_not_there(job: TrainJob) -> TrainedModel:
    raise ImportError("No module named 'torch'", name="torch")


def slow(name: str, **changes: Any) -> RecipeSpec[Any]:
    return RecipeSpec(
        name=name,
        summary=name,
        config_model=LINEAR.config_model,
        inference_cost=50,
        fit=changes.get("fit", LINEAR.fit),
        load=LINEAR.load,
    )


@dataclass
class Observer:
    """Offers the recipes above and writes down what it is told."""

    told: list[str] = field(default_factory=list)
    refuse: bool = False

    @hookimpl
    def sftsec_register_recipes(self) -> Sequence[RecipeSpec[Any]]:
        oracle = RecipeSpec(
            name="oracle",
            summary="knows",
            inference_cost=90,
            fit=lambda _job: Oracle(),
            load=lambda _folder: Oracle(),
        )
        return [
            oracle,
            slow("slow"),
            slow("broken", fit=refuse_to_train),
            slow("torchless", fit=need_what_is_not_there),
        ]

    @hookimpl
    def sftsec_register_launchers(self) -> Sequence[LauncherSpec[Any]]:
        return [LauncherSpec(name="here", summary="this process", run=self.fit_here, local=True)]

    def fit_here(self, _: object, order: TrainOrder, emit: Callable[[Event], None]) -> None:
        """Fit in this process: the recipes above are no entry points that another would find."""
        plugins = Plugins.of_modules(sftsec_core.builtin, self)
        fit_order(TrainOrder.from_json(order.to_json()), plugins, emit)

    @hookimpl
    def sftsec_register_voters(self) -> Sequence[VoterSpec[Any]]:
        return [VoterSpec(name="observer", summary="no Fridays", vote=self.vote)]

    def vote(self, *_: object) -> Vote | None:
        return Vote("observer", False, "not on a Friday") if self.refuse else None

    @hookimpl
    def sftsec_event(self, event: Event) -> None:
        if isinstance(event, RunStarted):
            self.told.append(f"started {event.kind}")
        elif isinstance(event, RunFinished):
            self.told.append(f"finished {event.status}, report: {event.report is not None}")
        elif isinstance(event, ModelPromoted):
            self.told.append(f"promoted {event.recipe} after {event.previous}")


def write_incidents(folder: Path, count: int, *, timed: bool = False, hosts: bool = False) -> None:
    """One word hints at the label of most texts, so that linear is better than chance."""
    rng = Random(5)  # noqa: S311 - reproducible texts, no secret
    with (folder / "incidents.jsonl").open("w", encoding="utf-8") as out:
        for number in range(count):
            text, hint = "", 0
            while not text or (secret_of(text) != hint and rng.random() < 0.6):
                hint = rng.randrange(2)
                words = [*rng.choices(WORDS, k=12), HINTS[hint]]
                text = " ".join(words) + f" {number}"
            row = {
                "id": f"i{number}",
                "message": text,
                "label": LABELS[secret_of(text)],
                **({"host": {"type": HOSTS[number % 2]}} if hosts else {}),
                **({"@timestamp": (FIRST + number * HOUR).isoformat()} if timed else {}),
            }
            out.write(json.dumps(row) + "\n")


def write_coin_labels(folder: Path, count: int) -> None:
    """Labels that have nothing to do with the texts."""
    rng = Random(7)  # noqa: S311 - reproducible texts, no secret
    with (folder / "incidents.jsonl").open("w", encoding="utf-8") as out:
        for number in range(count):
            text = " ".join(f"{word}{rng.randrange(900)}" for word in rng.choices(WORDS, k=8))
            row = {"id": f"i{number}", "message": text, "label": rng.choice(LABELS)}
            out.write(json.dumps(row) + "\n")


class LeakySplitter:
    """Puts twelve training examples into test as well."""

    @hookimpl
    def sftsec_register_splitters(self) -> Sequence[SplitterSpec[Any]]:
        return [SplitterSpec(name="leaky", summary="Leaks", split=self.split)]

    def split(
        self, _config: EmptyConfig, examples: Sequence[Example], policy: SplitSettings
    ) -> Split:
        honest = split_examples(examples, policy.model_copy(update={"method": "stratified"}))
        return replace(honest, test=[*honest.test, *honest.train[:12]])


def context(
    folder: Path,
    observer: Observer,
    recipe: str | Mapping[str, Any],
    split: str = "stratified",
    evaluation: Mapping[str, Any] | None = None,
    unlabelled: Mapping[str, Any] | None = None,
    compare: Sequence[str] = (),
    **gate: Any,
) -> Context:
    settings: Mapping[str, Any] = {
        "connectors": {"siem": {"type": "files", "paths": ["incidents.jsonl"]}},
        "tasks": {
            "secret": {
                "connector": "siem",
                "text": ["message"],
                "labels": {name: [name] for name in LABELS},
                "benign": "benign",
                "split": {"method": split},
                "train": {"recipe": recipe, "compare": [*compare], "launcher": "here"},
                "gate": {"min_labels": 50, **gate},
                "evaluation": evaluation or {},
                "unlabelled": unlabelled,
            }
        },
    }
    file = folder / "sftsec.yaml"
    file.write_text(json.dumps(settings))
    plugins = Plugins.of_modules(
        sftsec_core.builtin, sftsec_files.hooks, sftsec_pii.hooks, observer, LeakySplitter()
    )
    return Context(file, read(file)[0], plugins, actor=local_admin("test"))
