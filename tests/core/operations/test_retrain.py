"""The whole run in one process, with recipes that are better, dearer or broken on purpose."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
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
    Decision,
    Event,
    Example,
    ModelPromoted,
    RunFinished,
    RunStarted,
    Split,
    Vote,
)
from sftsec_core.api.errors import ConnectorUnavailableError, StoreError, TrainingError
from sftsec_core.api.hookspecs import hookimpl
from sftsec_core.api.settings.task import SplitSettings
from sftsec_core.dataset.split import split_examples
from sftsec_core.evaluation.report.json import from_json
from sftsec_core.operations.authorize import local_admin
from sftsec_core.operations.context import Context
from sftsec_core.operations.preflight import read
from sftsec_core.operations.retrain import retrain
from sftsec_core.plugins import Plugins
from sftsec_core.recipes.launch.fit import fit_order
from sftsec_core.recipes.specs import LINEAR

WORDS = "alpha bravo charlie delta echo foxtrot golf hotel india juliet kilo lima mike".split()  # noqa: SIM905 - reads better
LABELS = ("benign", "malicious")
HINTS = ("quebec", "romeo")


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


def dear(name: str, **changes: Any) -> RecipeSpec[Any]:
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
            dear("dear"),
            dear("broken", fit=refuse_to_train),
            dear("torchless", fit=need_what_is_not_there),
        ]

    @hookimpl
    def sftsec_register_launchers(self) -> Sequence[LauncherSpec[Any]]:
        return [LauncherSpec(name="here", summary="this process", run=self.fit_here)]

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


@pytest.fixture
def observer() -> Observer:
    return Observer()


def write_incidents(folder: Path, count: int) -> None:
    """One word hints at the label of most texts, so that linear is better than chance."""
    rng = Random(5)  # noqa: S311 - reproducible texts, no secret
    with (folder / "incidents.jsonl").open("w", encoding="utf-8") as out:
        for number in range(count):
            text, hint = "", 0
            while not text or (secret_of(text) != hint and rng.random() < 0.6):
                hint = rng.randrange(2)
                words = [*rng.choices(WORDS, k=12), HINTS[hint]]
                text = " ".join(words) + f" {number}"
            row = {"id": f"i{number}", "message": text, "label": LABELS[secret_of(text)]}
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


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_incidents(tmp_path, 600)
    return tmp_path


def context(
    folder: Path, observer: Observer, recipe: str, split: str = "stratified", **gate: Any
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
                "train": {"recipe": recipe, "launcher": "here"},
                "gate": {"min_labels": 50, **gate},
            }
        },
    }
    file = folder / "sftsec.yaml"
    file.write_text(json.dumps(settings))
    plugins = Plugins.of_modules(
        sftsec_core.builtin, sftsec_files.hooks, sftsec_pii.hooks, observer, LeakySplitter()
    )
    return Context(file, read(file)[0], plugins, actor=local_admin("test"))


def test_a_better_model_goes_live_and_everybody_is_told(folder: Path, observer: Observer) -> None:
    with context(folder, observer, "oracle") as work:
        outcome = retrain(work, "secret")
        live = work.registry.live("secret")
    assert outcome.promoted
    assert live is not None
    assert live.recipe == "oracle"
    assert observer.told == [
        "started retrain",
        "promoted oracle after None",
        "finished succeeded, report: True",
    ]
    assert outcome.report_file.stat().st_size > 10_000


def test_a_dearer_model_gives_way_to_linear_where_nothing_serves(
    folder: Path, observer: Observer
) -> None:
    with context(folder, observer, "dear") as work:
        outcome = retrain(work, "secret")
    assert outcome.promoted
    assert outcome.model.recipe == "linear"
    assert "dear: beats_linear" in outcome.report.data["refused_first"]
    assert "dear" in outcome.report.others


def test_linear_never_takes_the_place_of_a_better_model(folder: Path, observer: Observer) -> None:
    with context(folder, observer, "oracle") as work:
        best = retrain(work, "secret").model
    with context(folder, observer, "dear") as work:
        outcome = retrain(work, "secret")
        live = work.registry.live("secret")
    assert not outcome.decision.approved
    assert {vote.voter for vote in outcome.decision.refusals()} == {
        "not_worse_than_live",
        "beats_linear",
    }
    assert live is not None
    assert live.digest == best.digest


def test_a_model_in_service_is_not_compared_on_what_it_was_trained_on(
    folder: Path, observer: Observer
) -> None:
    """Data that grew is divided anew; what linear knows by heart would then refuse all others."""
    with context(folder, observer, "linear") as work:
        assert retrain(work, "secret").promoted
    write_incidents(folder, 700)
    with context(folder, observer, "linear") as work:
        outcome = retrain(work, "secret")
    seen = outcome.report.data["seen_by"]["live"]
    tested = sum(outcome.report.data["rows"]["test"].values())
    assert seen["compared"] == tested - seen["seen"] < tested
    (vote,) = (v for v in outcome.decision.votes if v.voter == "not_worse_than_live")
    assert vote.approve
    assert "in its training data" in vote.reason


@pytest.mark.parametrize("recipe", ["linear", "dear"])
def test_labels_thrown_by_a_coin_never_go_live(
    folder: Path, observer: Observer, recipe: str
) -> None:
    write_coin_labels(folder, 800)
    with context(folder, observer, recipe) as work:
        outcome = retrain(work, "secret")
        assert work.registry.live("secret") is None
    assert not outcome.promoted
    (vote,) = (v for v in outcome.decision.votes if v.voter == "better_than_chance")
    assert not vote.approve
    assert "by chance 0.500" in vote.reason


def test_a_plugins_splitter_that_leaks_fails_the_vote(folder: Path, observer: Observer) -> None:
    with context(folder, observer, "linear", split="leaky") as work:
        outcome = retrain(work, "secret")
        assert work.registry.live("secret") is None
    assert not outcome.promoted
    (vote,) = (v for v in outcome.decision.votes if v.voter == "no_leak")
    assert not vote.approve
    assert "24 by text" in vote.reason
    assert outcome.report.leaks.counts()["texts"] == 24
    stored = from_json((outcome.report_file.parent / "report.json").read_text("utf-8"))
    assert stored.leaks == outcome.report.leaks


def test_a_plugins_vote_refuses_whatever_the_figures_say(folder: Path, observer: Observer) -> None:
    observer.refuse = True
    with context(folder, observer, "oracle") as work:
        outcome = retrain(work, "secret")
        assert work.registry.live("secret") is None
    assert not outcome.promoted
    assert observer.told[-1] == "finished refused, report: True"


def test_a_promotion_in_between_refuses_an_approval_of_before(
    folder: Path, observer: Observer
) -> None:
    with context(folder, observer, "oracle") as work:
        candidate = retrain(work, "secret", promote=False)
        other = retrain(work, "secret").model
        again = Decision(True, candidate.decision.votes)
        assert other.digest != candidate.model.digest
        with pytest.raises(StoreError):
            work.registry.promote(
                "secret", candidate.model.digest, again, "someone", instead_of=None
            )
        live = work.registry.live("secret")
    assert live is not None
    assert live.digest == other.digest


@pytest.mark.parametrize(
    ("recipe", "message"),
    [("broken", "the loss is not a number"), ("torchless", r"pip install 'sftsec\[train\]'")],
)
def test_a_recipe_that_fails_ends_the_run_as_failed(
    folder: Path, observer: Observer, recipe: str, message: str
) -> None:
    with context(folder, observer, recipe) as work:
        with pytest.raises(TrainingError, match=message):
            retrain(work, "secret")
        (run,) = work.store.runs.list("secret")
    assert run.status == "failed"
    assert run.error
    assert observer.told[-1] == "finished failed, report: False"


def test_a_lost_connection_interrupts_the_run_and_the_next_one_goes_on(
    folder: Path, observer: Observer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sftsec_files.connector import FilesConnector

    def lost(self: FilesConnector, *_args: object, **_kwargs: object) -> None:
        raise ConnectorUnavailableError("the other side is gone", connector="siem")

    with context(folder, observer, "oracle") as work:
        with monkeypatch.context() as patched:
            patched.setattr(FilesConnector, "pull", lost)
            with pytest.raises(ConnectorUnavailableError):
                retrain(work, "secret")
        (before,) = work.store.runs.list("secret")
        assert before.status == "interrupted"
        outcome = retrain(work, "secret")
    assert outcome.run.id == before.id
    assert outcome.promoted
