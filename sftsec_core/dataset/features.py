"""From an incident to the inputs that a model reads, the same in a dataset build and in scoring."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from sftsec_core.api.contracts import RendererSpec
from sftsec_core.api.domain import Example, InputKind, Inputs
from sftsec_core.dataset.sources import unscoped
from sftsec_core.dataset.values import as_category, as_image, as_number, as_sequence
from sftsec_core.plugins import get
from sftsec_core.sdk.fields import as_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from sftsec_core.api.domain import Incident, InputField, InputValue, TaskSpec
    from sftsec_core.api.settings.choice import Choice
    from sftsec_core.dataset.resolve import Resolution
    from sftsec_core.dataset.snapshot import Snapshot
    from sftsec_core.plugins import Plugins


CONNECTOR = "connector"
"""The facet that names an incident's connector, where a task has several."""
_FACET_LENGTH = 100


def render_text(incident: Incident, sources: tuple[str, ...]) -> str:
    """Join the values of these fields with newlines, those that are there.

    Field names are not part of the text: a task always reads the same fields, so they would be
    the same noise in every text.
    """
    values = [as_text(incident.fields.get(name)) for name in sources]
    return "\n".join(filter(None, values))


def read_inputs(incident: Incident, task: TaskSpec, text: str | None = None) -> Inputs:
    """Read the task's inputs from an incident's fields.

    Args:
        incident: cleaned, with the fields that the task keeps.
        task: names the inputs and their kinds.
        text: what a renderer made of it, in place of the TEXT inputs' fields.

    Returns:
        Every input by name; empty when none of them has a value but figures of other events.
    """
    inputs = {field.name: _read(incident, field, text) for field in task.inputs}
    own = (inputs[field.name] for field in task.inputs if field.sources)
    return inputs if any(value not in (None, "") for value in own) else {}


def _read(incident: Incident, field: InputField, text: str | None) -> InputValue:
    if field.kind is InputKind.TEXT:
        return _text_of(incident, field) if text is None else text
    # What has no source is no field of the incident's: it is known from others, or not at all.
    value = incident.fields.get(field.sources[0]) if field.sources else None
    if field.kind is InputKind.NUMBER:
        return as_number(value)
    if field.kind is InputKind.CATEGORY:
        return as_category(value)
    return as_image(value) if field.kind is InputKind.IMAGE else as_sequence(value)


def _text_of(incident: Incident, field: InputField) -> str:
    return render_text(incident, field.sources) or render_text(incident, field.fallback)


def text_extents(incident: Incident, task: TaskSpec) -> dict[str, tuple[int, ...]]:
    """Which part of a text is of which field, as `Example.extents` has it.

    It holds for what `read_inputs` makes of the fields, and not for a renderer's text.
    """
    found = {}
    for field in task.inputs:
        if field.kind is InputKind.TEXT and len(field.fields) > 1:
            read = field.sources if render_text(incident, field.sources) else field.fallback
            found[field.name] = tuple(
                len(as_text(incident.fields.get(name))) if name in read else 0
                for name in field.fields
            )
    return found


def field_kinds(task: TaskSpec, more: Iterable[str] = ()) -> dict[str, InputKind]:
    """The fields to keep of an incident with their kinds; those that are no input are text."""
    kinds = {name: field.kind for field in task.inputs for name in field.fields}
    return kinds | {name: InputKind.TEXT for name in more if name not in kinds}


def renderer(
    task: TaskSpec, chosen: Choice | None, plugins: Plugins
) -> Callable[[Incident], Inputs]:
    """The function that reads inputs; a renderer that the task chose makes the text.

    Raises:
        NotFoundError: when no enabled plugin registers the renderer.
        ConfigError: when its settings are wrong.
    """
    if chosen is None:
        return lambda incident: read_inputs(incident, task)
    spec = get("renderer", chosen.name, plugins.specs(RendererSpec))
    config = spec.configure(chosen.options(), base=plugins.base)

    def render(incident: Incident) -> Inputs:
        text = spec.render(config, incident, task)
        return read_inputs(incident, task, text) if text else {}

    return render


def build_examples(
    snapshot: Snapshot,
    resolution: Resolution,
    render: Callable[[Incident], Inputs],
    figures: Callable[[str], Inputs] = lambda _uid: {},
    facets: Sequence[str] = (),
    extents: Callable[[Incident], Mapping[str, tuple[int, ...]] | None] = lambda _incident: None,
    support: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
) -> list[Example]:
    """Make the examples that a recipe trains on: the rows with a label, sorted by uid.

    Args:
        snapshot: the rows.
        resolution: their labels.
        render: reads an incident's inputs; none leave it out.
        figures: of the events before a labelled incident, by its uid.
        facets: fields by which an evaluation groups figures.
        extents: which part of an incident's text is of which field.
        support: a row's uid to the analysts on whom its label rests.
    """
    examples, several = [], len(snapshot.connectors) > 1
    places = zip(_places(snapshot), snapshot.incidents(), strict=True)
    for (cluster, groups), incident in places:
        uid = incident.uid
        inputs = render(incident) if uid in resolution.labels else {}
        if inputs:
            inputs = {**inputs, **figures(uid)}
            label, weight = resolution.labels[uid]
            examples.append(
                Example(
                    uid,
                    inputs,
                    label,
                    cluster=cluster,
                    groups=tuple(groups),
                    at=incident.at,
                    split=incident.split,
                    weight=weight,
                    facets=read_facets(incident, facets, several=several),
                    extents=extents(incident),
                    analysts=support.get(uid, ()),
                )
            )
    return sorted(examples, key=lambda example: example.uid)


def read_facets(incident: Incident, names: Sequence[str], *, several: bool) -> dict[str, str]:
    """The values by which an evaluation groups figures; none where a field is missing.

    Args:
        incident: cleaned, with the fields that the task keeps.
        names: of fields.
        several: whether the data set is of several connectors: then its own is a facet too.
    """
    found = {name: as_text(incident.fields.get(name)) for name in names}
    if several:
        found[CONNECTOR] = unscoped(incident.uid)[0]
    return {name: value[:_FACET_LENGTH] for name, value in found.items() if value}


def _places(snapshot: Snapshot) -> Iterator[tuple[int, list[str]]]:
    for batch in snapshot.batches(["cluster", "groups"]):
        yield from zip(batch["cluster"].to_pylist(), batch["groups"].to_pylist(), strict=True)
