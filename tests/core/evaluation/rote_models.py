"""Models that read the true class off the text, and reports made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sftsec_core.api.domain import (
    Batch,
    EvalReport,
    Example,
    FittedPart,
    LeakCheck,
    Split,
    TaskSpec,
    Threshold,
)
from sftsec_core.evaluation.calibration import TemperatureCalibrator
from sftsec_core.evaluation.evaluate import evaluate
from sftsec_core.evaluation.inference import FittedModel
from sftsec_core.evaluation.methods import ServingMethods, ServingParts
from sftsec_core.sdk.threshold import ThresholdDecider
from sftsec_core.sdk.threshold_settings import ThresholdSettings

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
BINARY = TaskSpec.of_text("phishing", ("message",), ("benign", "phishing"), "benign")
FAMILIES = TaskSpec.of_text("web", ("url",), ("benign", "cmdi", "sqli", "xss"), "benign")
TECHNIQUES = TaskSpec.of_text("attack", ("message",), tuple(f"T{i:04}" for i in range(50)))


@dataclass(frozen=True)
class RoteModel:
    """Reads the true column off the text ("uid|column|...") and blurs it, the same way each time.

    `skill` is the mean advantage, in log odds, of the true class over the others.
    """

    labels: tuple[str, ...]
    skill: float
    seed: int = 0
    sharpness: float = 1.0

    def predict_proba(self, batch: Batch) -> NDArray[np.float64]:
        texts = batch.text()
        true = np.array([int(text.split("|")[1]) for text in texts])
        logits = np.random.default_rng(self.seed).normal(size=(len(texts), len(self.labels)))
        logits[np.arange(len(true)), true] += self.skill
        powers = np.exp(self.sharpness * logits)
        return np.asarray(powers / powers.sum(axis=1, keepdims=True))

    def save(self, folder: Path) -> None:
        raise NotImplementedError


def served_with(temperature: float, threshold: Threshold, benign: int | None = 0) -> ServingParts:
    """The built-in calibrator and decider, as a live model has them."""
    calibrator = TemperatureCalibrator(temperature)
    decider = ThresholdDecider(threshold, benign)
    return ServingParts(
        calibrator,
        decider,
        FittedPart("temperature", dict(calibrator.state)),
        FittedPart("threshold", dict(decider.state)),
    )


def examples(
    part: str,
    columns: Sequence[int],
    task: TaskSpec = BINARY,
    *,
    text: str = "",
    timed: bool = True,
) -> list[Example]:
    """One example a column, an hour apart."""
    return [
        Example.of_text(
            uid=f"{part}-{i}",
            text=f"{part}-{i}|{column}|{text}",
            label=task.labels[column],
            at=BEGIN + timedelta(hours=i) if timed else None,
        )
        for i, column in enumerate(columns)
    ]


def split_of(
    task: TaskSpec = BINARY, n: int = 300, attacks: float = 0.2, *, text: str = "", seed: int = 5
) -> Split:
    """Train of 2n, dev of n / 2 and test of n examples, drawn by the task's kind."""
    rng = np.random.default_rng(seed)
    k = len(task.labels)
    shares = [1 / k] * k if task.benign is None else [1 - attacks] + [attacks / (k - 1)] * (k - 1)

    def part(name: str, size: int) -> list[Example]:
        return examples(name, rng.choice(k, size=size, p=shares).tolist(), task, text=text)

    return Split(part("train", 2 * n), part("dev", n // 2), part("test", n))


def report_of(
    task: TaskSpec = BINARY,
    split: Split | None = None,
    *,
    skills: tuple[float, float] = (4.0, 2.0),
    recipe: str = "hybrid",
    data: dict[str, Any] | None = None,
    threshold: ThresholdSettings | None = None,
) -> EvalReport:
    """A candidate and the linear baseline of the given skills."""
    ours, linear = skills
    return evaluate(
        FittedModel(RoteModel(task.labels, ours, 1, 2.0), recipe, 12.5, inference_cost=20),
        {"linear": FittedModel(RoteModel(task.labels, linear, 2), "linear", 0.5, inference_cost=1)},
        split or split_of(task),
        task,
        methods=ServingMethods(decider_config=threshold or ThresholdSettings()),
        data=data,
        leaks=LeakCheck(checked=True),
    )
