"""Scoring sees what training saw: the same figures, whatever the pages and however it was ended."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from sftsec_core.api.domain import Incident, Inputs
from sftsec_core.api.errors import StoreError
from sftsec_core.api.settings.context import ContextSettings
from sftsec_core.dataset.context.replay import named_figures, replay
from sftsec_core.scoring.event_figures import ContextSeed, EventFigures
from sftsec_core.store.store import Store
from tests.core.dataset.context.streams import SETTINGS, plan, stream

INCIDENTS = sorted(stream(300), key=lambda one: (one.at, one.uid))
BEFORE = 100  # rows of the data set


def figures(
    store: Store, *, keeps: bool = True, settings: ContextSettings = SETTINGS
) -> EventFigures:
    own = plan(settings)

    def seed(_digest: str) -> ContextSeed:
        found = replay(own, INCIDENTS[:BEFORE], {})
        return ContextSeed("d" * 64, found.state, found.values, found.until)

    return EventFigures("alerts", own, store.context_states, seed, keeps=keeps)


def rolled_back(store: Store, own: EventFigures) -> None:
    """What a kill within the transaction leaves."""
    with suppress(KeyError), store.writing() as connection:
        own.record(connection)
        raise KeyError


def score(
    store: Store, incidents: Sequence[Incident], size: int, own: EventFigures
) -> list[Inputs]:
    found: list[Inputs] = []
    for start in range(0, len(incidents), size):
        found += own.figures(incidents[start : start + size])
        with store.writing() as connection:
            own.record(connection)
    return found


def trained(incidents: Sequence[Incident]) -> list[Inputs]:
    """What a dataset build makes of all of them."""
    values = replay(plan(), INCIDENTS, {}).values
    return [named_figures(SETTINGS.inputs, values[each.uid]) for each in incidents]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(None, folder=tmp_path)


class TestEventFigures:
    @pytest.mark.parametrize("size", [7, 500])
    def test_are_those_of_training_exactly(self, store: Store, size: int) -> None:
        later = INCIDENTS[BEFORE:]
        assert score(store, later, size, figures(store)) == trained(later)

    def test_go_on_in_another_process(self, store: Store) -> None:
        later = INCIDENTS[BEFORE:]
        found = score(store, later[:80], 40, figures(store))
        found += score(store, later[80:], 40, figures(store))
        assert found == trained(later)

    def test_count_no_event_twice(self, store: Store) -> None:
        overlapping = INCIDENTS[BEFORE - 30 :]
        assert score(store, overlapping, 20, figures(store)) == trained(overlapping)

    def test_lose_nothing_to_a_kill(self, store: Store) -> None:
        later = INCIDENTS[BEFORE:]
        own = figures(store)
        found = score(store, later[:50], 25, own)
        own.figures(later[50:75])  # read, and never recorded
        own.figures(later[50:75])
        rolled_back(store, own)
        found += score(store, later[50:], 25, figures(store))
        assert found == trained(later)

    def test_a_kill_before_the_first_record(self, store: Store) -> None:
        later = INCIDENTS[BEFORE:]
        own = figures(store)
        own.figures(later[:25])
        rolled_back(store, own)
        assert store.context_states.head("alerts") is None
        assert score(store, later, 25, figures(store)) == trained(later)

    def test_readers_change_nothing(self, store: Store) -> None:
        later = INCIDENTS[BEFORE:]
        score(store, later[:50], 25, figures(store))
        reader = figures(store, keeps=False)
        read = [score(store, later[50:51], 1, reader) for _ in range(2)]
        assert read == [trained(later[50:51])] * 2
        assert score(store, later[50:], 25, figures(store)) == trained(later[50:])

    def test_readers_need_no_state_yet(self, store: Store) -> None:
        first = INCIDENTS[BEFORE : BEFORE + 1]
        assert score(store, first, 1, figures(store, keeps=False)) == trained(first)
        assert store.context_states.head("alerts") is None

    def test_begin_again_under_other_settings(self, store: Store) -> None:
        later = INCIDENTS[BEFORE:]
        score(store, later, 50, figures(store))
        head = store.context_states.head("alerts")
        other = SETTINGS.model_copy(update={"clock": ("hour",)})
        found = score(store, later[:1], 1, figures(store, settings=other))
        assert store.context_states.head("alerts") != head
        assert "context.weekday" not in found[0]

    def test_refuse_to_race_another_process(self, store: Store) -> None:
        later = INCIDENTS[BEFORE:]
        one, other = figures(store), figures(store)
        score(store, later[:10], 10, one)
        other.figures(later[10:20])
        score(store, later[10:20], 10, one)
        with pytest.raises(StoreError, match="another process"), store.writing() as connection:
            other.record(connection)

    def test_keep_no_name_of_a_host(self, store: Store, tmp_path: Path) -> None:
        score(store, INCIDENTS[BEFORE:], 50, figures(store))
        store.close()
        raw = b"".join(file.read_bytes() for file in tmp_path.iterdir() if file.is_file())
        assert b"context_keys" in raw
        assert b"host 1" not in raw
