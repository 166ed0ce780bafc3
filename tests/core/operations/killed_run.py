"""A run whose process was killed, and whose lease has ended."""

from __future__ import annotations

from datetime import timedelta

from sftsec_core.store.columns import utc_now
from sftsec_core.store.runs import RunOrder
from sftsec_core.store.store import Store
from tests.e2e.site import Site


def begin_and_die(site: Site) -> str:
    """Begin a retraining an hour ago and never renew its lease; return its id."""
    folder = site.folder / ".sftsec"
    ago = utc_now() - timedelta(hours=1)
    with Store.open(None, folder=folder, actor="tester", clock=lambda: ago) as store:
        return store.runs.begin(RunOrder("retrain", "triage", {}), folder / "runs").info.id
