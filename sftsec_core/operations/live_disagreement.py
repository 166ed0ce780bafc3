"""How often the live model says something else than an analyst, on what it was not trained on."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sftsec_core.dataset.analysts import OTHERS
from sftsec_core.evaluation.inference import predict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from sftsec_core.api.domain import Example, TaskSpec
    from sftsec_core.evaluation.inference import FittedModel

MOST_ROWS = 4000  # that one comparison reads, spread over all


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Rows of an analyst that the live model read, and those that it labels otherwise."""

    compared: int = 0
    disagreed: int = 0

    def plus(self, disagreed: bool) -> Disagreement:
        """One row more."""
        return Disagreement(self.compared + 1, self.disagreed + disagreed)


def live_disagreement(
    live: FittedModel,
    examples: Sequence[Example],
    support: Mapping[str, Sequence[str]],
    task: TaskSpec,
) -> dict[str, Disagreement]:
    """Compare labels with the live model's most probable class.

    A model agrees with what it was trained on, so only other rows tell something.

    Args:
        live: the live model, and what it has seen.
        examples: labelled rows.
        support: a row's uid to the analysts on whom its label rests.
        task: its labels.

    Returns:
        An analyst's name to the counts; those of whom no row was compared are left out.

    Raises:
        TrainingError: when the model's output is not one row of probabilities an example.
    """
    new = list(examples)
    if live.seen is not None and new:
        new = [each for each, seen in zip(new, live.seen(new), strict=True) if not seen]
    new = sorted(new, key=lambda each: each.uid)[:: -(-len(new) // MOST_ROWS) or 1]
    if not new:
        return {}
    proba, _ = predict(live.model, new, task, "live")
    chosen = proba.argmax(axis=1)
    found: defaultdict[str, Disagreement] = defaultdict(Disagreement)
    for example, place in zip(new, chosen.tolist(), strict=True):
        for name in support.get(example.uid, ()):
            found[name] = found[name].plus(task.labels[place] != example.label)
    return dict(found)


def with_live(
    book: Mapping[str, Mapping[str, Any]], found: Mapping[str, Disagreement]
) -> dict[str, dict[str, Any]]:
    """Add `live_compared` and `live_disagreed` to what is known of each analyst."""
    added = {name: dict(known) for name, known in book.items()}
    for known in added.values():
        known |= {"live_compared": 0, "live_disagreed": 0}
    for name, each in found.items():
        place = name if name in added else OTHERS
        if place in added:
            added[place]["live_compared"] += each.compared
            added[place]["live_disagreed"] += each.disagreed
    return added
