"""Small jobs for recipes that need no fine-tuning."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from sftsec_core.api.contracts import TrainJob
from sftsec_core.api.domain import TEXT_INPUT, Example, TaskSpec
from sftsec_core.api.settings.task import TrainSettings
from sftsec_core.recipes.config import HybridConfig
from tests.core.recipes.tiny_encoder import make_examples

ODD_TEXTS = ("", " ", "\x00", "\ud800 lone surrogate", "مرحبا 你好 🙂", "İ", "a" * 100_000, "\t\n")


def job_of(
    examples: Sequence[Example],
    workdir: Path,
    dev: Sequence[Example] = (),
    config: BaseModel | None = None,
    seed: int = 13,
    **settings: Any,
) -> TrainJob[Any]:
    """A job over the labels that its examples have, for linear, probe or hybrid by default."""
    labels = tuple(sorted({example.label for example in examples}))
    task = TaskSpec.of_text("small", ("message",), labels, benign=labels[0])
    return TrainJob(
        task=task,
        train=examples,
        dev=dev,
        config=config or HybridConfig(**settings),
        settings=TrainSettings(seed=seed),
        workdir=workdir,
    )


def two_classes(count: int = 40) -> list[Example]:
    """Texts that two classes' words tell apart."""
    return make_examples(count)


def many_classes(classes: int, each: int = 2) -> list[Example]:
    """Texts of which each class has a word of its own."""
    return [
        Example.of_text(f"{c}-{i}", f"technique number{c:03d} seen again {i}", f"T{c:03d}")
        for c in range(classes)
        for i in range(each)
    ]


def texts_of(examples: Sequence[Example]) -> list[str]:
    """What a text recipe reads of examples."""
    return [str(example.inputs[TEXT_INPUT]) for example in examples]
