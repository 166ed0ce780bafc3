"""The training part after the task's transforms: what recipes are fitted on, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sftsec_core.api.contracts import TransformSpec
from sftsec_core.dataset.transforms import apply_transform
from sftsec_core.plugins import get

if TYPE_CHECKING:
    from sftsec_core.operations.running import Run
    from sftsec_core.operations.splitting import TrainingData

_SHOWN = ("added", "removed", "reweighted", "relabelled", "rewritten", "held_out")


def transform_train(run: Run, dataset: TrainingData) -> TrainingData:
    """Apply `train.transforms`, one after another, to the training part.

    The split stays as it is: labels are counted, and the drift of what is scored is measured,
    by what analysts judged.

    Args:
        run: the run under way.
        dataset: split and checked for leaks.

    Returns:
        The data with `train` changed, `suspects`, and the counts of each transform in `data`.

    Raises:
        PluginError: when a transform gives what no recipe can train on.
        DataError: when fewer than two labels are left.
    """
    chosen = run.task.train.transforms
    if not chosen:
        return dataset
    train, told, review = dataset.train, [], dict[str, str]()
    held_out = (*dataset.split.dev, *dataset.split.test)
    plugins = run.context.plugins
    for choice in chosen:
        spec = get("transform", choice.name, plugins.specs(TransformSpec))
        with run.stage("transform", spec.name) as stage:
            made = apply_transform(
                spec,
                spec.configure(choice.options(), base=plugins.base),
                train,
                held_out,
                run.spec,
                seed=run.task.train.seed,
                dedupe=run.task.dedupe,
            )
            shown = {name.replace("_", " "): made.counts[name] for name in _SHOWN}
            stage.counts |= {"rows": made.counts["after"], **shown}
        train, review = made.examples, {**made.review, **review}
        told.append({"name": spec.name, **made.counts, "notes": dict(made.notes)})
    data = {**dataset.data, "transforms": told}
    return replace(dataset, train=train, suspects=review, data=data)
