"""From pages to a part: steps, inputs, digests and signatures, before the first write to disk."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any, TypeVar

import pyarrow as pa

from sftsec_core.api.domain import (
    Blob,
    Incident,
    IncidentPage,
    InputKind,
    Inputs,
    inputs_digest,
)
from sftsec_core.api.settings.words import word_key
from sftsec_core.dataset.dedup.batch import DedupBatch
from sftsec_core.dataset.dedup.items import DedupItem
from sftsec_core.dataset.dedup.minhash import MinHasher
from sftsec_core.dataset.dedup.records import like_ours
from sftsec_core.dataset.parts import (
    ROW_COLUMNS,
    VERDICT_COLUMNS,
    PartDraft,
    PartFacts,
    batch_arrays,
    part_schema,
)
from sftsec_core.dataset.plan import IngestPlan, PageSummary
from sftsec_core.dataset.snapshot import FIELD_PREFIX
from sftsec_core.dataset.sources import SourcePage, scoped_uid
from sftsec_core.dataset.values import storable, trim_incident
from sftsec_core.sdk.fields import as_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_T = TypeVar("_T")
_GIVEN_SPLITS = frozenset({"train", "dev", "test"})
_CAN_BE_UNREADABLE = frozenset({InputKind.NUMBER, InputKind.IMAGE})


class PartBuilder:
    """One part under way: what was cleaned, in memory until it is whole."""

    def __init__(self, plan: IngestPlan, draft: PartDraft, connector: str) -> None:
        """Start without a row.

        Args:
            plan: what to do with incidents.
            draft: where the part is written.
            connector: whose incidents it takes; "" where all are from one.
        """
        self._plan = plan
        self._draft = draft
        self._facts = PartFacts(connector)
        self._before = {name: Counter(found) for name, found in plan.steps.counts().items()}
        self._unreadable: Counter[str] = Counter()
        self._rows: dict[str, list[Any]] = defaultdict(list)
        self._verdicts: dict[str, list[Any]] = defaultdict(list)
        self._items: list[DedupItem] = []
        self.read = 0
        self.size = 0

    @property
    def connector(self) -> str:
        """Whose incidents it takes."""
        return self._facts.connector

    def take(self, page: IncidentPage) -> PageSummary:
        """Clean one page."""
        counts, connector = self._facts.counts, self._facts.connector
        cleaned = self._plan.steps(page.incidents)
        unusable = self._plan.steps.take_rejected()
        trimmed = [trim_incident(incident, self._plan.fields) for incident in cleaned]
        inputs = [self._plan.render(incident) for incident in trimmed]
        gone = self._plan.forgotten.has_content
        known = [gone(read, one.at) for read, one in zip(inputs, trimmed, strict=True)]
        cleaned, trimmed = _without(known, cleaned), _without(known, trimmed)
        inputs = _without(known, inputs)
        self._count_unreadable(cleaned, trimmed)
        for index, read in enumerate(inputs):
            if read:
                self._add_row(trimmed[index], read, self._groups(cleaned[index]))
        records = len(page.incidents) + len(page.rejected) - sum(known)
        counts["read"] += records
        rejected = page.rejected + unusable
        counts["rejected"] += len(rejected)
        counts["dropped_by_steps"] += records - len(page.rejected) - len(cleaned) - len(unusable)
        counts["empty"] += sum(not read for read in inputs)
        self.read += records
        judged = _judged(trimmed, inputs)
        return PageSummary(page.cursor, records - len(rejected), rejected, *judged, connector)

    def publish(self, to: Path, proof: str = "") -> None:
        """Hash what was taken, and write the part."""
        facts, plan = self._facts, self._plan
        facts.rows, facts.proof = len(self._items), proof
        facts.steps = {
            name: Counter(found) - self._before.get(name, Counter())
            for name, found in plan.steps.counts().items()
        }
        if +self._unreadable:
            facts.steps["inputs"] = +self._unreadable
        names = [*ROW_COLUMNS, *(FIELD_PREFIX + name for name in plan.fields)]
        rows = pa.table({n: self._rows[n] for n in names}, schema=part_schema(plan.fields))
        verdicts = pa.table(
            {name: self._verdicts[name] for name in VERDICT_COLUMNS.names}, schema=VERDICT_COLUMNS
        )
        hasher = MinHasher(plan.dedupe.shingle, plan.dedupe.threshold)
        renamed = [like_ours(item.uid) for item in self._items]
        arrays = batch_arrays(DedupBatch.of(self._items, hasher), renamed)
        self._draft.publish(to, facts, (rows, verdicts), arrays)

    def _count_unreadable(self, cleaned: Sequence[Incident], trimmed: Sequence[Incident]) -> None:
        """Count values that are there and not of their kind: no number, no image."""
        typed = [n for n, kind in self._plan.fields.items() if kind in _CAN_BE_UNREADABLE]
        for name in typed:
            self._unreadable[f"{name}: no {self._plan.fields[name]}"] += sum(
                before.fields.get(name) not in (None, "") and name not in after.fields
                for before, after in zip(cleaned, trimmed, strict=True)
            )

    def _groups(self, incident: Incident) -> list[str]:
        """The groups that it belongs to: one a value of the field, which may be a list."""
        name = self._plan.group_field
        value = None if name is None else incident.fields.get(name)
        values = value if isinstance(value, list | tuple) else [value]
        texts = [storable(as_text(one)) for one in values]
        return list(dict.fromkeys(text for text in texts if text))

    def _add_row(self, incident: Incident, inputs: Inputs, groups: list[str]) -> None:
        item = _dedup_item(incident, inputs, self.connector, events=self._plan.events)
        rows = self._rows
        rows["uid"].append(item.uid)
        rows["at"].append(incident.at)
        rows["groups"].append(groups)
        rows["split"].append(incident.split if incident.split in _GIVEN_SPLITS else None)
        for name in self._plan.fields:
            value = incident.fields.get(name)
            if isinstance(value, Blob):
                value = self._draft.keep_blob(value)
            rows[FIELD_PREFIX + name].append(value)
            self.size += _size(value)
        table = self._verdicts
        for verdict in incident.verdicts:
            table["place"].append(len(self._items))
            table["value"].append(storable(verdict.value))
            table["analyst"].append(verdict.analyst and storable(verdict.analyst))
            table["at"].append(verdict.at)
            table["reason"].append(verdict.reason and storable(verdict.reason))
            table["automated"].append(verdict.automated)
        self._items.append(item)


def _without(flagged: Sequence[bool], values: Sequence[_T]) -> list[_T]:
    return [value for value, out in zip(values, flagged, strict=True) if not out]


def connector_of(page: IncidentPage) -> str:
    """Whose page it is; "" where all are from one connector."""
    return page.connector if isinstance(page, SourcePage) else ""


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
    """About how many bytes a value takes, to bound a part."""
    if isinstance(value, str):
        return len(value)
    return sum(map(len, value)) if isinstance(value, tuple) else 8
