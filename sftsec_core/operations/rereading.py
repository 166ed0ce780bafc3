"""Examples with changed texts, read again as scoring would read them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sftsec_core.api.domain import Incident, InputKind
from sftsec_core.dataset.steps import build_steps
from sftsec_core.sdk.fields import as_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sftsec_core.api.domain import Example, InputField
    from sftsec_core.dataset.steps import StepChain
    from sftsec_core.operations.running import Run


def reread(run: Run, examples: Sequence[Example]) -> list[Example]:
    """Run the task's steps on the texts of examples, as on incidents from the platform.

    Args:
        run: its task names the steps; a renderer is not called again, since its result is a text.
        examples: n of them.

    Returns:
        n examples; one that a step drops stays as it is.
    """
    steps = build_steps(run.task, run.context.plugins, run.context.step_context(run.spec.name))
    texts = [field for field in run.spec.inputs if field.kind is InputKind.TEXT and field.sources]
    for field in texts:
        examples = _reread(field, examples, steps)
    return list(examples)


def _reread(field: InputField, examples: Sequence[Example], steps: StepChain) -> list[Example]:
    # Fields are joined by line breaks, and a step sees one field at a time.
    several = len(field.sources) > 1
    parts = [_parts(str(e.inputs.get(field.name) or ""), several=several) for e in examples]
    given = [
        Incident(f"{row}/{place}", {field.sources[0]: part})
        for row, found in enumerate(parts)
        for place, part in enumerate(found)
    ]
    cleaned = {each.uid: as_text(each.fields.get(field.sources[0])) for each in steps(given)}
    return [
        replace(example, inputs={**example.inputs, field.name: _joined(row, found, cleaned)})
        for row, (example, found) in enumerate(zip(examples, parts, strict=True))
    ]


def _parts(text: str, *, several: bool) -> list[str]:
    return text.split("\n") if several else [text]


def _joined(row: int, parts: Sequence[str], cleaned: dict[str, str]) -> str:
    read = (cleaned.get(f"{row}/{place}", part) for place, part in enumerate(parts))
    return "\n".join(filter(None, read))
