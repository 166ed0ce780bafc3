"""Incidents, plans and snapshots for the tests of the dataset."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any

from sftsec_core.api.domain import Incident, IncidentPage, TaskSpec, Verdict
from sftsec_core.api.settings.task import DedupeSettings
from sftsec_core.dataset.features import field_kinds, read_inputs
from sftsec_core.dataset.ingest import Heard, ingest
from sftsec_core.dataset.plan import IngestPlan, PageSummary
from sftsec_core.dataset.snapshot import Snapshot
from sftsec_core.dataset.steps import StepChain

TASK = TaskSpec.of_text("t", ("message",), ("benign", "malicious"), "benign")


WORDS = tuple(f"{a}{b}{c}" for a in "bdfgklmnprst" for b in "aeiou" for c in ("n", "r", "st", "lk"))


def text(seed: int, words: int = 30) -> str:
    random = Random(seed)  # noqa: S311 - test data, not a secret
    return " ".join(random.choices(WORDS, k=words))


def incident(
    uid: str, message: str, *labels: str, split: str | None = None, **fields: Any
) -> Incident:
    verdicts = tuple(Verdict(label) for label in labels)
    return Incident(uid, {"message": message, **fields}, verdicts, split=split)


def cut(incidents: Sequence[Incident], size: int, start: int = 0) -> Iterator[IncidentPage]:
    """Pages of a size; the cursor is the number of incidents behind it."""
    for begin in range(start, len(incidents), size):
        end = min(begin + size, len(incidents))
        yield IncidentPage(tuple(incidents[begin:end]), str(end))


def no_steps() -> StepChain:
    return StepChain((), {})


def plan(
    *,
    fields: tuple[str, ...] = ("message",),
    group: str | None = None,
    steps: StepChain | None = None,
    dedupe: DedupeSettings | None = None,
    task: TaskSpec = TASK,
    connectors: tuple[str, ...] = (),
    sample: tuple[int, bytes] | None = None,
    events: bool = False,
) -> IngestPlan:
    return IngestPlan(
        field_kinds(task, fields),
        group,
        steps or no_steps(),
        dedupe or DedupeSettings(),
        lambda one: read_inputs(one, task),
        connectors,
        sample=sample,
        events=events,
    )


def build(
    pages: Iterable[IncidentPage],
    folder: Path,
    made: IngestPlan | None = None,
    on_page: Callable[[PageSummary], None] = lambda _page: None,
) -> Snapshot:
    return ingest(
        pages,
        made or plan(),
        folder=folder / "work",
        snapshots=folder / "snapshots",
        heard=Heard(page=on_page),
    )


def rows(snapshot: Snapshot) -> list[dict[str, Any]]:
    return [row for batch in snapshot.batches() for row in batch.to_pylist()]


def stream(count: int = 90) -> list[Incident]:
    """Incidents with exact and near copies, repeated uids, conflicts and empty texts."""
    found: list[Incident] = []
    for n in range(count):
        if n % 17 == 16:
            found.append(found[n - 5])
            continue
        message = text(n // 3, 20) + (" x" if n % 3 == 1 else "")
        if n % 13 == 12:
            message = ""
        uid = n - 5 if n % 11 == 10 else n
        labels = ("bad",) if n % 10 < 4 else ("good",) if n % 10 < 7 else ()
        part = ("train", "test", None)[n // 20 % 3]
        found.append(incident(f"i{uid}", message, *labels, split=part))
    return found
