"""`sftsec bench drift`: false alarms and found drifts as a table and as JSON."""

from __future__ import annotations

import json

from click.testing import CliRunner

from sftsec_core.cli import cli


class TestDrift:
    def test_counts_alarms_of_each_stream(self) -> None:
        arguments = ["bench", "drift", "--events", "1000", "--window", "200"]
        result = CliRunner().invoke(cli, [*arguments, "--json"])
        assert result.exit_code == 0, result.output
        rows = json.loads(result.stdout)["rows"]
        assert [each["windows"] for each in rows] == [5] * 5
        assert "of windows" in CliRunner().invoke(cli, arguments).stdout
