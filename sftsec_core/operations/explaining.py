"""What says why: the explainer that a task names, with the labelled incidents to compare with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sftsec_core.api.contracts import ExplainerSpec, RecipeSpec
from sftsec_core.api.errors import ConfigError
from sftsec_core.api.settings.choice import Choice
from sftsec_core.dataset.analysts import NOT_NAMED, supporters
from sftsec_core.dataset.features import build_examples
from sftsec_core.plugins import get
from sftsec_core.recipes.sampling import stratified_sample
from sftsec_core.scoring.explaining import DecisionExplainer
from sftsec_core.scoring.neighbours import LabelledExamples, NearestExamples

if TYPE_CHECKING:
    from collections.abc import Callable

    from sftsec_core.api.domain import Incident, Inputs
    from sftsec_core.operations.context import Context
    from sftsec_core.registry.registry import LoadedModel

# Labelled incidents to compare with: of a cheap model all that a site has, of an encoder what it
# embeds in seconds.
MOST, MOST_OF_ENCODER = 20_000, 1_000


def explainer_of(
    context: Context,
    name: str,
    choice: Choice | None,
    loaded: LoadedModel,
    render: Callable[[Incident], Inputs],
) -> DecisionExplainer | None:
    """The explainer that a task's `explain` names; None where it names none.

    Args:
        context: settings, store and plugins.
        name: the task.
        choice: the explainer with its settings.
        loaded: the model that is explained.
        render: an incident's inputs.

    Raises:
        NotFoundError: when no enabled plugin registers it.
        ConfigError: when its settings are wrong.
    """
    if choice is None:
        return None
    spec = get("explainer", choice.name, context.plugins.specs(ExplainerSpec))
    config = spec.configure(choice.options(), where="explain", base=context.plugins.base)
    task = loaded.serving.task

    def read() -> LabelledExamples:
        return _labelled(context, name, loaded, render)

    return DecisionExplainer(spec, config, NearestExamples(loaded.model, task.inputs, read))


def asked_explainer(context: Context, name: str) -> Choice:
    """The explainer that is asked why: the task's own, else the first of those that are enabled.

    Raises:
        ConfigError: when no enabled plugin registers one.
    """
    found = known_explainer(context, name)
    if found is None:
        wanted = ", ".join((*context.settings.plugins, "explain"))
        raise ConfigError(f"no enabled plugin says why: set plugins: [{wanted}]", file=context.file)
    return found


def known_explainer(context: Context, name: str) -> Choice | None:
    """The task's own explainer, else the first of those that are enabled; None without any."""
    own = context.task(name).explain
    known = context.plugins.specs(ExplainerSpec)
    return own or next((Choice(name=each) for each in known), None)


def _labelled(
    context: Context,
    name: str,
    loaded: LoadedModel,
    render: Callable[[Incident], Inputs],
) -> LabelledExamples:
    """Labelled incidents of the newest data set; none where there is none."""
    # What reads a data set is imported where one is read: most scoring reads none.
    from sftsec_core.dataset.resolve import resolve
    from sftsec_core.operations.show_dataset import newest_dataset

    if context.store.snapshots.latest(name) is None:
        return LabelledExamples((), {})
    snapshot = newest_dataset(context, name)
    task = context.task(name)
    resolution = resolve(snapshot, task.labels, task.verdicts)
    examples = build_examples(snapshot, resolution, render)
    cost = context.plugins.specs(RecipeSpec)[loaded.ref.recipe].cost_of(loaded.model)
    drawn = stratified_sample(examples, MOST if cost <= 1 else MOST_OF_ENCODER, seed=0)
    found = supporters(snapshot, resolution.labels, task.labels, task.verdicts)
    named = {
        each.uid: tuple(who for who in found.get(each.uid, ()) if who != NOT_NAMED)
        for each in drawn
    }
    return LabelledExamples(drawn, named)
