"""Holds a claimed run, is stopped for longer than its lease, and then tries to write.

Run by `test_fencing.py`. Arguments: the database's address, the state folder, the run's id and its
fence, the name under which to hold it. It says when it holds the run, and, after a line on standard
input, how each attempt ended, as JSON.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from sftsec_core.api.domain import Incident, Verdict
from sftsec_core.store.columns import utc_now
from sftsec_core.store.runs import RunOrder
from sftsec_core.store.store import Store
from tests.core.store.test_models import A, B, ref
from tests.core.store.test_outbox import detection


def attempts(store: Store, run: str, folder: Path) -> dict[str, Callable[[], object]]:
    """What a run writes, by name."""
    state = folder.parent.parent
    judged = Incident("a", {}, (Verdict("spam", "ada"),))
    return {
        "cursor": lambda: store.cursors.move("mail", "siem", "2", expected="1"),
        "verdicts": lambda: store.verdicts.add("siem", [judged]),
        "model": lambda: store.models.add(ref(state, B)),
        "promotion": lambda: store.models.set_alias(
            "mail", "live", A, expected=None, by="ada", reason="better"
        ),
        "outbox": lambda: store.outbox.add("siem", [detection(1)]),
        "audit": lambda: store.audit.append("retrain.finished", "mail", {}),
        "joined": lambda: _joined(store),
        "end": lambda: store.runs.finish(run, "succeeded"),
        "renewal": lambda: store.runs.renew(run),
        "file": lambda: (folder / "report.html").write_text("x", encoding="ascii"),
    }


def _joined(store: Store) -> None:
    with store.writing() as connection:
        store.outbox.add("siem", [detection(2)], joined=connection)


def main(url: str, state: Path, run: str, fence: int, holder: str) -> None:
    """Hold the run, wait to be woken, and try everything."""
    with Store.open(url, folder=state, actor="zombie", lease=timedelta(seconds=1)) as store:
        store.runs.holder = holder or store.runs.holder
        claimed = store.queue.claimed(run, fence)
        assert claimed is not None
        folder = store.runs.take_up(claimed, RunOrder("retrain", "mail", {})).info.folder
        store.cursors.move("mail", "siem", "1", expected=None)
        store.models.add(replace(ref(state, A), created_at=utc_now()))
        print("held", flush=True)
        sys.stdin.readline()
        ended = {}
        for name, attempt in attempts(store, run, folder).items():
            try:
                attempt()
            except Exception as error:  # noqa: BLE001 - the class is what the test reads
                ended[name] = type(error).__name__
            else:
                ended[name] = "done"
        print(json.dumps(ended), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]), sys.argv[5])
