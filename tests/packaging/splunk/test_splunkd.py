"""What splunkd answers to the commands."""

from __future__ import annotations

from tests.packaging.splunk.bench import Bench
from tests.packaging.splunk.scored import (
    ASKED,
    ATTACK,
    errors,
    rows,
)


class TestSession:
    def test_that_has_ended_is_named(self, scoring_bench: Bench) -> None:
        key = scoring_bench.session("root")
        scoring_bench.splunk.expire_sessions()
        run = scoring_bench.run("sftsecscore", [rows(ATTACK)], *ASKED, session_key=key)
        assert "splunkd refused" in errors(run.messages)[0]
        assert "(401)" in errors(run.messages)[0]
        assert key not in errors(run.messages)[0] + run.stderr
