"""The benchmark of kills, with one of them: nothing is lost, twice, or another model."""

from __future__ import annotations

import pytest

from sftsec_core.bench.kills import run_kill_bench


@pytest.mark.slow
class TestKillBench:
    def test_loses_nothing_to_a_kill(self) -> None:
        (ours,) = run_kill_bench(1, recipe="linear", seed=4)["sides"]
        assert (ours["kills"], sum(ours["stages"].values())) == (1, 1)
        assert ours["trainings"] >= 1
        assert (ours["lost"], ours["twice"], ours["different"]) == (0, 0, 0)
