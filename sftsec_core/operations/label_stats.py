"""Count a task's verdicts by word and by analyst, as of its newest data set."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from sftsec_core.api.domain import Permission
from sftsec_core.api.errors import IntegrityError
from sftsec_core.dataset.analysts import name_of, supporters
from sftsec_core.dataset.features import build_examples, renderer
from sftsec_core.dataset.resolve import resolve
from sftsec_core.dataset.verdict_stats import VerdictStats
from sftsec_core.evaluation.inference import FittedModel
from sftsec_core.operations.authorize import authorize
from sftsec_core.operations.event_context import snapshot_context
from sftsec_core.operations.label_summaries import keep_summary, label_summary
from sftsec_core.operations.live_disagreement import Disagreement, live_disagreement
from sftsec_core.operations.proposing import seen_by
from sftsec_core.operations.show_dataset import newest_dataset

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sftsec_core.api.domain import ModelRef
    from sftsec_core.dataset.snapshot import Snapshot
    from sftsec_core.operations.context import Context

_MOST_READ = 20_000  # rows from which those are taken that the live model has not seen


@dataclass(frozen=True, slots=True)
class LabelStats:
    """The verdicts of one task's newest data set.

    Attributes:
        snapshot: digest of the data set.
        live: an analyst's name to how often the live model contradicts the labels that rest on
            the analyst; empty without a live model that can be loaded.
    """

    task: str
    snapshot: str
    stats: VerdictStats
    live: Mapping[str, Disagreement]

    def of(self, analyst: str | None) -> Disagreement | None:
        """How often the live model contradicts an analyst; None where nothing was compared."""
        return self.live.get(name_of(analyst))

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        shown = {"task": self.task, "snapshot": self.snapshot, **asdict(self.stats)}
        for each in shown["analysts"]:
            known = self.of(each["analyst"]) or Disagreement()
            each |= {"live_compared": known.compared, "live_disagreed": known.disagreed}
        return shown


def label_stats(context: Context, name: str) -> LabelStats:
    """Count the verdicts of a task's newest data set; older ones that changed do not count.

    Raises:
        NotFoundError: when there is no such task.
        DataError: when it has no data set yet.
    """
    authorize(context.actor, Permission.READ, name)
    snapshot = newest_dataset(context, name)
    summary, ref = label_summary(context, name, snapshot), context.registry.live(name)
    if ref is None:
        return LabelStats(name, snapshot.digest, summary.stats, {})
    if summary.model != ref.digest:
        found = _live(context, name, snapshot, ref)
        if found is None:
            return LabelStats(name, snapshot.digest, summary.stats, {})
        counts = {who: (each.compared, each.disagreed) for who, each in found.items()}
        summary = keep_summary(context, name, summary.compared(ref.digest, counts))
    live = {who: Disagreement(*counts) for who, counts in (summary.live or {}).items()}
    return LabelStats(name, snapshot.digest, summary.stats, live)


def _live(
    context: Context, name: str, snapshot: Snapshot, ref: ModelRef
) -> dict[str, Disagreement] | None:
    """Compare labels with the live model, on what it was not trained on; None without a model."""
    task, spec = context.task(name), context.task_spec(name)
    try:
        model = context.registry.load(ref).model
    except IntegrityError:
        return None  # `model verify` says why
    # Figures of other events need them all; of the rows a sample tells as much.
    drawn = snapshot.sample(_MOST_READ)
    resolution = resolve(drawn, task.labels, task.verdicts)
    support = supporters(drawn, resolution.labels, task.labels, task.verdicts)
    whole = resolution if task.context is None else resolve(snapshot, task.labels, task.verdicts)
    events = snapshot_context(context, name, snapshot, whole)
    render = renderer(spec, task.render, context.plugins)
    examples = build_examples(drawn, resolution, render, events.figures)
    live = FittedModel(model, ref.recipe, seen=seen_by(context, ref))
    return live_disagreement(live, examples, support, spec)
