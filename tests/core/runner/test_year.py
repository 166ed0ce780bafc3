"""Schedules, queue and GPU leases of several workers, whatever goes wrong with them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, text

from tests.core.runner.year import KINDS, Fault, check, play, write_world

HOURS, TASKS = 18, 3
FAULTS = st.lists(
    st.builds(
        Fault,
        st.integers(0, HOURS - 1),
        st.integers(0, 2),
        st.sampled_from(KINDS),
        st.integers(0, 60),
    ),
    max_size=14,
)
EVERY = [Fault(hour, hour % 3, KINDS[hour % len(KINDS)], hour * 5) for hour in range(1, 13)]


@pytest.fixture
def fresh(database_url: str) -> Callable[[Path], str]:
    """Gives the address of an empty database for each example."""

    def give(folder: Path) -> str:
        if database_url.startswith("sqlite"):
            return f"sqlite:///{folder}/state/sftsec.db"
        engine = create_engine(database_url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
        engine.dispose()
        return database_url

    return give


class TestFaults:
    @settings(
        max_examples=2,
        deadline=None,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    @example(faults=EVERY)
    @given(faults=FAULTS)
    def test_leave_every_time_accounted_for(
        self, tmp_path: Path, fresh: Callable[[Path], str], faults: list[Fault]
    ) -> None:
        folder = tmp_path / uuid4().hex[:8]
        folder.mkdir()
        world = write_world(folder, fresh(folder), TASKS)
        play(world, HOURS, faults)
        found = check(world)
        # Each task is due at 4, 8, 12 and 16 o'clock.
        assert found["queued"] + found["missed"] >= 4 * TASKS
