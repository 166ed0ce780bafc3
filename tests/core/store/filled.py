"""A store with rows in its tables, awkward ones among them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

from sftsec_core.api.domain import Detection, Incident, ModelRef, Rejection, Verdict
from sftsec_core.store.runs import RunOrder
from sftsec_core.store.store import Store

DIGEST = "a" * 64
AT = datetime(2026, 1, 31, 12, 0, 0, 123456, tzinfo=timezone(timedelta(hours=5)))
AWKWARD = 'naïve \'quoted\' "text"\n\t\\ 🐟 {"$": null} %s :x \ufffd'


def fill(store: Store, folder: Path, *, verdicts: int = 40) -> None:
    """Write to every noun of a store as the product does."""
    incidents = [
        Incident(f"i{n}", {}, (Verdict("tp", f"ann {AWKWARD}", AT, AWKWARD, bool(n % 2)),))
        for n in range(verdicts)
    ]
    store.verdicts.add("siem", [*incidents, Incident("none", {}, (Verdict("fp"),))], run_id="r1")
    store.verdict_chain.seal(store.audit)
    store.judged_inputs.add("siem", "reading", [("i1", "d" * 32)])
    run = store.runs.begin(RunOrder("retrain", "mail", {"text": AWKWARD}), folder / "runs").info
    store.runs.finish(run.id, "failed", error=AWKWARD)
    store.audit.append("retrain.finished", "mail", {"run": run.id, "status": "failed"})
    store.runs.begin(RunOrder("score", "mail", {"big": 2**70, "half": 0.1}), folder / "runs")
    ref = ModelRef(DIGEST, "mail", "linear", run.id, folder / "models" / DIGEST, AT)
    store.models.add(ref, card="c" * 64)
    store.models.set_alias("mail", "candidate", DIGEST, expected=None, by="ann", reason=AWKWARD)
    store.snapshots.add(
        "mail", DIGEST, folder / "snapshots" / DIGEST, rows=3, manifest={"b": 1.0, "a": [None]}
    )
    store.outbox.add("siem", [_detection(n) for n in range(7)], run_id=run.id)
    store.outbox.claim("siem", "owner", limit=2)
    store.cursors.move("mail", "siem", AWKWARD, expected=None)
    store.label_requests.add("mail", "siem", ["x", AWKWARD], model=DIGEST)
    store.recall_draws.add("mail", "siem", ["y", AWKWARD], model=DIGEST, probability=1 / 3)
    store.quarantine.add("siem", [Rejection("file:1", AWKWARD, "d" * 64)], run_id="r1")


def _detection(number: int) -> Detection:
    return Detection(
        uid=f"{number:040d}",
        incident_uid=f"incident {number}",
        task="mail",
        model_digest=DIGEST,
        label="spam",
        probability=0.1 + number / 1000,
        threshold=1 / 3,
        top_classes=(("spam", 0.75), ("ham", 0.25)),
        at=AT.astimezone(UTC),
        fields={AWKWARD: AWKWARD},
        explanation=None,
    )
