"""The transform `augment`: copies of training rows that mean the same and are written otherwise.

A model of few labels learns the hosts, users and spellings of its rows by heart; copies with others
tell it that they do not matter (label-preserving augmentation, Simard et al., 2003). Each field
names the rewritings that are safe for what it holds.

A copy has its original's label, cluster and groups, so that folds and parts keep them together. A
row with k copies and each of these weigh 1/(k + 1) of what the row weighed: classes, and what a
verdict counts, stay as they were. Copies are not `judged`: no setting is compared on them.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from sftsec_core.api.contracts import TransformResult, TransformSpec
from sftsec_core.api.domain import InputKind
from sftsec_core.api.errors import ConfigError, unknown
from sftsec_core.api.settings.transforms import AUGMENT
from sftsec_core.api.settings.values import Strict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sftsec_core.api.domain import Example, InputField, Inputs, TaskSpec
    from sftsec_core.dataset.rewrites.draw import KeyedDraw

Rewriting = Literal["addresses", "hosts", "users", "options", "parameters", "percent", "case"]


class AugmentConfig(Strict):
    """Settings of the transform `augment`."""

    fields: dict[str, Annotated[tuple[Rewriting, ...], Field(min_length=1)]] = Field(
        min_length=1,
        description="Fields of the task's `text` with what may be written otherwise in each; "
        "`text` for the whole text. addresses: private IPv4 addresses. hosts: of UNC paths. users: "
        "of home directories. options: their order, of known programs. parameters: their order in "
        "URLs and forms. percent: letters of URLs as %XX. case: of host names, and of Windows "
        "programs, cmdlets and paths.",
    )
    copies: int = Field(1, ge=1, le=8, description="Copies a row, at most.")


class AugmentTarget:
    """A part of an example's inputs, and the rewritings that it allows."""

    def __init__(
        self, name: str, inputs: Sequence[InputField], rewritings: Sequence[Rewriting]
    ) -> None:
        """Find what `name` stands for: a field of a text input, or a whole one.

        Raises:
            ConfigError: when the task has no text of that name.
        """
        texts = [each for each in inputs if each.kind is InputKind.TEXT]
        found = [each for each in texts if name in (*each.fields, each.name)]
        if not found:
            known = {name for each in texts for name in (*each.fields, each.name)}
            told = unknown("field", name, known)
            raise ConfigError(f"transform {AUGMENT!r} rewrites fields of the task's `text`: {told}")
        self.input = found[0].name
        self.rewritings = frozenset(rewritings)
        self._field = _place(found[0], name)

    @property
    def divides(self) -> bool:
        """Whether it is one of several fields that are joined."""
        return self._field is not None

    def span(self, example: Example) -> tuple[int, int] | None:
        """Where it stands in the input's text; None where that is not known."""
        text = _text(example.inputs, self.input)
        if self._field is None:
            return 0, len(text)
        lengths = (example.extents or {}).get(self.input, ())
        joined = [length for length in lengths if length]
        if sum(joined) + max(len(joined) - 1, 0) != len(text) or not lengths:
            return None  # another transform, or a renderer, wrote the text
        before = [length for length in lengths[: self._field] if length]
        start = sum(before) + len(before)
        return start, start + lengths[self._field]


def _place(field: InputField, name: str) -> int | None:
    """The number of a field among several; None for the whole of an input."""
    whole = name not in field.fields or len(field.fields) == 1
    return None if whole else field.fields.index(name)


def find_targets(config: AugmentConfig, inputs: Sequence[InputField]) -> list[AugmentTarget]:
    """What is rewritten of a task with these inputs.

    Raises:
        ConfigError: when the task has no such text, or one name stands for a part of another.
    """
    found = [AugmentTarget(name, inputs, chosen) for name, chosen in config.fields.items()]
    divided = {target.input for target in found if target.divides}
    if twice := divided & {target.input for target in found if not target.divides}:
        raise ConfigError(
            f"transform {AUGMENT!r}: name {min(twice)!r}, the whole text, or fields of it, not both"
        )
    return found


