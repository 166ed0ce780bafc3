"""`sftsec run add`, `cancel`, `retry` and `logs`, as a person types them."""

from __future__ import annotations

import pytest

from sftsec_core.cli.options import RUN_KINDS
from sftsec_core.operations.run_kinds import KINDS
from tests.core.cli.invoke import error_of, invoke, json_of, printed
from tests.e2e.site import Site


class TestAdd:
    def test_offers_every_kind_of_run(self) -> None:
        assert tuple(KINDS) == RUN_KINDS

    def test_queues_and_cancels_a_run(self, site: Site) -> None:
        run = json_of(
            site, "run", "add", "retrain", "triage", "-p", "promote=false", "--after", "1h"
        )
        assert (run["status"], run["task"]) == ("queued", "triage")
        assert run["run"] in printed(site, "run", "list", "--kind", "retrain")
        assert json_of(site, "run", "cancel", run["run"])["status"] == "cancelled"
        again = json_of(site, "run", "retry", run["run"])
        assert json_of(site, "run", "show", again["run"])["status"] == "queued"
        printed(site, "run", "cancel", again["run"])
        assert error_of(site, "run", "cancel", run["run"]).exit_code == 10
        assert error_of(site, "run", "logs", run["run"]).exit_code == 2

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (("retrain", "triage", "-p", "promote"), "write NAME=VALUE"),
            (("retrian", "triage"), "'retrian' is not one of"),
            (("gc", "--retries", "-1"), "not in the range"),
            (("gc", "--after", "soon"), "not a duration"),
        ],
    )
    def test_says_how_to_write_it(
        self, site: Site, arguments: tuple[str, ...], message: str
    ) -> None:
        assert message in str(invoke(site, "run", "add", *arguments).output)
