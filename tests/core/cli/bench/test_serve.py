"""`sftsec bench serve`: its figures, as a table and as JSON, and its numbers."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from click.testing import CliRunner

from sftsec_core.cli import cli

FIGURES = {
    "requests_per_s": 10.0, "events_per_s": 100.0, "p50_ms": 1.0, "p99_ms": 2.0, "refused": 0,
    "failed": 0, "unanswered": 0, "healthz_p99_ms": 3.0, "events_per_cpu_s": 50.0,
}  # fmt: skip


@pytest.fixture(autouse=True)
def waited(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    found: list[float] = []

    def run(
        clients: Sequence[int],
        events: Sequence[int],
        seconds: float,
        wait_s: float,
        on_measured: Callable[[int, int], None],
    ) -> dict[str, Any]:
        on_measured(clients[0], events[0])
        found.append(wait_s)
        return {
            "seconds": seconds,
            "cpus": 2,
            "sides": [
                {"side": "sftsec serve", "clients": clients[0], "events": events[0], **FIGURES}
            ],
            "ratios": [
                {"clients": each, "events": 1, "throughput": 2.5, "least": 2.4, "most": 2.6}
                for each in clients
            ],
            "swap": {"swaps": 3, **FIGURES},
            "rss_mb": {"sftsec serve": 500.0},
        }

    monkeypatch.setattr("sftsec_core.bench.serve.run_serve_bench", run)
    return found


class TestBenchServe:
    def test_prints_a_table_each(self) -> None:
        result = CliRunner().invoke(cli, ["bench", "serve"])
        assert result.exit_code == 0, result.output
        for told in (
            "sftsec serve",
            "healthz_p99_ms",
            "ratios",
            "least",
            "rss_mb",
            "measured 1 clients",
        ):
            assert told in result.output

    def test_prints_json_for_machines(self, waited: list[float]) -> None:
        arguments = ["bench", "serve", "--json", "--clients", "8,64,8", "--seconds", "0.5"]
        arguments += ["--wait", "7"]
        result = json.loads(CliRunner().invoke(cli, arguments).stdout)
        assert [each["clients"] for each in result["ratios"]] == [8, 64]
        assert (result["seconds"], waited) == (0.5, [7.0])

    @pytest.mark.parametrize("given", ["0", "a", "8,", "-1", "1.5", "10001"])
    def test_numbers_are_positive_and_whole(self, given: str) -> None:
        result = CliRunner().invoke(cli, ["bench", "serve", "--clients", given])
        assert result.exit_code == 2
        assert "write numbers from 1 to 10,000" in result.output
