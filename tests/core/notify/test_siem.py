"""A notification as an event of a SIEM: written once, and beside the audit log, not in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sftsec_core.api.contracts import Connector
from sftsec_core.api.domain import DriftFound, ModelPromoted
from sftsec_core.config.notify import NotifySettings
from sftsec_core.notify.notifier import Notifier
from sftsec_core.operations.context import Context
from sftsec_core.operations.export_audit import export_audit
from sftsec_core.testing import MemoryConnector, MemorySource
from tests.core.operations.audit_sites import KeepsLog, ReadsLog
from tests.core.operations.memory_site import MemoryPlugin, memory_context

DRIFT = DriftFound(task="mail", model="d" * 64, monitors={"(text)": 2.5}, events=500)
PROMOTED = ModelPromoted(
    task="mail", digest="m" * 64, recipe="linear", previous=None, by="ada", reason="gate"
)


def notified(folder: Path, siem: Connector, **settings: object) -> Context:
    context = memory_context(folder, MemoryPlugin(lambda: siem))
    place = NotifySettings.model_validate({"connector": "siem", **settings})
    context.settings = context.settings.model_copy(update={"notify": {"soc": place}})
    return context


class TestSendEvent:
    def test_writes_once_within_the_cool_down(self, tmp_path: Path) -> None:
        siem = KeepsLog()
        for _ in range(2):
            with notified(tmp_path, siem) as context:
                context.emit(DRIFT)
                context.emit(PROMOTED)
        found = sorted(siem.kept.values(), key=lambda each: each.action)
        assert [each.action for each in found] == ["notification.drift", "notification.promotion"]
        assert found[0].object == "mail"
        assert found[0].details["title"] == "mail: drift in (text)"
        assert found[0].details["monitors"] == {"(text)": 2.5}

    def test_leaves_the_copy_of_the_log_alone(self, tmp_path: Path) -> None:
        siem = ReadsLog()
        for _ in range(2):
            with notified(tmp_path, siem, cool_down="0s") as context:
                export_audit(context, "siem")
                context.emit(DRIFT)
        with notified(tmp_path, siem) as context:
            copied = export_audit(context, "siem").seq
            assert copied == context.store.audit.tail(1)[0].seq
        assert len([each for each in siem.kept.values() if each.seq]) == copied
        assert len([each for each in siem.kept.values() if not each.seq]) == 2

    def test_that_cannot_be_written_ends_no_run(self, tmp_path: Path) -> None:
        with notified(tmp_path, MemoryConnector(MemorySource())) as context:
            context.emit(DRIFT)
            context.notifier.close()
            (failed,) = context.store.audit.tail(action="notification.failed")
        assert failed.object == "soc/connector"
        assert "takes no events" in failed.details["error"]

    def test_repeats_with_the_same_number(self, tmp_path: Path) -> None:
        siem = KeepsLog()
        opened: list[str] = []

        @contextmanager
        def lost_answer(name: str) -> Iterator[Connector]:
            opened.append(name)
            yield siem
            if len(opened) == 1:
                MemoryConnector(MemorySource(available=False)).check()

        with notified(tmp_path, siem) as context:
            place = NotifySettings.model_validate({"connector": "siem"})
            notifier = Notifier(
                {"soc": place}, context.store, tmp_path, lambda _s: None, lost_answer
            )
            notifier(DRIFT)
            notifier.close()
        assert (len(opened), len(siem.kept)) == (2, 1)
