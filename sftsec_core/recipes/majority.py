"""What every fitted model must do: better than to give all rows the commonest label.

A fine-tuned encoder that had no time to learn gives one answer to everything. Its accuracy looks
fine where attacks are rare, so it is refused here and not left to the readers of a report.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from sftsec_core.api.domain import Batch
from sftsec_core.api.errors import TrainingError
from sftsec_core.api.predictions import attack_scores
from sftsec_core.recipes.goal import columns, macro_f1
from sftsec_core.recipes.sampling import stratified_sample

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sftsec_core.api.contracts import RecipeSpec, TrainedModel, TrainJob
    from sftsec_core.api.domain import Example

MIN_DEV = 50  # rows; with fewer, a good model may be no better than the majority by chance
MIN_OF_A_SIDE = 5  # rows of the second commonest class, for the same reason
ROWS = 1000  # that are scored: a model as good as the majority on so many has learned nothing
RARE = 0.05  # share of attacks below which the most probable class may be benign for all rows
USEFUL_AUC = 0.8


def fit_recipe(recipe: RecipeSpec[Any], job: TrainJob[Any]) -> TrainedModel:
    """Fit a recipe and refuse a model that has learned nothing.

    Where text says nothing and numbers all, the baseline of the text must not end the run: it is
    what the task's own recipe is compared with.

    Raises:
        TrainingError: when the recipe cannot be fitted, a package that it needs is missing, or
            the model is no better than the majority class; see `require_learning`.
        DataError: as the recipe does.
    """
    try:
        model = recipe.fit(job)
    except ImportError as error:
        raise TrainingError(
            f"recipe {recipe.name!r} needs {error.name}: pip install 'sftsec[train]'"
        ) from error
    if recipe.name == job.settings.recipe.name or recipe.name != job.task.baseline:
        require_learning(model, job, recipe.name)
    return model


def require_learning(model: TrainedModel, job: TrainJob[Any], name: str) -> None:
    """Refuse a model that is no better than to answer with the commonest label of train.

    It is judged on at most `ROWS` rows of dev, and on train beside them where dev has few rows.
    Better is a higher macro-F1 of its most probable classes. Where attacks are fewer than one row
    in twenty a ROC AUC of `USEFUL_AUC` is enough: such a model may call none of them the most
    probable and still rank them above the rest, and a threshold is chosen on dev later.

    Raises:
        TrainingError: in one line that says what to change.
    """
    examples = _rows_to_score(job)
    y = columns(examples, job.task)
    if len(np.unique(y)) < 2:
        return
    proba = np.asarray(model.predict_proba(Batch.of_examples(job.task.inputs, examples)))
    answers, k = proba.argmax(axis=1), len(job.task.labels)
    commonest = np.full(len(y), _commonest(job))
    found, least = macro_f1(y, answers, k), macro_f1(y, commonest, k)
    if found > least or _ranks_rare_attacks(proba, y, job.task.benign, job.task.labels):
        return
    label, baseline = job.task.labels[commonest[0]], job.task.baseline
    other = "choose other fields" if name == baseline else f"use recipe '{baseline}'"
    raise TrainingError(
        f"recipe {name!r} learned nothing: macro-F1 {found:.3f} on {len(y):,} rows, and {label!r} "
        f"for all of them has {least:.3f}; raise train.budget, label more incidents, or {other}"
    )


def _rows_to_score(job: TrainJob[Any]) -> Sequence[Example]:
    seed = job.settings.seed
    dev = stratified_sample(job.dev, ROWS, seed)
    classes = Counter(example.label for example in dev).most_common(2)
    if len(dev) >= MIN_DEV and len(classes) > 1 and classes[1][1] >= MIN_OF_A_SIDE:
        return dev
    trusted = [example for example in job.train if example.weight > 0]
    return [*dev, *stratified_sample(trusted, ROWS, seed)]


def _commonest(job: TrainJob[Any]) -> int:
    trust = np.zeros(len(job.task.labels))
    np.add.at(trust, columns(job.train, job.task), [example.weight for example in job.train])
    return int(trust.argmax())


def _ranks_rare_attacks(
    proba: NDArray[np.float64], y: NDArray[np.int64], benign: str | None, labels: Sequence[str]
) -> bool:
    if benign is None:
        return False
    column = labels.index(benign)
    attacks = y != column
    if not attacks.any() or attacks.mean() >= RARE:
        return False
    from sklearn.metrics import roc_auc_score

    return bool(roc_auc_score(attacks, attack_scores(proba, column)) >= USEFUL_AUC)
