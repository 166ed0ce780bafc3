"""The arguments of a search command: options and names of fields, quoted or not."""

from __future__ import annotations

import pytest

from tests.core.server.site import TASK, TOKEN
from tests.packaging.splunk.bench import Bench
from tests.packaging.splunk.scored import (
    ATTACK,
    answering,
    echo,
    errors,
    rows,
)
from tests.servers.splunkd.chunked import Record


class TestArguments:
    @pytest.mark.parametrize(
        ("arguments", "told"),
        [
            (
                ["field=message"],
                "task=... is missing; try: | sftsecscore task=phishing field=message",
            ),
            ([f"task={TASK}"], "name the fields to score: field=... or fields=..."),
            ([f"task={TASK}", "feild=message"], "unknown option 'feild'"),
            ([f"task={TASK}", "field=sftsec_label"], "a model must not read it"),
            ([f"task={TASK}", "field=disposition_label"], "a model must not read it"),
        ],
    )
    def test_wrong_ones_end_the_search(
        self, scoring_bench: Bench, arguments: list[str], told: str
    ) -> None:
        run = scoring_bench.run("sftsecscore", [rows(ATTACK)], *arguments)
        assert (run.finished, run.records) == (True, [])
        assert told in errors(run.messages)[0]
        assert run.stderr == ""

    def test_several_fields_may_be_named(self, bench: Bench) -> None:
        row: Record = {"a": "1", "b": "2", "c": "3", "d": "4"}
        with answering(echo) as (url, bodies):
            bench.set_service(url, token=TOKEN)
            for arguments in (
                ['fields="a, b,c"'],
                ["fields=a,", "b,", "c"],
                ["field=a", "fields=b,c"],
            ):
                bench.run("sftsecscore", [[row]], f"task={TASK}", *arguments)
        assert [each["events"][0]["fields"] for each in bodies] == [
            {"a": "1", "b": "2", "c": "3"}
        ] * 3
