"""Apply a transform to the training part, and check what it made.

What a transform adds may come out equal, or near, to a row of dev or test: such a row is taken
out again, by the measure of the leak check, so that the figures stay those of unseen incidents.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sftsec_core.api.contracts import TransformResult
from sftsec_core.api.domain import Example
from sftsec_core.api.errors import DataError, PluginError
from sftsec_core.dataset.leaks import near_to

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sftsec_core.api.contracts import TransformSpec
    from sftsec_core.api.domain import TaskSpec
    from sftsec_core.api.settings.task import DedupeSettings


@dataclass(frozen=True, slots=True)
class Transformed:
    """The training part after one transform.

    Attributes:
        examples: to train on.
        counts: of rows: "before", "after", "added", "removed", "reweighted", "relabelled",
            "rewritten" (other inputs under the same uid), and "held_out", those taken out again
            since dev or test has them or their like.
        notes: the transform's own counts.
        review: uids of rows whose labels should be looked at again, with the reason.
    """

    examples: Sequence[Example]
    counts: Mapping[str, int]
    notes: Mapping[str, int]
    review: Mapping[str, str]


def apply_transform(
    spec: TransformSpec[Any],
    config: Any,  # noqa: ANN401 - of the spec's own model
    examples: Sequence[Example],
    held_out: Sequence[Example],
    task: TaskSpec,
    *,
    seed: int,
    dedupe: DedupeSettings,
) -> Transformed:
    """Let a transform change the training examples.

    Args:
        spec: the transform.
        config: its settings.
        examples: the training part.
        held_out: dev and test.
        task: gives the labels.
        seed: the task's.
        dedupe: when texts count as near.

    Raises:
        PluginError: when it gives what no recipe can train on.
        DataError: when it leaves fewer than two labels.
    """
    result = spec.run(config, examples, task, seed)
    _check(spec.name, result, examples, task)
    before = {example.uid: example for example in examples}
    new = [e for e in result.examples if e.uid not in before or e.digest != before[e.uid].digest]
    leaking = near_to(new, held_out, dedupe)
    kept = [example for example in result.examples if example.uid not in leaking]
    if len({example.label for example in kept}) < 2:
        raise DataError(
            f"transform {spec.name!r} leaves fewer than two labels in train; change its settings "
            "or take it out of `train.transforms`"
        )
    review = {uid: reason for uid, reason in result.review.items() if uid in before}
    return Transformed(kept, _counts(examples, kept, leaking), dict(result.notes), review)


def _check(name: str, result: object, before: Sequence[Example], task: TaskSpec) -> None:
    """Check a transform's result as that of any plugin.

    Raises:
        PluginError: naming the transform and what is wrong.
    """
    if not isinstance(result, TransformResult):
        raise PluginError(
            f"transform {name!r} returns a {type(result).__name__}, not a TransformResult"
        )
    seen = Counter(example.uid for example in before)
    for uid, times in Counter(example.uid for example in result.examples).items():
        if times > max(1, seen[uid]):
            raise PluginError(f"transform {name!r} gives uid {uid!r} to {times} rows")
    for example in result.examples:
        if example.label not in task.labels:
            raise PluginError(
                f"transform {name!r} gives {example.uid!r} the label {example.label!r}, which is "
                f"none of the task's ({', '.join(task.labels)})"
            )
        if not 0 <= example.weight <= 1:
            raise PluginError(
                f"transform {name!r} gives {example.uid!r} the weight {example.weight:g}: "
                "0 to 1 is allowed"
            )


def _counts(
    before: Sequence[Example], after: Sequence[Example], leaking: frozenset[str]
) -> dict[str, int]:
    known = {example.uid: example for example in before}
    left = {example.uid for example in after}
    stayed = [(known[e.uid], e) for e in after if e.uid in known]
    return {
        "before": len(before),
        "after": len(after),
        "added": len(after) - len(stayed),
        "removed": sum(example.uid not in left for example in before),
        "reweighted": sum(old.weight != new.weight for old, new in stayed),
        "relabelled": sum(old.label != new.label for old, new in stayed),
        "rewritten": sum(old.digest != new.digest for old, new in stayed),
        "held_out": len(leaking),
    }
