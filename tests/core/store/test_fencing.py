"""A process that was stopped for longer than its lease writes nothing when it is woken."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from sftsec_core.store.columns import utc_now
from sftsec_core.store.run_queue import ClaimedRun, RunRequest
from sftsec_core.store.store import Store
from tests.core.store.test_models import A

LEASE = timedelta(seconds=1)
# Where another host's process holds the run, nobody here can end it.
ELSEWHERE = "run:another-host:1:-:0"


class Site:
    """A store with a run that a process holds, which was stopped."""

    def __init__(self, url: str, state: Path) -> None:
        self._url, self._state = url, state
        with Store.open(url, folder=state, actor="tester", lease=LEASE) as store:
            store.queue.enqueue(RunRequest("retrain", "mail", {}, "ann", ("admin",)))
            claimed = store.queue.claim("w1")
        assert claimed is not None
        self.claimed = claimed

    def later(self) -> Store:
        """The store of another worker, for whom the lease has ended."""
        return Store.open(
            self._url,
            folder=self._state,
            actor="tester",
            clock=lambda: utc_now() + timedelta(minutes=1),
        )

    @contextmanager
    def stopped(self, holder: str) -> Iterator[subprocess.Popen[str]]:
        """A process that took the run up and was stopped."""
        run = (self.claimed.info.id, str(self.claimed.fence), holder)
        command = [sys.executable, "-m", "tests.core.store.zombie", self._url, str(self._state)]
        pipe = subprocess.PIPE
        with subprocess.Popen([*command, *run], stdin=pipe, stdout=pipe, text=True) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "held\n"
            process.send_signal(signal.SIGSTOP)
            try:
                yield process
            finally:
                process.kill()


def take_over(store: Store) -> ClaimedRun:
    claimed = store.queue.claim("w2")
    assert claimed is not None
    return claimed


@pytest.fixture
def site(database_url: str, state: Path) -> Site:
    return Site(database_url, state)


class TestZombie:
    def test_is_refused_whatever_it_writes(self, site: Site) -> None:
        with site.stopped(ELSEWHERE) as zombie, site.later() as store:
            claimed = take_over(store)
            before = store.audit.head()
            zombie.send_signal(signal.SIGCONT)
            told, _ = zombie.communicate("go on\n", timeout=60)
            ended = json.loads(told)
            assert ended.pop("file") == "FileNotFoundError"
            assert set(ended.values()) == {"LeaseLostError"}, ended
            assert store.cursors.get("mail", "siem") == "1"
            assert store.verdicts.list() == []
            assert [model.digest for model in store.models.list(None)] == [A]
            assert store.models.aliases("mail") == {}
            assert store.outbox.counts() == []
            assert store.audit.head() == before
            assert store.runs.get(claimed.info.id).status == "running"
            assert list(claimed.info.folder.iterdir()) == []

    def test_of_this_host_is_ended(self, site: Site) -> None:
        with site.stopped("") as zombie, site.later() as store:
            assert take_over(store).info.id == site.claimed.info.id
            assert zombie.wait(30) == -signal.SIGKILL


class TestHolder:
    def test_writes_what_its_run_allows(self, site: Site) -> None:
        with site.stopped(ELSEWHERE) as holder, site.later() as store:
            holder.send_signal(signal.SIGCONT)
            told, _ = holder.communicate("go on\n", timeout=60)
            ended = json.loads(told)
            # The run has ended by then: there is nothing left to renew.
            assert ended.pop("renewal") == "LeaseLostError"
            assert set(ended.values()) == {"done"}, ended
            assert store.cursors.get("mail", "siem") == "2"
