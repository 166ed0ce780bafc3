"""Windows of counts: one open for each task and model, checked once, kept for 90 days."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sftsec_core.store.store import Store

MODEL = "m" * 64


def write(store: Store, *windows: tuple[int, bool], model: str = MODEL) -> None:
    """Write windows of so many events, full or not, as a page of scored events does."""
    with store.writing() as connection:
        begun = store.drift_windows.open_window("mail", model, connection)
        found = [({"events": events, "distinct": 1}, full) for events, full in windows]
        store.drift_windows.write("mail", model, found, begun, connection)


class TestDriftWindows:
    def test_go_on_with_the_open_one(self, store: Store) -> None:
        write(store, (40, False))
        write(store, (100, True), (100, True), (7, False))
        write(store, (9, False))
        found = store.drift_windows.list("mail", MODEL)
        assert [each.events for each in found] == [100, 100, 9]
        assert [each.closed_at is None for each in found] == [False, False, True]
        assert found[0].sketch == {"events": 100, "distinct": 1}

    def test_belong_to_a_task_and_model(self, store: Store) -> None:
        write(store, (40, False))
        write(store, (50, False), model="n" * 64)
        assert [each.events for each in store.drift_windows.list("mail", MODEL)] == [40]
        assert store.drift_windows.list("web", MODEL) == []

    def test_are_checked_by_one_process(self, store: Store) -> None:
        write(store, (100, True))
        (only,) = store.drift_windows.list("mail", MODEL)
        with store.writing() as connection:
            assert store.drift_windows.mark_checked(only.id, connection)
        with store.writing() as connection:
            assert not store.drift_windows.mark_checked(only.id, connection)
        assert store.drift_windows.list("mail", MODEL)[0].checked

    def test_take_part_in_a_transaction(self, store: Store) -> None:
        with suppress(KeyError), store.writing() as connection:
            windows = [({"events": 1, "distinct": 1}, False)]
            store.drift_windows.write("mail", MODEL, windows, None, connection)
            raise KeyError
        assert store.drift_windows.list("mail", MODEL) == []

    def test_closed_long_ago_are_removed(self, database_url: str, state: Path) -> None:
        clock = [datetime(2026, 6, 1, tzinfo=UTC)]
        with Store.open(database_url, folder=state, clock=lambda: clock[0]) as store:
            write(store, (100, True), (3, False))
            clock[0] += timedelta(days=91)
            write(store, (4, False))
            assert [each.events for each in store.drift_windows.list("mail", MODEL)] == [4]
