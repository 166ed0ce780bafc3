"""`sftsec gpu leases` and `sftsec gpu release`."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sftsec_core.store.gpu_leases import GpuLeaseOrder
from sftsec_core.store.store import Store
from tests.core.cli.invoke import error_of, invoke, json_of, printed
from tests.core.cli.test_complete import completed
from tests.e2e.site import Site

TWO = {"GPU-a": "0", "GPU-b": "1"}


@pytest.fixture
def leased(site: Site) -> str:
    """The id of a run's lease on two GPUs."""
    with Store.open(None, folder=site.folder / ".sftsec", actor="tester") as store:
        lease = store.gpu_leases.take(
            GpuLeaseOrder("r-1", "triage", "here", TWO, timedelta(minutes=5), count=2)
        )
    assert lease is not None
    return lease.id


class TestRelease:
    def test_ends_a_lease_with_its_reason(self, site: Site, leased: str) -> None:
        (listed,) = json_of(site, "gpu", "leases")
        assert (listed["lease"], listed["run"], listed["status"]) == (leased, "r-1", "open")
        done = json_of(site, "gpu", "release", leased[:5], "--reason", "tonight's inference")
        assert (done["lease"], done["devices"]) == (leased, TWO)
        assert printed(site, "gpu", "leases") == "GPU leases: none\n"
        (ended,) = json_of(site, "gpu", "leases", "--all")
        assert (ended["status"], ended["reason"]) == ("released", "tonight's inference")
        assert ended["gpu_seconds"] > 0
        assert "gpu.released" in printed(site, "audit", "tail")

    def test_a_reason_is_required(self, site: Site, leased: str) -> None:
        result = invoke(site, "gpu", "release", leased)
        assert result.exit_code == 2
        assert "--reason" in result.stderr

    def test_an_unknown_lease_is_refused(self, site: Site, leased: str) -> None:
        error = error_of(site, "gpu", "release", "zz", "--reason", "x")
        assert str(error) == f"unknown GPU lease 'zz' (known: {leased})"

    def test_ids_are_completed(self, site: Site, leased: str) -> None:
        assert completed(site.folder, "sftsec gpu release ") == [leased]
