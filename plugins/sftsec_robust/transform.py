"""The transform `adversarial`: disguised copies of training rows, for any recipe of texts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from sftsec_core.api import (
    TEXT_INPUT,
    ConfigError,
    Example,
    InputField,
    TaskSpec,
    TransformResult,
)
from sftsec_robust.canonical.text import canonical_text
from sftsec_robust.copies import Disguiser
from sftsec_robust.settings import AdversarialSettings

_KNOWN = 2000  # benign texts that are put beside others, at most


def check_text(_config: AdversarialSettings, inputs: Sequence[InputField]) -> None:
    """Refuse a task without a text.

    Raises:
        ConfigError: saying so.
    """
    if all(field.name != TEXT_INPUT for field in inputs):
        raise ConfigError("transform 'adversarial' disguises texts: name fields in `text`")


def adversarial(
    config: AdversarialSettings, examples: Sequence[Example], task: TaskSpec, seed: int
) -> TransformResult:
    """Add disguised copies; a row and its copies weigh together what the row weighed.

    Args:
        config: how many copies, and whether they are written as the step `canonical` would.
        examples: the training part.
        task: tells which label is benign.
        seed: of all draws, with each row's uid.

    Returns:
        The rows, each with its copies behind it.
    """
    benign = [_text(each) for each in examples if each.label == task.benign][:_KNOWN]
    disguiser = Disguiser(benign, copies=config.copies, chain=config.chain, seed=seed)
    cluster = max((example.cluster for example in examples), default=-1) + 1
    taken = {example.uid for example in examples}
    rows: list[Example] = []
    for example in examples:
        copies = list(_copies(config, example, disguiser)) if example.weight > 0 else []
        place = example.cluster if example.cluster >= 0 or not copies else cluster
        cluster += place == cluster
        weight = example.weight / (len(copies) + 1)
        rows.append(replace(example, weight=weight, cluster=place))
        rows += [
            replace(
                example,
                uid=_uid(example.uid, number, taken),
                inputs={**example.inputs, TEXT_INPUT: text},
                weight=weight,
                cluster=place,
                judged=False,
            )
            for number, text in enumerate(copies, 1)
        ]
    return TransformResult(rows, {"originals": len(examples), "copies": len(rows) - len(examples)})


def _copies(config: AdversarialSettings, example: Example, disguiser: Disguiser) -> Iterator[str]:
    seen = {_text(example)}
    for copy in disguiser.of(example.uid, _text(example)):
        read = copy if config.canonical is None else canonical_text(copy, config.canonical)
        if read not in seen:
            seen.add(read)
            yield read


def _text(example: Example) -> str:
    return str(example.inputs.get(TEXT_INPUT) or "")


def _uid(uid: str, number: int, taken: set[str]) -> str:
    name = f"{uid}~d{number}"
    while name in taken:
        name += "~"
    taken.add(name)
    return name
