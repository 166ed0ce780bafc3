"""The log of a run: read whole, and followed until the run has ended."""

from __future__ import annotations

from pathlib import Path

import pytest

from sftsec_core.api.errors import NotFoundError
from sftsec_core.operations.run_logs import run_logs
from sftsec_core.store.runs import LOG, RunOrder
from tests.core.operations.secret_task import Observer, context


class TestRunLogs:
    def test_give_events_and_texts(self, folder: Path, observer: Observer) -> None:
        with context(folder, observer, "oracle") as work:
            run = work.store.runs.begin(RunOrder("score", "secret", {}), work.folder / "runs").info
            with pytest.raises(NotFoundError, match="log of run"):
                list(run_logs(work, run.id))
            (run.folder / LOG).write_bytes(b'{"event": "x"}\nplain \xff\n[1]\n\n{"half')
            assert list(run_logs(work, run.id[:-1])) == [
                {"event": "x"},
                {"text": "plain \N{REPLACEMENT CHARACTER}"},
                {"text": "[1]"},
                {"text": '{"half'},
            ]

    def test_follow_until_the_run_ends(self, folder: Path, observer: Observer) -> None:
        with context(folder, observer, "oracle") as work:
            run = work.store.runs.begin(RunOrder("score", "secret", {}), work.folder / "runs").info
            lines = run_logs(work, run.id, follow=True, every_s=0.01)
            with (run.folder / LOG).open("ab", buffering=0) as log:
                log.write(b"one\ntw")
                assert next(lines) == {"text": "one"}
                log.write(b"o\n")
                assert next(lines) == {"text": "two"}
                log.write(b"three\n")
            work.store.runs.finish(run.id, "succeeded")
            assert list(lines) == [{"text": "three"}]
