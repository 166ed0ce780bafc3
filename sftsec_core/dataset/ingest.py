"""From a connector's pull to a snapshot: steps, duplicates out, then the first write to disk.

No text is written that the steps have not seen, and of an incident only the fields that the plan
names. First the pull becomes parts on disk, each cleaned and hashed once (`cleaning`); a part that
an earlier ingest left and that did not change is taken as it is. Then it is decided which of all
rows are copies (`assembly`), and the snapshot is written (`writing`): always of all parts, so that
an ingest that took parts of earlier ones gives the snapshot of one that did not.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any

import pyarrow.compute as pc

from sftsec_core.dataset.assembly import assemble
from sftsec_core.dataset.cleaning import PartBuilder, connector_of
from sftsec_core.dataset.journal import Journal, read_progress
from sftsec_core.dataset.snapshot import Snapshot, open_snapshot
from sftsec_core.dataset.sources import SourceParts
from sftsec_core.dataset.sums import INGEST, SAMPLED_INGEST, check_sums
from sftsec_core.dataset.writing import SnapshotWriter
from sftsec_core.store.snapshots import UNLABELLED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from sftsec_core.api.contracts import PullPart
    from sftsec_core.api.domain import IncidentPage
    from sftsec_core.dataset.assembly import Assembly
    from sftsec_core.dataset.dedup.signatures import SignatureIndex
    from sftsec_core.dataset.journal import PartStore
    from sftsec_core.dataset.plan import IngestPlan, PageSummary
    from sftsec_core.store.vault import Vault

_CHUNK_INCIDENTS = 25_000
_CHUNK_BYTES = 32 << 20


@dataclass(frozen=True, slots=True)
class Earlier:
    """What earlier ingests of the same plan have left.

    Attributes:
        parts: of their pulls.
        snapshot: the last one, whose files may be linked; None for none.
    """

    parts: PartStore
    snapshot: Snapshot | None = None


@dataclass(slots=True)
class Heard:
    """Who is told of an ingest on its way.

    Attributes:
        page: of each page that was pulled, in order.
        reused: of how many incidents of an earlier ingest were taken as they are.
        pulled: called when all is on disk, cleaned and hashed.
        publish: called just before the snapshot appears.
        signatures: given those of the snapshot's texts.
    """

    page: Callable[[PageSummary], None] = lambda _page: None
    reused: Callable[[int], None] = lambda _count: None
    pulled: Callable[[], None] = lambda: None
    publish: Callable[[], None] = lambda: None
    signatures: Callable[[SignatureIndex | None], None] | None = None


def resume_cursor(folder: Path) -> str | None:
    """Where the pull resumes after a kill; None to begin at the start."""
    progress = read_progress(folder)
    return None if progress is None else progress.cursor


def ingest(
    pull: Iterable[IncidentPage | SourceParts],
    plan: IngestPlan,
    *,
    folder: Path,
    snapshots: Path,
    heard: Heard | None = None,
    vault: Vault | None = None,
    earlier: Earlier | None = None,
) -> Snapshot:
    """Build a snapshot.

    Args:
        pull: pages, from `connector.pull(window, cursor=resume_cursor(folder))`, or what a
            connector says that its pull is made of.
        plan: what to do with them.
        folder: the work folder; survives a kill, gone when the snapshot is there.
        snapshots: where snapshots lie; on the same file system as `folder`.
        heard: who is told of it.
        vault: the keys of an encrypted state.
        earlier: what may be taken of earlier ingests; None for a full build.

    Returns:
        The snapshot; the same input gives the same digest, whatever the pages' size, however
        often the build was killed, and whatever was taken of earlier ingests.

    Raises:
        DataError: when `folder` holds a build with another plan.
        IntegrityError: when the counts do not add up.
    """
    heard = heard or Heard()
    journal = Journal(folder, plan.digest(), vault, earlier.parts if earlier else None)
    gathering = _Gathering(plan, journal, heard)
    for each in pull:
        if isinstance(each, SourceParts):
            gathering.take_parts(each)
        else:
            gathering.take_page(each)
    gathering.end_chunk()
    heard.pulled()
    made = assemble(journal.parts(), plan)
    if heard.signatures is not None:
        heard.signatures(made.signatures())
    writer = SnapshotWriter(folder, plan.fields, vault, earlier.snapshot if earlier else None)
    digest = writer.write(made.parts, _manifest(plan, made))
    heard.publish()
    target = writer.publish(snapshots, digest)
    journal.close()
    return open_snapshot(target, verify=False, vault=vault)


class _Gathering:
    """Makes parts of a pull."""

    def __init__(self, plan: IngestPlan, journal: Journal, heard: Heard) -> None:
        self._plan = plan
        self._journal = journal
        self._heard = heard
        self._chunk: PartBuilder | None = None

    def take_page(self, page: IncidentPage) -> None:
        """Clean a page into the chunk of its connector."""
        connector = connector_of(page)
        if self._chunk is not None and self._chunk.connector != connector:
            self.end_chunk()
        if self._chunk is None:
            self._chunk = PartBuilder(self._plan, self._journal.draft(), connector)
        self._heard.page(self._chunk.take(page))
        self._journal.progress.cursor = page.cursor
        if _is_full(self._chunk):
            self.end_chunk()

    def end_chunk(self) -> None:
        """Write what was gathered, and how far we are."""
        if self._chunk is not None:
            folder = self._journal.next_chunk()
            self._chunk.publish(folder)
            self._journal.add(folder, self._chunk.connector)
            self._chunk = None
            self._journal.save()

    def take_parts(self, source: SourceParts) -> None:
        """Take a connector's parts, those that did not change as they are."""
        self.end_chunk()
        journal = self._journal
        journal.begin_connector(source.connector)
        for part in source.parts:
            known = journal.known(part.name)
            if known is not None and part.holds(known[1]):
                for stored in known[0]:
                    journal.add(stored.folder, source.connector)
                self._heard.reused(sum(stored.facts.counts["read"] for stored in known[0]))
            else:
                self._pull(part, source.connector)
        journal.progress.cursor = source.cursor
        journal.save()

    def _pull(self, part: PullPart, connector: str) -> None:
        """Pull a part into one or several folders; a kill resumes after the last of them."""
        journal, begun = self._journal, self._journal.progress.begun
        number, cursor = begun[1:] if begun and begun[0] == part.name else (0, None)
        for done in range(number):
            journal.add(journal.kept_folder(part.name, done), connector)
        journal.kept.forget(part.name)
        builder = None
        for page in part.pages(cursor):
            builder = builder or PartBuilder(self._plan, journal.draft(), connector)
            self._heard.page(builder.take(page))
            if _is_full(builder):
                self._end_folder(builder, part.name, number)
                number, builder = number + 1, None
                journal.progress.begun = (part.name, number, page.cursor)
                journal.save()
        if builder is not None:
            self._end_folder(builder, part.name, number)
            number += 1
        journal.progress.begun = None
        journal.kept.commit(part.name, number, part.proof())

    def _end_folder(self, builder: PartBuilder, name: str, number: int) -> None:
        folder = self._journal.kept_folder(name, number)
        builder.publish(folder)
        self._journal.add(folder, builder.connector)


