"""What `bench store` does with a store: each step through the objects that the product uses."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, update

from sftsec_core.api.domain import (
    Detection,
    Incident,
    PushReceipt,
    Rejection,
    Verdict,
    detection_uid,
)
from sftsec_core.bench.kills_site import LABELS, TASK
from sftsec_core.bench.store_site import SIEM, START, add_dataset
from sftsec_core.operations.audit_anchor import AS_TASK, AuditCursor
from sftsec_core.operations.gc_tuning import raise_gc_thresholds
from sftsec_core.scoring.delivery import deliver
from sftsec_core.store.chain import Link, link
from sftsec_core.store.tables import audit, audit_head

if TYPE_CHECKING:
    from sftsec_core.operations.context import Context
    from sftsec_core.store.store import Store

_PAGE = 1_000
_APPENDED = 1_000
_CLAIMED = 10_000  # giving back more would be one transaction of as many rows
_DETAILS = {"written": 500, "duplicates": 0, "rejected": 0, "run": "bench"}


class _AtOnce:
    """A destination that accepts whatever it is given."""

    def push(self, detections: Sequence[Detection]) -> PushReceipt:
        return PushReceipt(written=[each.uid for each in detections])


class _Steps:
    """Times what is done, by name."""

    def __init__(self) -> None:
        self.found: dict[str, dict[str, float]] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time a block."""
        begin, cpu = time.perf_counter(), time.process_time()
        yield
        self.found[name] = {
            "seconds": round(time.perf_counter() - begin, 4),
            "cpu_seconds": round(time.process_time() - cpu, 4),
        }


def fill_and_time(context: Context, size: int) -> dict[str, Any]:
    """Fill a site's store, time what is done with it, and leave a data set of that size.

    Args:
        context: of `store_site`.
        size: rows of each table.

    Returns:
        `steps`: name to `seconds` and `cpu_seconds`; and `megabytes` of the database.
    """
    raise_gc_thresholds()  # as the command line does
    steps, store = _Steps(), context.store
    _verdicts(store, size, steps)
    _detections(store, size, steps)
    _records(store, size, steps)
    _audit(store, size, steps)
    _overview(store, steps)
    with steps.step("dataset write"):
        add_dataset(context, size)
    return {"megabytes": round(store.health.bytes() / 1e6, 1), "steps": steps.found}


