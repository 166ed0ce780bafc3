"""Several schedulers on one store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier, Thread

from sftsec_core.operations.authorize import local_admin
from sftsec_core.operations.context import Context
from sftsec_core.runner.scheduler import Scheduler
from sftsec_core.store.store import Store
from tests.core.operations.schedule_site import write_site

START = datetime(2026, 6, 1, tzinfo=UTC)
HOURLY = {"run": "dataset", "task": "mail", "when": {"cron": "0 * * * *"}, "catch_up": "all"}


class TestSchedulers:
    def test_queue_each_time_once(self, database_url: str, tmp_path: Path) -> None:
        names = [f"s{n}" for n in range(3)]
        file = write_site(tmp_path / "site", {name: {**HOURLY, "overlap": True} for name in names})
        now, together = [START], Barrier(4, timeout=60)
        queued: list[tuple[str, datetime]] = []

        def work() -> None:
            with Context.open(file, actor=local_admin("test")) as context:
                context.store = Store.open(
                    database_url, folder=context.folder, actor="test", clock=lambda: now[0]
                )
                scheduler = Scheduler(context, lambda: now[0])
                together.wait()
                for _ in range(3):
                    together.wait()
                    runs = scheduler.tick()
                    found = {each.info.id: each for each in context.store.queue.waiting()}
                    asked = [found[run.id].request for run in runs]
                    queued.extend((a.schedule or "", a.due_at or START) for a in asked)
                    together.wait()

        Context.open(file, actor=local_admin("test")).close()
        threads = [Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        together.wait()
        for hours in (0, 2, 5):
            now[0] = START + timedelta(hours=hours)
            together.wait()
            together.wait()
        for thread in threads:
            thread.join()
        due = [START + timedelta(hours=n) for n in range(1, 6)]
        assert sorted(queued) == sorted((name, at) for name in names for at in due)
