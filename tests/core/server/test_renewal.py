"""Credentials that are read again while the server runs."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import pytest

from sftsec_core.api.errors import ConfigError
from sftsec_core.server.renewal import Renewed, Watcher
from tests.core.server.site import PATIENCE_S
from tests.core.server.test_middleware import eventually


def of(file: Path) -> Renewed[str]:
    def make() -> str:
        text = file.read_text(encoding="utf-8")
        if not text:
            raise ConfigError("it is empty", path="serve.tokens")
        return text

    return Renewed("the text is", make, [file])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "text"
    made.write_text("old", encoding="utf-8")
    return made


class TestRenewed:
    def test_reads_a_changed_file_again(self, file: Path) -> None:
        renewed = of(file)
        file.write_text("newer", encoding="utf-8")
        assert renewed.value == "old"
        renewed.refresh()
        assert renewed.value == "newer"

    def test_keeps_the_old_of_broken_files(
        self, file: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        renewed = of(file)
        file.write_text("", encoding="utf-8")
        renewed.refresh()
        renewed.refresh()
        file.unlink()
        renewed.refresh()
        assert renewed.value == "old"
        told = [each.getMessage() for each in caplog.records]
        assert told == [
            "the text is as before: serve.tokens: it is empty",
            "the text is as before: FileNotFoundError",
        ]

    def test_follows_a_link_that_moves(self, file: Path) -> None:
        link, other = file.with_name("link"), file.with_name("other")
        link.symlink_to(file)
        renewed = of(link)
        other.write_text("new", encoding="utf-8")
        moved = file.with_name("moved")
        moved.symlink_to(other)
        moved.replace(link)
        renewed.refresh()
        assert renewed.value == "new"


class TestWatcher:
    def test_looks_again_and_again(self, file: Path) -> None:
        renewed = of(file)
        with Watcher([renewed], interval_s=0.01).running():
            for text in ("second", "the third"):
                file.write_text(text, encoding="utf-8")
                assert eventually(lambda text=text: renewed.value == text)  # type: ignore[misc]
        file.write_text("after the end", encoding="utf-8")
        assert renewed.value == "the third"

    def test_hangup_reads_everything_again(self) -> None:
        made = threading.Semaphore(0)
        renewed = Renewed("it is", made.release, [])
        before = signal.getsignal(signal.SIGHUP)
        assert made.acquire(timeout=PATIENCE_S)
        with Watcher([renewed], interval_s=PATIENCE_S).running():
            os.kill(os.getpid(), signal.SIGHUP)
            assert made.acquire(timeout=PATIENCE_S)
        assert signal.getsignal(signal.SIGHUP) is before
