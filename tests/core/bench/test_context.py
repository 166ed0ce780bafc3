"""The benchmark of figures of earlier events."""

from __future__ import annotations

from sftsec_core.bench.context import run_context_bench


class TestRunContextBench:
    def test_counts_keys_and_their_room(self) -> None:
        found = run_context_bench(300, 10**9)
        assert (found["events"], found["inputs"]) == (300, 23)
        assert 600 < found["keys"] <= 800  # a host and a pair an event, and the rules
        assert found["events_per_s"] > 0
        assert found["figures_per_s"] > found["events_per_s"]
        assert 50 < found["state_bytes_per_key"] < 500
