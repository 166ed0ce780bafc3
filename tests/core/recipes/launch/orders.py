"""A small order that `linear` can carry out."""

from __future__ import annotations

from pathlib import Path

from sftsec_core.api.contracts import TrainOrder
from sftsec_core.api.domain import Example, TaskSpec
from sftsec_core.api.settings.task import TrainSettings
from sftsec_core.recipes.launch.files import task_to_json, write_examples
from sftsec_core.recipes.launch.places import EXAMPLES

LABELS = ("benign", "malicious")
WORDS = ("lunch meeting agenda minutes", "password invoice prize urgent")


def task() -> TaskSpec:
    return TaskSpec.of_text("mail", ("message",), LABELS, "benign")


def example(number: int) -> Example:
    side = number % 2
    return Example.of_text(
        f"i{number}", f"{WORDS[side]} number {number}", LABELS[side], cluster=number
    )


def order(folder: Path, *recipes: str, plugins: tuple[str, ...] = ("core",)) -> TrainOrder:
    """An order with its examples in the folder."""
    write_examples([example(number) for number in range(80)], folder / EXAMPLES, "train")
    write_examples([example(number) for number in range(80, 100)], folder / EXAMPLES, "dev")
    return TrainOrder(
        run="r1",
        task=task_to_json(task()),
        settings=TrainSettings().model_dump(mode="json"),
        recipes=recipes,
        plugins=plugins,
        folder=folder,
        baseline="linear",
    )
