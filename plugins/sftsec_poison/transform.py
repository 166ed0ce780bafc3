"""The transform `poison`: what acts as a trigger is not learned from until it is looked at again.

A row of a trigger, or a wrong one, has its weight multiplied by `weight` (0: unused) and goes to
the review. A row that is only contradicted keeps its weight and goes to the review: one analyst
may be the only one who handles a kind of incident, and what is new looks wrong to those who do not
know it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from sftsec_core.api import ConfigError, InputKind, TransformResult
from sftsec_poison.scan import CONTRADICTED, TRIGGER, WRONG, scan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sftsec_core.api import Example, InputField, TaskSpec
    from sftsec_poison.config import PoisonSettings
    from sftsec_poison.scan import PoisonFinding


def check_inputs(_settings: PoisonSettings, inputs: Sequence[InputField]) -> None:
    """Refuse a task without a text.

    Raises:
        ConfigError: that says what to do.
    """
    if all(field.kind is not InputKind.TEXT for field in inputs):
        raise ConfigError("reads texts, and the task has none: take it out of `train.transforms`")


def weigh_poison(
    settings: PoisonSettings, examples: Sequence[Example], task: TaskSpec, seed: int
) -> TransformResult:
    """Multiply the weight of rows with a trigger by `settings.weight`, and ask about what is odd.

    Args:
        settings: when something is named, and what is done with it.
        examples: the training part, with the analysts on whom each label rests.
        task: gives the labels, and the text that is read.
        seed: of the rows that are drawn.

    Returns:
        As many rows; counts of analysts, of judged rows and of what was found; the suspects for a
        review where `settings.review` says so. Nothing is found where fewer than two analysts are
        named.
    """
    found = scan(settings, examples, task, seed)
    changed = [
        replace(each, weight=each.weight * settings.weight)
        if place in found.suspects and found.suspects[place].kind != CONTRADICTED
        else each
        for place, each in enumerate(examples)
    ]
    kinds = Counter(finding.kind for finding in found.suspects.values())
    notes = {
        "analysts": found.analysts,
        "judged": found.judged,
        "with a trigger": kinds[TRIGGER],
        "wrong": kinds[WRONG],
        "contradicted": kinds[CONTRADICTED],
    }
    review = {
        examples[place].uid: _reason(finding) for place, finding in sorted(found.suspects.items())
    }
    return TransformResult(changed, notes, review if settings.review else {})


def _reason(finding: PoisonFinding) -> str:
    """Why a row is asked about; it names nobody's words, which are data."""
    rows = f"{finding.rows:,} of {finding.of:,} rows that {finding.analyst!r} alone calls"
    if finding.flips is None:
        other = " also those that saw the other rows," if finding.kind == WRONG else ""
        return (
            f"models that did not see {finding.analyst!r},{other} contradict {rows} "
            f"{finding.label!r} (poison)"
        )
    return (
        f"{rows} {finding.label!r} share words that turn {finding.flips:.0%} of other analysts' "
        f"rows to {finding.label!r} (poison)"
    )
