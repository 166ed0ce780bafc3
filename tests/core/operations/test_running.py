"""How a run ends is recorded: failed, or interrupted and resumed."""

from __future__ import annotations

import errno
import time
from pathlib import Path

import pytest

from sftsec_core.api.errors import (
    ConnectorUnavailableError,
    DiskFullError,
    RunCancelledError,
    TrainingError,
)
from sftsec_core.dataset.parts import PartDraft
from sftsec_core.operations.retrain import retrain
from tests.core.operations.secret_task import Observer, context


class TestStatus:
    @pytest.mark.parametrize(
        ("recipe", "message"),
        [("broken", "the loss is not a number"), ("torchless", r"pip install 'sftsec\[train\]'")],
    )
    def test_is_failed_after_a_failed_recipe(
        self, folder: Path, observer: Observer, recipe: str, message: str
    ) -> None:
        with context(folder, observer, recipe) as work:
            with pytest.raises(TrainingError, match=message):
                retrain(work, "secret")
            (run,) = work.store.runs.list("secret")
        assert run.status == "failed"
        assert run.error
        assert observer.told[-1] == "finished failed, report: False"

    def test_is_interrupted_by_a_lost_connection(
        self, folder: Path, observer: Observer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from sftsec_files.connector import FilesConnector

        def lost(self: FilesConnector, *_args: object, **_kwargs: object) -> None:
            raise ConnectorUnavailableError("the server is gone", connector="siem")

        with context(folder, observer, "oracle") as work:
            with monkeypatch.context() as patched:
                patched.setattr(FilesConnector, "parts", lost)
                with pytest.raises(ConnectorUnavailableError):
                    retrain(work, "secret")
            (before,) = work.store.runs.list("secret")
            assert before.status == "interrupted"
            outcome = retrain(work, "secret")
        assert outcome.run.id == before.id
        assert outcome.promoted

    def test_is_interrupted_by_a_full_disk(
        self, folder: Path, observer: Observer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(*_args: object, **_kwargs: object) -> None:
            raise OSError(errno.ENOSPC, "No space left on device", "rows-00000.parquet")

        with context(folder, observer, "oracle") as work:
            with monkeypatch.context() as patched:
                patched.setattr(PartDraft, "publish", full)
                expected = r"no space is left for rows-00000.parquet: make room"
                with pytest.raises(DiskFullError, match=expected) as caught:
                    retrain(work, "secret")
            assert caught.value.exit_code == 10
            (before,) = work.store.runs.list("secret")
            assert before.status == "interrupted"
            assert retrain(work, "secret").run.id == before.id


class TestCancel:
    def test_ends_the_run_where_it_is(
        self, folder: Path, observer: Observer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from sftsec_files.connector import FilesConnector

        with context(folder, observer, "oracle") as work:

            def cancelled(*_: object, **__: object) -> None:
                work.store.queue.cancel(work.store.runs.list("secret")[0].id)
                time.sleep(30)

            monkeypatch.setattr(FilesConnector, "parts", cancelled)
            with pytest.raises(RunCancelledError, match="was cancelled"):
                retrain(work, "secret")
            (run,) = work.store.runs.list("secret")
            assert (run.status, run.error) == ("cancelled", "it was cancelled")
            assert work.store.runs.unfinished("retrain", "secret") == []
            assert work.store.audit.verify() > 0