def _verdicts(store: Store, size: int, steps: _Steps) -> None:
    with steps.step("verdicts add"):
        store.verdicts.add(SIEM, _incidents(size))
    with steps.step("verdicts list"):
        store.verdicts.list(limit=50)
    with steps.step("verdicts pulled since"):
        store.verdicts.pulled_since(SIEM, START)
    with steps.step("verdicts verify"):
        store.verdict_chain.verify()
    known = Link(*store.verdict_chain.head())
    store.verdicts.add(SIEM, _incidents(size // 100, "later"))
    with steps.step("verdicts verify, 1% new"):
        store.verdict_chain.verify(after=known)


def _detections(store: Store, size: int, steps: _Steps) -> None:
    cursor = None
    with steps.step("scored pages"):
        for start in range(0, size, _PAGE):
            page = [_detection(n) for n in range(start, min(start + _PAGE, size))]
            with store.writing() as connection:
                after = str(start)
                store.cursors.move(TASK, SIEM, after, expected=cursor, joined=connection)
                store.outbox.add(SIEM, page, run_id="bench", joined=connection)
            cursor = after
    with steps.step(f"claims, {_CLAIMED:,} at most"):
        last = claimed = 0
        while claimed < _CLAIMED and (
            rows := store.outbox.claim(SIEM, "bench", limit=500, after=last)
        ):
            last, claimed = rows[-1].id, claimed + len(rows)
        store.outbox.release("bench")
    with steps.step("delivery"):
        counts = deliver(store, _AtOnce(), SIEM)  # type: ignore[arg-type]
    if counts.written != size:
        raise RuntimeError(f"{counts.written} of {size} detections were delivered")
    with steps.step("counts of a run"):
        store.outbox.of_run("bench")
        store.outbox.stranded(TASK, [SIEM])


def _records(store: Store, size: int, steps: _Steps) -> None:
    with steps.step("quarantine"):
        for start in range(0, size, _PAGE):
            page = [
                Rejection(f"file:{n}", "no JSON", f"{n:064x}")
                for n in range(start, min(start + _PAGE, size))
            ]
            store.quarantine.add(SIEM, page, run_id="bench")


def _audit(store: Store, size: int, steps: _Steps) -> None:
    store.verdict_chain.seal(store.audit)
    _fill_audit(store, size)
    with steps.step(f"audit append, {_APPENDED:,}"), store.writing() as connection:
        for _ in range(_APPENDED):
            store.audit.append("detections.pushed", SIEM, _DETAILS, joined=connection)
    with steps.step("audit verify"):
        store.audit.examine()
    seq = store.audit.head()[0] * 99 // 100
    known = Link(seq, store.audit.hash_of(seq) or "")
    with steps.step("audit verify, 1% new"):
        store.audit.examine(known)
    # As `sftsec audit push` leaves it: the command verifies what came after.
    store.cursors.move(AS_TASK, SIEM, str(AuditCursor(*known)), expected=None)


def _fill_audit(store: Store, size: int) -> None:
    """Add entries as `append` writes them, many a statement; `examine` would tell a difference."""
    at, actor, action = START, "bench", "detections.pushed"
    for begin in range(0, size, _PAGE):
        seq, previous = store.audit.head()
        rows = []
        for _ in range(min(_PAGE, size - begin)):
            seq += 1
            content = [at.isoformat(), seq, actor, action, SIEM, _DETAILS]
            previous = link(previous, content)
            names = ("seq", "actor", "action", "object", "details", "at", "hash")
            values = (*content[1:], at, previous)
            rows.append(dict(zip(names, values, strict=True)))
        with store.writing() as connection:
            connection.execute(insert(audit), rows)
            connection.execute(update(audit_head).values(seq=seq, hash=previous))


def _overview(store: Store, steps: _Steps) -> None:
    with steps.step("status"):
        store.outbox.counts()
        store.outbox.stranded(TASK, [SIEM])
        store.verdicts.pulled_since(SIEM, START)
        store.label_requests.waiting(TASK, SIEM)


def _incidents(size: int, name: str = "incident") -> Iterator[Incident]:
    for n in range(size):
        at = START + timedelta(seconds=n)
        verdict = Verdict(LABELS[n % 5 == 0], f"analyst {n % 20}", at, None, False)
        yield Incident(f"{name}-{n:09d}", {}, (verdict,))


def _detection(number: int) -> Detection:
    """An alert as a task of the demo makes it: a dozen fields, half of them of this event alone."""
    random = Random(number)  # noqa: S311 - a benchmark's data, no secret
    incident, model, probability = f"incident-{number:09d}", "d3" * 32, random.uniform(0.5, 1)
    return Detection(
        uid=detection_uid(model, incident, f"{number:032x}"),
        incident_uid=incident,
        task=TASK,
        model_digest=model,
        label="malicious",
        probability=probability,
        threshold=0.5,
        top_classes=(("malicious", probability), ("benign", 1 - probability)),
        at=START + timedelta(seconds=number),
        fields={
            "@timestamp": f"{START + timedelta(seconds=number):%Y-%m-%dT%H:%M:%S.000Z}",
            "host.name": f"host-{random.randrange(1000)}",
            "user.name": f"user-{random.randrange(3000)}",
            "source.ip": f"10.0.{random.randrange(256)}.{random.randrange(256)}",
            "rule.name": f"Suspicious command line {random.randrange(200)}",
            "process.command_line": f"powershell.exe -w hidden -enc {random.randbytes(24).hex()}",
            "event.action": "process_started",
            "event.category": "process",
        },
        labels=("malicious",),
    )
