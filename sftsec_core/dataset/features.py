"""From an incident to the text that the model reads, the same in a dataset build and in scoring."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sftsec_core.api.domain import Example
from sftsec_core.dataset.values import as_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sftsec_core.api.domain import Incident, TaskSpec
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


def renderer(task: TaskSpec, plugins: Plugins) -> Callable[[Incident], str]:
    """The function that renders: a plugin's where one has a word, else the default."""
    if not plugins.renders():
        return lambda incident: render_text(incident, task)

    def render(incident: Incident) -> str:
        text = plugins.render_example(incident, task)
        return render_text(incident, task) if text is None else text

    return render


def build_examples(
    snapshot: Snapshot, resolution: Resolution, task: TaskSpec, plugins: Plugins
) -> list[Example]:
    """Make the examples that a recipe trains on: the rows with a label, sorted by uid.

    Args:
        snapshot: the rows.
        resolution: their labels.
        task: what is read.
        plugins: asked for the text first.
    """
    render = renderer(task, plugins)
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
