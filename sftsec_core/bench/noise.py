"""What mislabelled rows cost, undefended and with the transform `label_errors`.

Four models a line: of the labels as they are and with a part of one class's given another label,
each with and without the transform. Only the training part is changed; the figures are those of the
untouched parts, where the most probable label is the answer.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sftsec_core.api.contracts import RecipeSpec, TrainJob, TransformSpec
from sftsec_core.api.domain import Batch
from sftsec_core.api.errors import DataError
from sftsec_core.api.settings.task import TrainSettings
from sftsec_core.bench.quality_data import read_dataset
from sftsec_core.plugins import Plugins, get

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sftsec_core.api.domain import Example
    from sftsec_core.bench.quality_data import BenchDataset

DEFENCE = "label_errors"


@dataclass(frozen=True, slots=True)
class NoiseBench:
    """One data set whose labels are changed.

    Attributes:
        recipe: what is fitted.
        defence: the transform.
        seed: of the flips and of the training.
        judge: what judges labels: `model` of the transform's settings.
    """

    dataset: BenchDataset
    recipe: RecipeSpec[Any]
    defence: TransformSpec[Any]
    seed: int
    judge: str = "linear"

    def run(self, label: str, share: float) -> dict[str, Any]:
        """Flip a share of a label's training rows, defend and measure.

        Returns:
            `macro_f1_clean`, on test, 0 to 1, and what is lost against it in points of macro-F1, on
            test and with `_dev` on dev: `lost_undefended`, `lost_defended`, and
            `lost_unflipped`: by the transform, where no label is wrong but those that the set
            itself has. Rows: `rows`, `flipped`, `found` (of these, with less weight), `taken` (of
            all others), `taken_unflipped`.

        Raises:
            DataError: when no training row has the label.
        """
        train = self.dataset.train
        rows, wrong = flip_labels(train, self.dataset.task.labels, label, share, self.seed)
        clean = self._figures(train)
        found: dict[str, Any] = {"macro_f1_clean": clean["test"]}
        for name, judged, defended in (
            ("undefended", rows, False),
            ("defended", rows, True),
            ("unflipped", train, True),
        ):
            kept = self._defended(judged) if defended else judged
            figures = self._figures(kept)
            lost = {part: round(100 * (clean[part] - figures[part]), 2) for part in clean}
            found |= {f"lost_{name}": lost["test"], f"lost_{name}_dev": lost["dev"]}
            less = {n.uid for o, n in zip(judged, kept, strict=True) if n.weight < o.weight}
            if name == "defended":
                found |= {"found": len(less & wrong), "taken": len(less - wrong)}
            elif name == "unflipped":
                found["taken_unflipped"] = len(less)
        told = {"dataset": self.dataset.name, "label": label, "share": share, "seed": self.seed}
        return {**told, "rows": len(rows), "flipped": len(wrong), **found}

    def _defended(self, rows: Sequence[Example]) -> Sequence[Example]:
        config = self.defence.configure({"model": self.judge})
        return self.defence.run(config, rows, self.dataset.task, self.seed).examples

    def _figures(self, train: Sequence[Example]) -> dict[str, float]:
        """Macro-F1 on dev and on test, 0 to 1."""
        from sklearn.metrics import f1_score

        data, found = self.dataset, {}
        with tempfile.TemporaryDirectory() as workdir:
            job = TrainJob(
                task=data.task,
                train=train,
                dev=data.dev,
                config=self.recipe.configure({}),
                settings=TrainSettings(seed=self.seed),
                workdir=Path(workdir),
            )
            model = self.recipe.fit(job)
        for part, rows in (("dev", data.dev), ("test", data.test)):
            proba = model.predict_proba(Batch.of_examples(data.task.inputs, rows))
            answers = [data.task.labels[column] for column in proba.argmax(axis=1)]
            truth = [row.label for row in rows]
            found[part] = float(f1_score(truth, answers, average="macro", zero_division=0))
        return found


def flip_labels(
    rows: Sequence[Example], labels: Sequence[str], label: str, share: float, seed: int
) -> tuple[list[Example], set[str]]:
    """Give a share of a label's rows another label, drawn from the others.

    Args:
        rows: of the training part.
        labels: of the task.
        label: whose rows are flipped.
        share: 0 to 1.
        seed: of the draw.

    Returns:
        The rows, and the uids of those that were flipped.

    Raises:
        DataError: when no row has the label.
    """
    having = [place for place, row in enumerate(rows) if row.label == label]
    if not having:
        raise DataError(f"no training row has the label {label!r}; there are {', '.join(labels)}")
    random = np.random.default_rng(seed)
    chosen = random.permutation(having)[: round(share * len(having))].tolist()
    others = [other for other in labels if other != label]
    changed = list(rows)
    for place in chosen:
        changed[place] = replace(rows[place], label=others[random.integers(len(others))])
    return changed, {rows[place].uid for place in chosen}


def run_noise_bench(
    folders: Sequence[Path],
    *,
    labels: Sequence[str] = (),
    share: float = 0.2,
    recipe: str = "linear",
    judge: str = "linear",
    seeds: Sequence[int] = (1, 2, 3),
    on_start: Callable[[str], None] = lambda _text: None,
) -> Iterator[dict[str, Any]]:
    """Measure each label of each data set with every seed.

    Args:
        folders: each holds `train|dev|test.jsonl.gz`.
        labels: whose rows are flipped, one after the other; none: each of the set's.
        share: of a label's training rows.
        recipe: name of a recipe of the core.
        judge: "linear" or "hybrid": what judges labels in the transform.
        seeds: of the flips and of the training.
        on_start: told of each line just before it begins.

    Yields:
        As `NoiseBench.run` gives it.

    Raises:
        DataError: when a folder cannot be read, or has no row of a label.
        NotFoundError: when there is no such recipe.
    """
    plugins = Plugins(("core",))
    fitted = get("recipe", recipe, plugins.specs(RecipeSpec))
    defence = get("transform", DEFENCE, plugins.specs(TransformSpec))
    for folder in folders:
        dataset = read_dataset(folder)
        for label in labels or dataset.task.labels:
            for seed in seeds:
                on_start(f"{dataset.name}: {share:.0%} of {label} flipped, seed {seed}")
                bench = NoiseBench(dataset, fitted, defence, seed, judge)
                yield bench.run(label, share)
