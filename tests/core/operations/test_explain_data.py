"""A data set without examples says why; one with gaps says which."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from sftsec_core.api.domain import Event, Message, Rejection, StageFinished
from sftsec_core.api.errors import DataError
from sftsec_core.operations.authorize import local_admin
from sftsec_core.operations.build_dataset import build_dataset
from sftsec_core.operations.context import Context
from sftsec_core.operations.preflight import read

LABELS = {"benign": ["good"], "malicious": ["evil"]}


def told(
    folder: Path,
    rows: Iterable[dict[str, Any]],
    *,
    beside: Callable[[Context, Event], None] = lambda _context, _event: None,
    **task: Any,
) -> list[str]:
    """Build a data set of these rows; the warnings, or the error alone."""
    data = folder / "rows.jsonl"
    data.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    settings = {
        "connectors": {"export": {"type": "files", "paths": [str(data)]}},
        "tasks": {
            "t": {
                "connector": "export",
                "text": ["message"],
                "labels": LABELS,
                "benign": "benign",
                "split": {"method": "stratified"},
                **task,
            }
        },
    }
    file = folder / "sftsec.yaml"
    file.write_text(json.dumps(settings), encoding="utf-8")
    seen: list[Event] = []
    checked, plugins = read(file)
    with Context(
        file,
        checked,
        plugins,
        actor=local_admin("test"),
        sinks=[seen.append, lambda event: beside(context, event)],
    ) as context:
        try:
            build_dataset(context, "t")
        except DataError as error:
            return [str(error)]
    return [one.text for one in seen if isinstance(one, Message) and one.level == "warning"]


def row(number: int, label: str | None = "good", **more: Any) -> dict[str, Any]:
    judged = {} if label is None else {"label": label}
    return {"id": str(number), "message": f"event {number} of {number * 7919}", **judged, **more}


class TestRejected:
    def test_have_no_counts_that_are_wrong(self, tmp_path: Path) -> None:
        """Another run meets one of two bad records before the build tells of them."""

        def meet(context: Context, event: Event) -> None:
            if isinstance(event, StageFinished) and event.stage == "pull":
                (one, _) = context.store.quarantine.list()
                again = Rejection(one.where, one.reason, one.digest)
                context.store.quarantine.add(one.connector, [again], run_id="another")

        good = [row(n, ("good", "evil")[n % 2]) for n in range(40)]
        rows = [*good, *(row(n, **{"@timestamp": "yesterday"}) for n in (98, 99))]
        (alone,) = told(tmp_path, rows)
        assert alone.startswith("2 of 42 records are rejected: '@timestamp'")
        assert " (2); `sftsec" in alone
        other = tmp_path / "other"
        other.mkdir()
        (beside,) = told(other, rows, beside=meet)
        assert beside == alone.replace(" (2)", "")

    def test_of_an_earlier_pull_are_told_again(self, tmp_path: Path) -> None:
        good = [row(n, ("good", "evil")[n % 2]) for n in range(40)]
        rows = [*good, row(98, **{"@timestamp": "yesterday"})]
        (first,) = told(tmp_path, rows)
        assert "1 of 41 records is rejected: '@timestamp'" in first
        (again,) = told(tmp_path, rows)
        assert (
            again == "1 of 41 records is rejected, as before; `sftsec quarantine list` shows them"
        )


class TestNoExamples:
    @pytest.mark.parametrize(
        ("rows", "task", "expected"),
        [
            ([], {}, ["export has no incident at all"]),
            ([row(1, None), row(2, None)], {}, ["none with a verdict", "fields are id, message"]),
            (
                [row(n, **{"@timestamp": "2024-01-05T00:00:00Z"}) for n in range(3)],
                {"window": "30d"},
                [
                    "one of 2024-01-05T00:00+00:00",
                    "raise tasks.t.window, now 30d, or set it to all",
                ],
            ),
            (
                [row(n) for n in range(3)],
                {"text": ["mesage"]},
                ["none of 3 records has a value", "fields id, message, not mesage", "perhaps m"],
            ),
            (
                [row(n, **{"@timestamp": "yesterday"}) for n in range(3)],
                {},
                ["all 3 records are rejected", "@timestamp", "(3)"],
            ),
            (
                [row(1, "good"), row(1, "evil")],
                {},
                ["the 1 incident goes to review: tie", "sftsec labels review t"],
            ),
            (
                [row(n, v) | {"message": "one"} for n, v in enumerate(["good", "evil"] * 5)],
                {},
                ["all 10 incidents go to review: same text, different labels"],
            ),
            (
                [row(n, "closed!") for n in range(4)],
                {},
                [
                    "4 incidents have a verdict that no label lists: 'closed!' (4)",
                    "labels.malicious",
                ],
            ),
            ([row(1, "unknown")], {}, ["the 1 incident goes to review: undetermined"]),
        ],
    )
    def test_says_the_true_cause(
        self, rows: list[dict[str, Any]], task: dict[str, Any], expected: list[str], tmp_path: Path
    ) -> None:
        (line,) = told(tmp_path, rows, **task)
        assert line.startswith("there are no labelled examples: ")
        assert "\n" not in line
        for part in expected:
            assert part in line

    def test_says_that_verdicts_and_texts_are_apart(self, tmp_path: Path) -> None:
        rows = [row(n, None) for n in range(9)]
        rows += [{"id": str(n), "flow": n, "label": "evil"} for n in range(9)]
        (line,) = told(tmp_path, rows)
        said = line.partition("incidents with a verdict have the fields ")[2]
        assert "flow" in said.partition(", and others have message: ")[0]
        assert "not message" not in line

    def test_tells_blank_from_missing_fields(self, tmp_path: Path) -> None:
        (line,) = told(tmp_path, [row(n) | {"message": " "} for n in range(9)])
        assert line.endswith("; message is blank in those looked at")

    def test_gives_several_causes_with_counts(self, tmp_path: Path) -> None:
        rows = [row(1, "odd"), row(2, "unknown"), row(3) | {"message": ""}]
        (line,) = told(tmp_path, rows)
        assert "1 of 3 records has no value in a field that the task reads (message)" in line
        assert "'odd' (1)" in line
        assert "1 incident goes to review: undetermined" in line

    def test_of_one_label_are_those_in_review(self, tmp_path: Path) -> None:
        rows = [row(n, "evil") for n in range(9)]
        rows += [row(n) | {"label": ["good", "evil"]} for n in range(20, 25)]
        (line,) = told(tmp_path, rows)
        assert line.startswith("all examples (9) have the label 'malicious', and 5 incidents go to")
        assert "`sftsec labels review t` lists them" in line


class TestGaps:
    def test_are_told_of_a_usable_set(self, tmp_path: Path) -> None:
        rows = [row(n, "Good" if n % 2 else " EVIL") for n in range(40)]
        rows += [row(50, "odd"), row(51, "odd"), row(52) | {"message": ""}]
        warnings = told(tmp_path, rows, text=["message", "subject"])
        assert len(warnings) == 3
        assert "1 of 43 records has no value in a field" in warnings[0]
        assert "`text_fallback`" in warnings[0]
        assert "2 incidents have a verdict that no label lists: 'odd' (2)" in warnings[1]
        assert warnings[2] == "no incident of 42 has a value in subject, which the task reads"

    def test_of_text_are_counted_not_quarantined(self, tmp_path: Path) -> None:
        rows = [row(n, ("good", "evil")[n % 2]) for n in range(40)]
        rows += [row(n, message="", title=f"title {n}") for n in (50, 51)]

        def met(context: Context, event: Event) -> None:
            if isinstance(event, StageFinished) and event.stage == "pull":
                counts.append(event.counts.get("empty", 0))
                quarantined.append(context.store.quarantine.count())

        counts: list[int] = []
        quarantined: list[int] = []
        (line,) = told(tmp_path, rows, beside=met)
        assert line.startswith("2 of 42 records have no value in a field that the task reads")
        assert told(tmp_path, rows, beside=met, text_fallback=["title"]) == []
        assert (counts, quarantined) == ([2, 0], [0, 0])

    def test_of_context_are_told(self, tmp_path: Path) -> None:
        rows = [row(n, ("good", "evil")[n % 2], user="u") for n in range(40)]
        for one in rows[3:]:
            one["@timestamp"] = "2026-01-05T08:00:00Z"
        context = {"keys": ["user", "host.nam"], "figures": ["count"]}
        missing, uncounted = told(tmp_path, rows, context=context)
        assert missing == "no incident of 40 has a value in host.nam, which the task reads"
        assert uncounted == "of 40 incidents `context` does not count 3 without a time"

    def test_of_other_uses_are_told(self, tmp_path: Path) -> None:
        rows = [row(n, ("good", "evil")[n % 2], user="u") for n in range(40)]
        function = {
            "kind": "regex",
            "fields": ["subject", "user"],
            "pattern": "x",
            "label": "benign",
        }
        line, _ = told(
            tmp_path,
            rows,
            evaluation={"groups": ["unit", "user"]},
            labelling_functions={"f": function},
            unlabelled={"max": 10},
        )
        assert line == "no incident of 40 has a value in unit, subject, which the task reads"

    def test_are_none_in_a_whole_set(self, tmp_path: Path) -> None:
        assert told(tmp_path, [row(n, ["good", "evil"][n % 2]) for n in range(40)]) == []
