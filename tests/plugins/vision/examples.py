"""Jobs on drawn pages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sftsec_core.api import (
    Batch,
    Blob,
    Example,
    InputField,
    InputKind,
    RecipeSpec,
    TaskSpec,
    TrainJob,
    TrainSettings,
)
from sftsec_vision.hooks import sftsec_register_recipes
from tests.plugins.vision.pages import draw_page, encoded

LABELS = ("ordinary", "phishing")
SHOT = InputField("shot", InputKind.IMAGE, ("shot",))
TEXT = InputField("text", InputKind.TEXT, ("m",))
SMALL = {"size": 64, "copies": 1}


def recipe(name: str) -> RecipeSpec[Any]:
    return next(each for each in sftsec_register_recipes() if each.name == name)


def page_example(seed: int, *, shot: bool = True, **values: Any) -> Example:
    """A page of an even seed is one that asks to log in."""
    login = seed % 2 == 0
    picture = Blob.of(encoded(draw_page(seed, login=login))) if shot else None
    inputs = {"shot": picture, "text": f"page {seed}"}
    return Example(str(seed), inputs, LABELS[int(login)], **values)


def page_job(
    name: str, folder: Path, *, rows: int = 40, inputs: tuple[InputField, ...] = (SHOT,), **own: Any
) -> TrainJob[Any]:
    """A job on so many rows, and a quarter as many of dev."""
    folder.mkdir(parents=True, exist_ok=True)
    return TrainJob(
        task=TaskSpec("pages", inputs, LABELS, "ordinary"),
        train=[page_example(n) for n in range(rows)],
        dev=[page_example(1000 + n) for n in range(rows // 4)],
        config=recipe(name).configure({**(SMALL if name == "vision" else {}), **own}),
        settings=TrainSettings(),
        workdir=folder,
    )


def unseen(inputs: tuple[InputField, ...] = (SHOT,), rows: int = 20) -> tuple[Batch, list[int]]:
    """Rows that no job trains on, and the columns of their labels."""
    examples = [page_example(5000 + n) for n in range(rows)]
    return Batch.of_examples(inputs, examples), [LABELS.index(each.label) for each in examples]
