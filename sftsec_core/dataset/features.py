"""From an incident to the text that the model reads, the same in a dataset build and in scoring."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sftsec_core.api.contracts import RendererSpec
from sftsec_core.api.domain import Example
from sftsec_core.dataset.values import as_text
from sftsec_core.plugins import get

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sftsec_core.api.domain import Incident, TaskSpec
    from sftsec_core.api.settings.choice import Choice
    from sftsec_core.dataset.resolve import Resolution
    from sftsec_core.dataset.snapshot import Snapshot
    from sftsec_core.plugins import Plugins


def render_text(incident: Incident, task: TaskSpec) -> str:
    """Join the values of the task's text fields with newlines, those that are there.

    Field names are not part of the text: a task always reads the same fields, so they would be
    the same noise in every text.
    """
    fields = incident.fields
    values = [as_text(fields.get(name)) for name in task.text_fields]
    return "\n".join(filter(None, values))


def renderer(task: TaskSpec, chosen: Choice | None, plugins: Plugins) -> Callable[[Incident], str]:
    """The function that renders: the plugin's that the task chose, else the default.

    Raises:
        NotFoundError: when no enabled plugin registers the renderer.
        ConfigError: when its settings are wrong.
    """
    if chosen is None:
        return lambda incident: render_text(incident, task)
    spec = get("renderer", chosen.name, plugins.specs(RendererSpec))
    config = spec.configure(chosen.options())
    return lambda incident: spec.render(config, incident, task)


def build_examples(
    snapshot: Snapshot,
    resolution: Resolution,
    task: TaskSpec,
    render: Callable[[Incident], str],
) -> list[Example]:
    """Make the examples that a recipe trains on: the rows with a label, sorted by uid.

    Args:
        snapshot: the rows.
        resolution: their labels.
        task: what is read.
        render: an incident's text; "" leaves it out.
    """
    examples = []
    places = zip(_places(snapshot), snapshot.incidents(), strict=True)
    for (cluster, group), incident in places:
        uid = incident.uid
        text = render(incident) if uid in resolution.labels else ""
        if text:
            label, weight = resolution.labels[uid]
            at, part = incident.at, incident.split
            examples.append(Example(uid, text, label, cluster, group, at, part, weight))
    return sorted(examples, key=lambda example: example.uid)


def _places(snapshot: Snapshot) -> Iterator[tuple[int, str | None]]:
    for batch in snapshot.batches(["cluster", "group"]):
        yield from zip(batch["cluster"].to_pylist(), batch["group"].to_pylist(), strict=True)
