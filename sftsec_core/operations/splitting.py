"""From a snapshot to a split: one label per incident, one example per incident, no leak."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from sftsec_core.api.domain import Example, LeakCheck, Message, Split
from sftsec_core.api.settings.transforms import AUGMENT
from sftsec_core.dataset.analysts import analyst_book, cap_shares, supporters
from sftsec_core.dataset.context.repeats import weigh_repeats
from sftsec_core.dataset.features import build_examples, renderer, text_extents
from sftsec_core.dataset.label_summary import summarise
from sftsec_core.dataset.leaks import check_leaks
from sftsec_core.dataset.resolve import resolve
from sftsec_core.dataset.split import divide, one_sided
from sftsec_core.dataset.sums import DATASET, check_sums
from sftsec_core.dataset.verdict_stats import verdict_stats
from sftsec_core.operations.canaries import left_out, read_canaries
from sftsec_core.operations.event_context import snapshot_context
from sftsec_core.operations.explain_data import refuse_few, warn_of_gaps
from sftsec_core.operations.label_summaries import keep_summary
from sftsec_core.operations.signatures import take_signatures

if TYPE_CHECKING:
    from sftsec_core.api.domain import Example, Incident, Inputs
    from sftsec_core.dataset.pool import Pool
    from sftsec_core.dataset.resolve import Resolution
    from sftsec_core.dataset.snapshot import Snapshot
    from sftsec_core.dataset.verdict_stats import VerdictStats
    from sftsec_core.operations.canaries import CanarySet
    from sftsec_core.operations.event_context import SnapshotContext
    from sftsec_core.operations.running import Run


_NAMED = 5


@dataclass(frozen=True, slots=True)
class TrainingData:
    """What recipes train on.

    Attributes:
        data: what the report says of it.
        leaks: what the leak check found; the promotion gate rejects a model if that is anything.
        steps: the steps that cleaned it, with their settings.
        train: what recipes are fitted on: `split.train`, as the task's transforms left it.
        support: a labelled row's uid to the analysts on whom its label rests.
        pool: unlabelled incidents that may be learned from; None where the task asks for none.
        suspects: a row's uid to why its label should be looked at again.
        canaries: incidents that no verdict reaches; in none of the parts.
        events: what the data set's events say of each other.
    """

    split: Split
    data: Mapping[str, Any]
    leaks: LeakCheck
    steps: Mapping[str, Any]
    train: Sequence[Example]
    support: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    pool: Pool | None = None
    suspects: Mapping[str, str] = field(default_factory=dict)
    canaries: Sequence[Example] = ()
    events: SnapshotContext | None = None


def split_snapshot(run: Run, snapshot: Snapshot) -> TrainingData:
    """Resolve verdicts, render texts and divide them.

    Raises:
        DataError: when there is nothing to learn from.
    """
    task = run.task
    with run.stage("dataset", f"split by {task.split.method}") as stage:
        resolution = resolve(snapshot, task.labels, task.verdicts)
        support = supporters(snapshot, resolution.labels, task.labels, task.verdicts)
        resolution, capped = _capped(run, resolution, support)
        render = renderer(run.spec, task.render, run.context.plugins)
        events = snapshot_context(run.context, run.spec.name, snapshot, resolution, render)
        read = _examples(run, snapshot, resolution, render, events.figures, support)
        canaries = read_canaries(run.context, run.spec.name)
        examples = _without_canaries(run, read, canaries)
        refuse_few(run, snapshot, resolution, examples)
        warn_of_gaps(run, snapshot, resolution, events.counts)
        split = _divided(run, examples)
        leaks = _checked(run, split)
        parts = {name: len(part) for name, part in split.parts()}
        review = len(resolution.review)
        stats = verdict_stats(snapshot, task.labels, task.verdicts)
        _summarised(run, snapshot, resolution, stats)
        rows = _counted(snapshot, resolution, split)
        stage.counts |= {**parts, "for review": review, **_left_out(rows), **events.shown}
    data = {
        **_origin(snapshot),
        "row_counts": rows,
        "verdicts": dict(resolution.counts),
        "unmapped": dict(resolution.unmapped),
        "review": review,
        "split": split.method,
        "notes": list(split.notes),
        "parts": parts,
        "analysts": analyst_book(stats.analysts, support),
        **capped,
        **_told(canaries, len(read) - len(examples)),
        **({"context": events.counts} if events.counts else {}),
    }
    steps, known = snapshot.manifest["steps"], canaries.examples
    return TrainingData(
        split, data, leaks, steps, split.train, support, canaries=known, events=events
    )


def _examples(
    run: Run,
    snapshot: Snapshot,
    resolution: Resolution,
    render: Callable[[Incident], Inputs],
    figures: Callable[[str], Inputs],
    support: Mapping[str, tuple[str, ...]],
) -> list[Example]:
    facets, extents = run.task.evaluation.groups, _extents(run)
    return build_examples(snapshot, resolution, render, figures, facets, extents, support)


def _summarised(run: Run, snapshot: Snapshot, resolution: Resolution, stats: VerdictStats) -> None:
    if run.keeps:
        summary = summarise(snapshot, run.task, resolution.review, stats)
        keep_summary(run.context, run.spec.name, summary)


def _origin(snapshot: Snapshot) -> dict[str, Any]:
    """What the report says of the snapshot."""
    return {
        "snapshot": snapshot.digest,
        "counts": dict(snapshot.counts),
        **({"connectors": dict(snapshot.connectors)} if snapshot.connectors else {}),
        "redactions": snapshot.manifest["step_counts"].get("redact", {}),
        "span": snapshot.manifest["span"],
    }


def _without_canaries(run: Run, read: list[Example], canaries: CanarySet) -> list[Example]:
    examples = left_out(read, canaries)
    if equal := len(read) - len(examples):
        said = "1 incident that equals a" if equal == 1 else f"{equal:,} incidents that equal a"
        run.emit(Message(text=f"left out: {said} canary"))
    return examples


def _told(canaries: CanarySet, equal: int) -> dict[str, Any]:
    """What the report says of the canaries, and of the rows that equal one."""
    if not canaries.examples:
        return {}
    counts = {"canaries": len(canaries.examples), "left_out": equal, "sha256": canaries.sha256}
    return {"canaries": counts}


def _extents(run: Run) -> Callable[[Incident], Mapping[str, tuple[int, ...]] | None]:
    """Where fields stand in a text, for the transform that changes it by field."""
    task = run.task
    asked = task.render is None and any(each.name == AUGMENT for each in task.train.transforms)
    return lambda incident: text_extents(incident, run.spec) if asked else None


def _divided(run: Run, examples: Sequence[Example]) -> Split:
    """The parts; where figures of others are read, what repeats weighs less in train."""
    task = run.task
    split = divide(examples, task.split, run.context.plugins)
    if task.context is None:
        return split
    return replace(split, train=weigh_repeats(split.train, run.spec, task.context.repeats))


def _checked(run: Run, split: Split) -> LeakCheck:
    """Look for leaks, with the signatures of the ingest; warn of them and of a one-sided split."""
    task = run.task
    events, signatures = task.context is not None, take_signatures(run)
    leaks = check_leaks(split, task.dedupe, events=events, signatures=signatures)
    if not leaks.clean:
        found = f"the {split.method} split leaks: {'; '.join(leaks.examples)}"
        run.emit(Message(text=found, level="warning"))
    if note := one_sided(split):
        run.emit(Message(text=note, level="warning"))
    return leaks


def _capped(
    run: Run, resolution: Resolution, support: Mapping[str, tuple[str, ...]]
) -> tuple[Resolution, dict[str, Any]]:
    """Apply `verdicts.max_share`; also return what the report says of it."""
    most = run.task.verdicts.max_share
    if most is None:
        return resolution, {}
    found = cap_shares(resolution.labels, support, most)
    if found.rows:
        who = sorted({name for by_name in found.factors.values() for name in by_name})
        named = ", ".join(who[:_NAMED]) + (", ..." if len(who) > _NAMED else "")
        text = f"verdicts.max_share {most:g}: {found.rows:,} rows of {named} weigh less"
        run.emit(Message(text=text, level="warning"))
    return replace(resolution, labels=found.labels), {"analyst_cap": found.to_json(most)}


def _counted(snapshot: Snapshot, resolution: Resolution, split: Split) -> dict[str, int]:
    """Where the snapshot's rows are: in a part, without a label, or left out by the split.

    Raises:
        IntegrityError: when they do not add up, as where a splitter makes up examples.
    """
    labelled = len(resolution.labels)
    parts = {name: len(part) for name, part in split.parts()}
    placed = len({example.uid for _, part in split.parts() for example in part})
    rows = {
        "rows": snapshot.counts["kept"],
        "unlabelled": resolution.counts["unlabelled"],
        "labelled": labelled,
        **parts,
        "left_out_by_split": labelled - placed,
        "repeated_by_split": sum(parts.values()) - placed,
    }
    check_sums("the data set", rows, DATASET)
    return rows


def _left_out(rows: Mapping[str, int]) -> dict[str, int]:
    names = ("unlabelled", "left_out_by_split", "repeated_by_split")
    return {name.replace("_", " "): rows[name] for name in names}
