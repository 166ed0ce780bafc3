"""Tasks of text with a number and a category, of which none decides alone."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from sftsec_core.api.contracts import TrainJob
from sftsec_core.api.domain import Batch, Example, InputField, InputKind, Inputs, TaskSpec
from sftsec_core.api.settings.task import TrainSettings

TEXT = InputField("text", InputKind.TEXT, ("rule.name",))
COUNT = InputField("count", InputKind.NUMBER, ("event.count",))
HOST = InputField("host", InputKind.CATEGORY, ("host.name",))
MIXED = TaskSpec("alerts", (TEXT, COUNT, HOST), ("benign", "malicious"), "benign")


def mixed_examples(count: int, seed: int = 0) -> list[Example]:
    """Malicious: a login failed often, on any host, or a scan ran on the host `db`.

    The text tells the two rules apart and says nothing of the verdict by itself.
    """
    random = Random(seed)  # noqa: S311 - test data, not a secret
    made = []
    for number in range(count):
        scan, bad = random.random() < 0.5, number % 2 == 0
        often, host = random.random() < 0.5, random.choice(["db", "web"])
        if scan:
            host = "db" if bad else "web"
        else:
            often = bad
        inputs: Inputs = {
            "text": f"{'port scan' if scan else 'failed login'} seen {random.randint(0, 9)}",
            "count": random.uniform(50, 5000) if often else random.uniform(0, 40),
            "host": host,
        }
        made.append(Example(f"{seed}-{number}", inputs, "malicious" if bad else "benign"))
    return made


def mixed_job(workdir: Path, config: Any, **changes: Any) -> TrainJob[Any]:
    """A job over them, without dev."""
    given: dict[str, Any] = {"train": mixed_examples(200), "dev": (), "task": MIXED, **changes}
    return TrainJob(config=config, settings=TrainSettings(seed=13), workdir=workdir, **given)


def right_of(model: Any, examples: list[Example]) -> float:
    """The fraction of examples whose label is the model's most probable."""
    found = model.predict_proba(Batch.of_examples(MIXED.inputs, examples)).argmax(axis=1)
    right = [model.labels[c] == e.label for c, e in zip(found, examples, strict=True)]
    return float(np.mean(right))