def _is_full(part: PartBuilder) -> bool:
    return part.read >= _CHUNK_INCIDENTS or part.size >= _CHUNK_BYTES


def _manifest(plan: IngestPlan, made: Assembly) -> dict[str, Any]:
    """What the manifest says besides the content.

    Raises:
        IntegrityError: when the counts do not add up.
    """
    total = INGEST if plan.sample is None else SAMPLED_INGEST
    names = (*total.whole, *total.parts, "sharing_an_id")
    check_sums("the pull", made.counts, [total])
    by_connector = {}
    for connector in plan.connectors:
        own = made.connectors.get(connector, Counter())
        check_sums(f"the pull from {connector}", own, [total])
        by_connector[connector] = {name: own[name] for name in names}
    return {
        "fields": [{"name": n, "kind": str(kind)} for n, kind in plan.fields.items()],
        "group_field": plan.group_field,
        "steps": plan.steps.settings,
        "dedupe": plan.dedupe.model_dump(mode="json"),
        "counts": {name: made.counts[name] for name in names},
        "step_counts": {name: dict(sorted((+c).items())) for name, c in made.steps.items()},
        "span": _span(made),
        **({"connectors": by_connector} if by_connector else {}),
        **({UNLABELLED: {"max": plan.sample[0]}} if plan.sample else {}),
    }


def _span(made: Assembly) -> list[str | None]:
    """The first and last time of a row, of one form, so that they compare as text."""
    found: list[Any] = []
    for each in made.parts:
        bounds = pc.min_max(each.part.rows(["at"])["at"].filter(each.kept)).as_py()
        found += [at for at in bounds.values() if at is not None]
    words = [at.astimezone(UTC).isoformat(timespec="microseconds") for at in found]
    return [min(words), max(words)] if words else [None, None]
