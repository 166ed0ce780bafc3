"""`sftsec gpu list`: devices, memory, load, processes, leases."""

from __future__ import annotations

import os
from datetime import timedelta

import pynvml
import pytest

from sftsec_core.store.gpu_leases import GpuLeaseOrder
from sftsec_core.store.store import Store
from tests.core.cli.invoke import invoke, json_of, printed
from tests.e2e.site import Site
from tests.servers.nvml import GIB, FakeGpu, driver_of


@pytest.fixture
def leased(site: Site) -> str:
    """The id of a run's lease on GPU-b."""
    with Store.open(None, folder=site.folder / ".sftsec", actor="tester") as store:
        order = GpuLeaseOrder("r-1", "triage", "here", {"GPU-b": "1"}, timedelta(minutes=5))
        lease = store.gpu_leases.take(order)
    assert lease is not None
    return lease.id


class TestList:
    def test_shows_who_uses_what(self, site: Site, leased: str) -> None:
        crowded = FakeGpu("GPU-a", processes={1: 75.0})
        with driver_of(crowded, FakeGpu("GPU-b", utilisation=90), FakeGpu("GPU-c")):
            found = json_of(site, "gpu", "list")
            shown = printed(site, "gpu", "list")
        first, second, third = found["gpus"]
        assert (first["free"], first["total"], first["lease"]) == (5 * GIB, 80 * GIB, None)
        assert "process 1 " in first["reason"]
        assert "holds 75.0 GiB" in first["reason"]
        assert (second["lease"], second["run"], second["utilisation"]) == (leased, "r-1", 0.9)
        assert (third["lease"], third["reason"]) == (None, None)
        assert "90%" in shown
        assert "r-1" in shown

    def test_is_bound_by_the_environment(self, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        with driver_of(FakeGpu("GPU-a"), FakeGpu("GPU-b")):
            monkeypatch.setitem(os.environ, "CUDA_VISIBLE_DEVICES", "1")
            found = json_of(site, "gpu", "list")
        assert [each["uuid"] for each in found["gpus"]] == ["GPU-b"]

    def test_without_a_driver_it_says_so(self, site: Site) -> None:
        with driver_of(init=pynvml.NVML_ERROR_LIBRARY_NOT_FOUND):
            result = invoke(site, "gpu", "list")
            found = json_of(site, "gpu", "list")
        assert (result.exit_code, result.stdout) == (0, "GPUs: none\n")
        assert "the NVIDIA driver does not answer" in result.stderr
        assert found["gpus"] == []
        assert "does not answer" in found["unavailable"]

    def test_a_lost_gpu_is_named(self, site: Site) -> None:
        with driver_of(FakeGpu("GPU-a", error=pynvml.NVML_ERROR_GPU_IS_LOST)):
            result = invoke(site, "gpu", "list")
            assert json_of(site, "gpu", "list")["failed"] == ["GPU 0: GPU is lost"]
        assert result.stderr == "GPU 0: GPU is lost\n"