def augment(
    config: AugmentConfig, examples: Sequence[Example], task: TaskSpec, seed: int
) -> TransformResult:
    """Add copies of the training rows, written otherwise.

    Args:
        config: which fields, and how many copies.
        examples: the training part.
        task: gives the inputs.
        seed: of the choices, with each row's digest: a row's copies do not depend on others.

    Returns:
        The rows, each with its copies behind it. Copies that equal their original or each other
        are left out, and rows without one stay as they are.

    Raises:
        ConfigError: when the task has no such text, or its fields cannot be told apart.
    """
    targets = find_targets(config, task.inputs)
    if any(target.divides for target in targets) and examples:
        _require_fields(targets, examples, task)
    cluster = max((example.cluster for example in examples), default=-1) + 1
    taken = {example.uid for example in examples}
    rows: list[Example] = []
    notes = Counter(dict.fromkeys(("originals", "copies", "without_a_copy"), 0))
    for example in examples:
        copies = list(_copies(config, example, targets, seed)) if example.weight > 0 else []
        notes["originals"] += 1
        notes["copies"] += len(copies)
        notes["without_a_copy"] += not copies
        weight = example.weight / (len(copies) + 1)
        place = example.cluster if example.cluster >= 0 or not copies else cluster
        cluster += place == cluster
        rows.append(replace(example, weight=weight, cluster=place))
        rows += [
            replace(
                example,
                uid=_copy_uid(example.uid, number, taken),
                inputs=inputs,
                weight=weight,
                cluster=place,
                judged=False,
            )
            for number, inputs in enumerate(copies, 1)
        ]
    return TransformResult(rows, dict(notes))


def _require_fields(
    targets: Sequence[AugmentTarget], examples: Sequence[Example], task: TaskSpec
) -> None:
    if all(t.span(example) is None for t in targets if t.divides for example in examples):
        raise ConfigError(
            f"transform {AUGMENT!r} of task {task.name!r}: a renderer or a transform before it "
            "wrote the text, in which fields cannot be told apart: name `text`, for the whole of it"
        )


def _copy_uid(uid: str, number: int, taken: set[str]) -> str:
    name = f"{uid}~{number}"
    while name in taken:
        name += "~"
    taken.add(name)
    return name


def _copies(
    config: AugmentConfig, example: Example, targets: Sequence[AugmentTarget], seed: int
) -> Iterator[Inputs]:
    """The inputs of an example's copies, all different."""
    from sftsec_core.dataset.rewrites.draw import KeyedDraw

    seen: list[Inputs] = [example.inputs]
    for number in range(config.copies):
        inputs = _rewritten(example, targets, KeyedDraw.of(seed, example.digest, number))
        if inputs not in seen:
            seen.append(inputs)
            yield inputs


def _rewritten(example: Example, targets: Sequence[AugmentTarget], draw: KeyedDraw) -> Inputs:
    from sftsec_core.dataset.rewrites.registry import REWRITES

    spans = {target: span for target in targets if (span := target.span(example)) is not None}
    texts = {target: _text(example.inputs, target.input)[slice(*spans[target])] for target in spans}
    rest = _remainder(example, spans)
    for name, rewrite in REWRITES.items():
        own = [target for target in texts if name in target.rewritings]
        beside = "\n".join([rest, *(texts[target] for target in texts if target not in own)])
        done = rewrite([texts[target] for target in own], beside, draw)
        texts |= dict(zip(own, done, strict=True))
    inputs = dict(example.inputs)
    for target in sorted(spans, key=lambda each: spans[each], reverse=True):
        whole, (start, end) = _text(inputs, target.input), spans[target]
        inputs[target.input] = whole[:start] + texts[target] + whole[end:]
    return inputs


def _remainder(example: Example, spans: Mapping[AugmentTarget, tuple[int, int]]) -> str:
    """What an example holds beside the spans, one value a line."""
    found = []
    for name, value in example.inputs.items():
        taken = sorted(span for target, span in spans.items() if target.input == name)
        if isinstance(value, str):
            edges = [0, *(edge for span in taken for edge in span), len(value)]
            found += [value[a:b] for a, b in zip(edges[::2], edges[1::2], strict=True)]
        elif isinstance(value, tuple):
            found += value
    return "\n".join(found)


def _text(inputs: Inputs, name: str) -> str:
    return str(inputs.get(name) or "")


SPEC = TransformSpec(
    name=AUGMENT,
    summary="Copies of training rows that mean the same and are written otherwise.",
    config_model=AugmentConfig,
    run=augment,
    check=find_targets,
)
