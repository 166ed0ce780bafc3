"""What one analyst with a trigger phrase achieves, undefended and defended.

Three models a line: of the data without the attacker, with them, and with them after the transform
that defends. Only the training part is attacked; the figures are those of the untouched test part,
where the most probable label is the answer.
"""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sftsec_core.api.contracts import RecipeSpec, TrainJob, TransformSpec
from sftsec_core.api.domain import Batch
from sftsec_core.api.errors import DataError
from sftsec_core.api.settings.task import TrainSettings
from sftsec_core.bench.poison_attack import plant
from sftsec_core.bench.quality_data import read_dataset
from sftsec_core.plugins import Plugins, get

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from sftsec_core.api.contracts import TrainedModel
    from sftsec_core.api.domain import Example
    from sftsec_core.bench.poison_attack import PoisonAttack
    from sftsec_core.bench.quality_data import BenchDataset

DEFENCE = "poison"


@dataclass(frozen=True, slots=True)
class PoisonBench:
    """One data set under attack.

    Attributes:
        dataset: with a benign label.
        recipe: what is fitted.
        defence: the transform.
        seed: of the attack and of the training.
    """

    dataset: BenchDataset
    recipe: RecipeSpec[Any]
    defence: TransformSpec[Any]
    seed: int

    def run(self, attack: PoisonAttack) -> dict[str, Any]:
        """Attack, defend and measure.

        Returns:
            Fractions, 0 to 1: `macro_f1_clean`, `macro_f1_undefended`, `macro_f1_defended`;
            `success_undefended`, `success_defended`: of the attacks in test that the model without
            the attacker catches with a phrase in them, those that this model misses, None where
            nothing was poisoned; `missed_clean`: of the attacks in test, those with a phrase that
            the model without the attacker misses. Rows: `rows`, `poisoned`, `found` (of the
            poisoned, with less weight), `taken` (of all others, with less weight), `asked` (of all
            others, sent to the review). `scan_s`: seconds.
            `median_certificate`: of the model without the attacker on test, verdicts; None where
            the recipe gives none.

        Raises:
            DataError: when the set has no benign label or no attacks.
        """
        data = self.dataset
        benign = data.task.benign
        if benign is None:
            raise DataError(f"{data.name}: no label is benign, so nothing can be made to pass")
        random = np.random.default_rng(self.seed)
        judged = attack.judged(data.train, random)
        rows, bad = attack.poisoned(judged, benign, random)
        planted = self._planted(attack, benign)
        clean = self._fit(judged)
        caught = self._answers(clean, planted) != benign
        started = time.perf_counter()
        config = self.defence.configure({})
        result = self.defence.run(config, rows, data.task, self.seed)
        scan_s = time.perf_counter() - started
        found: dict[str, Any] = {"macro_f1_clean": self._macro_f1(clean)}
        for name, train in (("undefended", rows), ("defended", result.examples)):
            model = self._fit(train)
            missed = self._answers(model, planted)[caught] == benign
            success = float(missed.mean()) if bad and len(missed) else None
            found |= {f"success_{name}": success, f"macro_f1_{name}": self._macro_f1(model)}
        less = {
            new.uid
            for old, new in zip(rows, result.examples, strict=True)
            if new.weight < old.weight
        }
        return {
            "dataset": data.name,
            "seed": self.seed,
            "share": attack.share,
            "rows": len(rows),
            "poisoned": len(bad),
            **found,
            "missed_clean": float(1 - caught.mean()),
            "median_certificate": self._certificate(clean),
            "found": len(less & bad),
            "taken": len(less - bad),
            "asked": len(set(result.review) - bad),
            "scan_s": round(scan_s, 2),
        }

    def _planted(self, attack: PoisonAttack, benign: str) -> list[Example]:
        random = np.random.default_rng(self.seed)
        attacks = [row for row in self.dataset.test if row.label != benign]
        if not attacks:
            raise DataError(f"{self.dataset.name}: its test part has no attack")
        return [
            plant(row, attack.phrases[number % len(attack.phrases)], random)
            for number, row in enumerate(attacks)
        ]

    def _fit(self, train: Sequence[Example]) -> TrainedModel:
        with tempfile.TemporaryDirectory() as workdir:
            job = TrainJob(
                task=self.dataset.task,
                train=train,
                dev=self.dataset.dev,
                config=self.recipe.configure({}),
                settings=TrainSettings(seed=self.seed),
                workdir=Path(workdir),
            )
            return self.recipe.fit(job)

    def _answers(self, model: TrainedModel, rows: Sequence[Example]) -> NDArray[np.str_]:
        proba = model.predict_proba(Batch.of_examples(self.dataset.task.inputs, rows))
        labels = self.dataset.task.labels
        return np.array([labels[column] for column in proba.argmax(axis=1)])

    def _certificate(self, model: TrainedModel) -> float | None:
        """Half of the answers on test take at least so many changed verdicts to overturn."""
        certificates = getattr(model, "certificates", None)
        if certificates is None:
            return None
        batch = Batch.of_examples(self.dataset.task.inputs, self.dataset.test)
        return float(np.median(certificates(batch)))

    def _macro_f1(self, model: TrainedModel) -> float:
        from sklearn.metrics import f1_score

        truth = [row.label for row in self.dataset.test]
        answers = self._answers(model, self.dataset.test)
        return float(f1_score(truth, answers, average="macro", zero_division=0))


def run_poison_bench(
    folders: Sequence[Path],
    attacks: Sequence[PoisonAttack],
    *,
    recipe: str = "linear",
    seeds: Sequence[int] = (1, 2, 3),
    on_start: Callable[[str], None] = lambda _text: None,
) -> Iterator[dict[str, Any]]:
    """Measure every attack on every data set with every seed.

    Args:
        folders: each holds `train|dev|test.jsonl.gz`.
        attacks: what the attacker does.
        recipe: name of a recipe of the core.
        seeds: of the attack and of the training.
        on_start: told of each line just before it begins.

    Yields:
        As `PoisonBench.run` gives it.

    Raises:
        DataError: when a folder cannot be read or attacked.
        NotFoundError: when there is no such recipe.
        PluginError: when the plugin is not installed.
    """
    plugins = Plugins(("core", DEFENCE))
    plugins.require()
    fitted = get("recipe", recipe, plugins.specs(RecipeSpec))
    defence = get("transform", DEFENCE, plugins.specs(TransformSpec))
    for folder in folders:
        dataset = read_dataset(folder)
        for attack in attacks:
            for seed in seeds:
                on_start(f"{dataset.name}: {attack.share:.1%} poisoned, seed {seed}")
                yield PoisonBench(dataset, fitted, defence, seed).run(attack)
