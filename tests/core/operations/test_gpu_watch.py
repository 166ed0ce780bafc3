"""A run notices that its GPU is lost, taken away or used by others."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pynvml
import pytest

from sftsec_core.api.errors import TrainingInterruptedError
from sftsec_core.config.gpu import GpuSettings
from sftsec_core.operations.gpu_watch import GpuWatch
from sftsec_core.store.gpu_leases import GpuLeaseInfo, GpuLeaseOrder, GpuLeases
from sftsec_core.store.store import Store
from tests.servers.nvml import FakeDriver, FakeGpu, driver_of

LOST = pynvml.NVML_ERROR_GPU_IS_LOST
NO_PID = 2**22 + 7


@pytest.fixture
def driver() -> Iterator[FakeDriver]:
    with driver_of(FakeGpu("GPU-a", processes={os.getpid(): 30}), FakeGpu("GPU-b")) as fake:
        yield fake


@pytest.fixture
def leases(tmp_path: Path) -> Iterator[GpuLeases]:
    with Store.open(None, folder=tmp_path, actor="tester") as store:
        yield store.gpu_leases


@pytest.fixture
def lease(leases: GpuLeases) -> GpuLeaseInfo:
    order = GpuLeaseOrder("r1", "mail", "here", {"GPU-a": "0"}, timedelta(minutes=1))
    taken = leases.take(order)
    assert taken is not None
    return taken


@pytest.fixture
def watch(leases: GpuLeases, lease: GpuLeaseInfo, driver: FakeDriver) -> GpuWatch:
    """Looks when a test says so."""
    return GpuWatch(leases, lease, GpuSettings())


class TestLook:
    def test_renews_a_lease_in_use(
        self, leases: GpuLeases, lease: GpuLeaseInfo, watch: GpuWatch
    ) -> None:
        for _ in range(3):
            watch.look()
        watch.check()
        assert leases.get(lease.id).until > lease.until

    def test_a_device_must_be_missed_twice(
        self, leases: GpuLeases, lease: GpuLeaseInfo, watch: GpuWatch, driver: FakeDriver
    ) -> None:
        driver.gpus[0].error = LOST
        watch.look()
        driver.gpus[0].error = 0
        watch.look()
        driver.gpus[0].error = LOST
        watch.look()
        watch.check()
        watch.look()
        with pytest.raises(TrainingInterruptedError, match=r"GPU 0: GPU is lost .GPU-a.; run the"):
            watch.check()
        assert leases.get(lease.id).end == "failed"

    def test_an_unlisted_device_is_lost(self, watch: GpuWatch, driver: FakeDriver) -> None:
        del driver.gpus[0]
        with pytest.raises(TrainingInterruptedError, match="GPU 0: the driver does not list it"):
            watch.confirm()

    def test_a_silent_driver_proves_nothing(
        self, leases: GpuLeases, lease: GpuLeaseInfo, watch: GpuWatch, driver: FakeDriver
    ) -> None:
        driver.init = pynvml.NVML_ERROR_LIB_RM_VERSION_MISMATCH
        watch.confirm()
        assert leases.get(lease.id).end is None

    def test_others_on_the_device_end_the_run(
        self, leases: GpuLeases, lease: GpuLeaseInfo, watch: GpuWatch, driver: FakeDriver
    ) -> None:
        driver.gpus[0].processes[1] = 5
        watch.confirm()
        driver.gpus[0].processes[1] = 40
        with pytest.raises(TrainingInterruptedError, match=r"by others: process 1 .* 40.0 GiB"):
            watch.confirm()
        assert leases.get(lease.id).end == "crowded"
        assert list(leases.resting(timedelta(hours=1))) == ["GPU-a"]

    def test_a_hidden_process_may_be_ours(
        self, leases: GpuLeases, lease: GpuLeaseInfo, watch: GpuWatch, driver: FakeDriver
    ) -> None:
        driver.gpus[0].processes = {NO_PID: 70}
        watch.confirm()
        assert leases.get(lease.id).end is None

    def test_a_released_lease_names_its_reason(
        self, leases: GpuLeases, lease: GpuLeaseInfo, watch: GpuWatch
    ) -> None:
        leases.release(lease.id, "inference tonight")
        watch.look()
        with pytest.raises(TrainingInterruptedError, match=r"GPU 0 was taken .*inference tonight"):
            watch.check()


class TestWatch:
    def test_looks_by_itself_and_returns_the_lease(
        self, leases: GpuLeases, lease: GpuLeaseInfo, driver: FakeDriver
    ) -> None:
        watch = GpuWatch(leases, lease, GpuSettings())
        watch._every_s = 0.001
        with watch:
            while leases.get(lease.id).until == lease.until:
                pass
        ended = leases.get(lease.id)
        assert (ended.end, ended.reason) == ("returned", "")
