"""How long commands take that have little to do."""

from __future__ import annotations

import pytest

from sftsec_core.api.errors import TrainingError
from sftsec_core.bench.start import COMMANDS, TARGETS_S, run_start_bench


class TestRun:
    def test_times_each_command(self) -> None:
        result = run_start_bench(1)
        assert [row["command"] for row in result["commands"]] == list(COMMANDS)
        for row in result["commands"]:
            assert row["seconds"] == row["fastest_s"] > 0
            assert row["cpu_s"] > 0
            assert row["target_s"] == TARGETS_S.get(row["command"])

    def test_failing_command_ends_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("sftsec_core.bench.start._make_site", lambda _folder: None)
        monkeypatch.setitem(COMMANDS, "--help", ("stattus",))
        with pytest.raises(TrainingError, match="sftsec stattus failed"):
            run_start_bench(1)
