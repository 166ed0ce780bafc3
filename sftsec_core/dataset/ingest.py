"""From a connector's pages to a snapshot: steps, duplicates out, then the first write to disk.

No text is written that the steps have not seen, and of an incident only the fields that the plan
names. A kill costs the pages since the last chunk; see `journal`.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any

import orjson

from sftsec_core.api.domain import (
    Blob,
    Incident,
    IncidentPage,
    InputKind,
    Inputs,
    Rejection,
    inputs_digest,
)
from sftsec_core.api.settings.words import word_key
from sftsec_core.dataset.dedup.deduplicator import Deduplicator
from sftsec_core.dataset.dedup.items import DedupItem, DedupResult, DedupStatus
from sftsec_core.dataset.dedup.records import row_uid
from sftsec_core.dataset.journal import Journal, Progress, read_progress
from sftsec_core.dataset.sample import BottomK
from sftsec_core.dataset.snapshot import (
    FIELD_PREFIX,
    FIXED_COLUMNS,
    SCHEMA_VERSION,
    VERDICTS_SCHEMA,
    Snapshot,
    open_snapshot,
)
from sftsec_core.dataset.sources import SourcePage, scoped_uid, unscoped
from sftsec_core.dataset.sums import INGEST, SAMPLED_INGEST, check_sums
from sftsec_core.dataset.values import storable, trim_incident
from sftsec_core.sdk.fields import as_text
from sftsec_core.store.snapshots import UNLABELLED

if TYPE_CHECKING:
    from pathlib import Path

    from sftsec_core.api.settings.task import DedupeSettings
    from sftsec_core.dataset.steps import StepChain
    from sftsec_core.store.vault import Vault

_RULES = 2  # of what a copy is and how rows are named: no build goes on under other ones
_CHUNK_INCIDENTS = 25_000
_CHUNK_BYTES = 32 << 20
_PARTS = frozenset({"train", "dev", "test"})
_CAN_BE_UNREADABLE = frozenset({InputKind.NUMBER, InputKind.IMAGE})


@dataclass(frozen=True, slots=True)
class PageSummary:
    """The result of one page.

    Attributes:
        cursor: the page's own.
        read: incidents on it, those rejected not counted.
        kept: rows made of it.
        rejected: records that could not be read, for the quarantine. A page may be seen again
            after a kill: keep a rejection by `where` and `digest`.
        judged: its incidents with a verdict, after the steps, with the kept fields only.
        judged_inputs: the digest of what was read of each of them, in their order.
        connector: where the page is from; "" where all are from one connector.
    """

    cursor: str
    read: int
    kept: int
    rejected: tuple[Rejection, ...]
    judged: tuple[Incident, ...] = ()
    judged_inputs: tuple[str, ...] = ()
    connector: str = ""


@dataclass(frozen=True, slots=True)
class IngestPlan:
    """What a build is to do.

    Attributes:
        fields: dotted names to keep, with their kinds: the inputs' and what a detection carries.
        group_field: the field whose value keeps incidents together in a split.
        steps: what happens to incidents before anything else.
        dedupe: when incidents count as copies.
        render: an incident, cleaned and with the kept fields only, as the inputs that the model
            reads; none drop it.
        connectors: whose pages come as `SourcePage`, where there are several.
        events: keep each record as an event of its own, whatever others hold: the model reads
            how many there were.
        sample: of a pool of unlabelled incidents: rows kept at most, and the salt of the draw;
            None keeps all.
    """

    fields: Mapping[str, InputKind]
    group_field: str | None
    steps: StepChain
    dedupe: DedupeSettings
    render: Callable[[Incident], Inputs]
    connectors: tuple[str, ...] = ()
    events: bool = False
    sample: tuple[int, bytes] | None = None

    def digest(self) -> str:
        """Name the plan: a work folder of one plan is never resumed under another one."""
        settings = [self.steps.settings, self.dedupe.model_dump()]
        said: list[Any] = [SCHEMA_VERSION, _RULES, list(self.fields.items()), self.group_field]
        said += settings
        if self.connectors:  # a plan of before there were several keeps its name
            said.append(self.connectors)
        if self.events:
            said.append("events")
        if self.sample:
            said.append(f"sample {self.sample[0]}")
        return hashlib.sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).hexdigest()


def resume_cursor(folder: Path) -> str | None:
    """Where the pull resumes after a kill; None to begin at the start."""
    progress = read_progress(folder)
    return None if progress is None else progress.cursor


def ingest(
    pages: Iterable[IncidentPage],
    plan: IngestPlan,
    *,
    folder: Path,
    snapshots: Path,
    on_page: Callable[[PageSummary], None] = lambda _page: None,
    on_publish: Callable[[], None] = lambda: None,
    vault: Vault | None = None,
) -> Snapshot:
    """Build a snapshot.

    Args:
        pages: from `connector.pull(window, cursor=resume_cursor(folder))`.
        plan: what to do with them.
        folder: the work folder; survives a kill, gone when the snapshot is there.
        snapshots: where snapshots lie; on the same file system as `folder`.
        on_page: told of each page, in order.
        on_publish: called just before the snapshot appears under `snapshots`.
        vault: the keys of an encrypted state.

    Returns:
        The snapshot; the same input gives the same digest, whatever the pages' size and however
        often the build was killed.

    Raises:
        DataError: when `folder` holds a build with another plan.
    """
    journal = Journal(folder, plan.fields, vault)
    build = _Build(plan, journal)
    build.resume()
    for page in pages:
        on_page(build.take(page))
        if build.chunk_is_full():
            build.write_chunk()
    build.write_chunk()
    clusters = build.dedupe.final_clusters()
    target = journal.finish(
        build.progress, build.manifest(), clusters, snapshots, on_publish, build.chosen()
    )
    return open_snapshot(target, verify=False, vault=vault)


class _Build:
    """A build under way."""

    def __init__(self, plan: IngestPlan, journal: Journal) -> None:
        self.plan = plan
        self._journal = journal
        self.dedupe = Deduplicator(plan.dedupe)
        self.sample = None if plan.sample is None else BottomK(*plan.sample)
        self.progress = Progress(plan.digest())
        self._steps_before: dict[str, Counter[str]] = {}
        self._unreadable: Counter[str] = Counter()
        self._begin_chunk()

    def resume(self) -> None:
        """Continue from the state that an earlier run left."""
        self.progress = self._journal.load(self.progress.plan)
        self._steps_before = self.progress.steps
        for arrays in self._journal.dedupe_states(self.progress):
            self.dedupe.restore(arrays)
        if self.sample is not None:
            self.sample.restore(self._written())

    def chosen(self) -> list[bool] | None:
        """Which of the rows written are in the sample; None where there is none."""
        return None if self.sample is None else self.sample.chosen(self._written())

    def _written(self) -> list[tuple[str, str]]:
        """The digest and the connector of each row of the chunks."""
        names = self._journal.names(self.progress.chunks)
        several = bool(self.plan.connectors)
        return [(digest, unscoped(uid)[0] if several else "") for uid, digest in names]

    def _begin_chunk(self) -> None:
        self._rows: dict[str, list[Any]] = defaultdict(list)
        self._verdicts: dict[str, list[Any]] = defaultdict(list)
        self._size = 0
        self._read = 0

    def chunk_is_full(self) -> bool:
        """Whether it is time to write."""
        return self._read >= _CHUNK_INCIDENTS or self._size >= _CHUNK_BYTES

    def take(self, page: IncidentPage) -> PageSummary:
        """Clean, deduplicate and gather one page."""
        connector = page.connector if isinstance(page, SourcePage) else ""
        counts, before = self.progress.counts, self.progress.counts.copy()
        cleaned = self.plan.steps(page.incidents)
        trimmed = [trim_incident(incident, self.plan.fields) for incident in cleaned]
        self._count_unreadable(cleaned, trimmed)
        inputs = [self.plan.render(incident) for incident in trimmed]
        chosen = [index for index, read in enumerate(inputs) if read]
        items = [
            _dedup_item(trimmed[i], inputs[i], connector, events=self.plan.events) for i in chosen
        ]
        counts["empty"] += len(inputs) - len(chosen)
        if self.sample is not None:
            drawn = [place for place, item in enumerate(items) if self.sample.admits(item.digest)]
            counts["sampled_out"] += len(items) - len(drawn)
            chosen, items = [chosen[place] for place in drawn], [items[place] for place in drawn]
        results = self.dedupe.add(items)
        gone: list[str] = []
        for index, item, result in zip(chosen, items, results, strict=True):
            self._count(result)
            uid = row_uid(item.uid, item.digest, result)
            if result.status is DedupStatus.KEPT:
                self._add_row(uid, trimmed[index], self._groups(cleaned[index]), result)
                gone += self.sample.add(item.digest, connector) if self.sample else ()
            self._add_verdicts(uid, trimmed[index], result)
        counts["read"] += len(page.incidents) + len(page.rejected)
        counts["rejected"] += len(page.rejected)
        counts["dropped_by_steps"] += len(page.incidents) - len(cleaned)
        if connector:
            self.progress.connectors.setdefault(connector, Counter()).update(counts - before)
        self._count_gone(gone)
        self._read += len(page.incidents) + len(page.rejected)
        self.progress.cursor = page.cursor
        kept = sum(1 for result in results if result.status is DedupStatus.KEPT)
        judged = _judged(trimmed, inputs)
        return PageSummary(
            page.cursor, len(page.incidents), kept, page.rejected, *judged, connector=connector
        )

    def _count(self, result: DedupResult) -> None:
        self.progress.counts[result.status.value] += 1
        if result.shares_id and result.status is not DedupStatus.SAME:
            self.progress.counts["sharing_an_id"] += 1

    def _count_gone(self, connectors: Sequence[str]) -> None:
        """Count rows, by where they are from, that were in the sample and are no more."""
        for connector in connectors:
            own = [self.progress.connectors[connector]] if connector else []
            for counts in (self.progress.counts, *own):
                counts["kept"] -= 1
                counts["sampled_out"] += 1

    def _count_unreadable(self, cleaned: Sequence[Incident], trimmed: Sequence[Incident]) -> None:
        """Count values that are there and not of their kind: no number, no image."""
        typed = [n for n, kind in self.plan.fields.items() if kind in _CAN_BE_UNREADABLE]
        for name in typed:
            self._unreadable[f"{name}: no {self.plan.fields[name]}"] += sum(
                before.fields.get(name) not in (None, "") and name not in after.fields
                for before, after in zip(cleaned, trimmed, strict=True)
            )

    def _groups(self, incident: Incident) -> list[str]:
        """The groups that it belongs to: one a value of the field, which may be a list."""
        name = self.plan.group_field
        value = None if name is None else incident.fields.get(name)
        values = value if isinstance(value, list | tuple) else [value]
        texts = [storable(as_text(one)) for one in values]
        return list(dict.fromkeys(text for text in texts if text))

    def _add_row(
        self, uid: str, incident: Incident, groups: list[str], result: DedupResult
    ) -> None:
        rows = self._rows
        rows["uid"].append(uid)
        rows["cluster"].append(result.cluster)
        rows["digest"].append(result.digest)
        rows["at"].append(incident.at)
        rows["groups"].append(groups)
        rows["split"].append(incident.split if incident.split in _PARTS else None)
        for name in self.plan.fields:
            value = incident.fields.get(name)
            if isinstance(value, Blob):
                value = self._journal.keep_blob(value)
            rows[FIELD_PREFIX + name].append(value)
            self._size += _size(value)

    def _span(self) -> list[str | None]:
        """The first and last time so far; of one form, so that they compare as text."""
        times = [at for at in self._rows["at"] if at is not None]
        words = [word for word in self.progress.span if word]
        for at in (min(times), max(times)) if times else ():
            words.append(at.astimezone(UTC).isoformat(timespec="microseconds"))
        return [min(words), max(words)] if words else [None, None]

    def _add_verdicts(self, uid: str, incident: Incident, result: DedupResult) -> None:
        table = self._verdicts
        for verdict in incident.verdicts:
            table["uid"].append(uid)
            table["digest"].append(result.digest)
            table["value"].append(storable(verdict.value))
            table["analyst"].append(verdict.analyst and storable(verdict.analyst))
            table["at"].append(verdict.at)
            table["reason"].append(verdict.reason and storable(verdict.reason))
            table["automated"].append(verdict.automated)

    def write_chunk(self) -> None:
        """Write what was gathered, and how far we are."""
        before = self._steps_before
        counted: dict[str, Mapping[str, int]] = dict(self.plan.steps.counts())
        if +self._unreadable or "inputs" in before:
            counted["inputs"] = self._unreadable
        self.progress.steps = {
            name: before.get(name, Counter()) + Counter(counts) for name, counts in counted.items()
        }
        self.progress.span = self._span()
        names = [*FIXED_COLUMNS, *(FIELD_PREFIX + name for name in self.plan.fields)]
        rows = {name: self._rows[name] for name in names}
        verdicts = {name: self._verdicts[name] for name in VERDICTS_SCHEMA.names}
        columns = {"rows": rows, "verdicts": verdicts}
        self._journal.write(self.progress, columns, self.dedupe.take_unsaved())
        self._begin_chunk()

    def manifest(self) -> dict[str, Any]:
        """What the manifest says besides the content.

        Raises:
            IntegrityError: when the counts do not add up.
        """
        counts = self.progress.counts
        total = INGEST if self.sample is None else SAMPLED_INGEST
        names = (*total.whole, *total.parts, "sharing_an_id")
        check_sums("the pull", counts, [total])
        by_connector = {}
        for connector in self.plan.connectors:
            own = self.progress.connectors.get(connector, Counter())
            check_sums(f"the pull from {connector}", own, [total])
            by_connector[connector] = {name: own[name] for name in names}
        return {
            "fields": [{"name": n, "kind": str(kind)} for n, kind in self.plan.fields.items()],
            "group_field": self.plan.group_field,
            "steps": self.plan.steps.settings,
            "dedupe": self.plan.dedupe.model_dump(mode="json"),
            "counts": {name: counts[name] for name in names},
            "step_counts": {
                name: dict(sorted(counts.items())) for name, counts in self.progress.steps.items()
            },
            "span": self.progress.span,
            **({"connectors": by_connector} if by_connector else {}),
            **({UNLABELLED: {"max": self.plan.sample[0]}} if self.plan.sample else {}),
        }


def _judged(
    trimmed: Sequence[Incident], inputs: Sequence[Inputs]
) -> tuple[tuple[Incident, ...], tuple[str, ...]]:
    """The incidents with a verdict, and the digests of their inputs; some have none."""
    judged = [index for index, incident in enumerate(trimmed) if incident.verdicts]
    return (
        tuple(trimmed[index] for index in judged),
        tuple(inputs_digest(inputs[index]) for index in judged),
    )


def _dedup_item(
    incident: Incident, inputs: Inputs, connector: str, *, events: bool = False
) -> DedupItem:
    verdicts = frozenset(word_key(verdict.value) for verdict in incident.verdicts)
    uid = storable(scoped_uid(connector, incident.uid))
    item = DedupItem.of(uid, inputs, verdicts, incident.split)
    if events:
        # Of one name only the same record again is a copy; no text is near another's.
        digest = inputs_digest({"event": uid, "inputs": item.digest})
        return item._replace(digest=digest, text="", others=digest)
    return item


def _size(value: object) -> int:
    """About how many bytes a value takes, to bound a chunk."""
    if isinstance(value, str):
        return len(value)
    return sum(map(len, value)) if isinstance(value, tuple) else 8
