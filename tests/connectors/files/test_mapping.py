"""From a record of a file to an incident."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sftsec_core.api.domain import PullWindow
from sftsec_core.sdk.errors import PrivateFieldError
from tests.connectors.files.helpers import RECORDS, pull, write_lines


class TestFields:
    def test_become_flat_dotted_names(self, tmp_path: Path) -> None:
        nested = {
            "http": {"request": {"body": {"content": "x"}}, "version": "1.1"},
            "n": [1, {"a": 2}],
        }
        flat = {"http.request.body.content": "x", "http": {"version": "1.1"}, "n": [1, {"a": 2}]}
        found, _ = pull(write_lines(tmp_path / "a.jsonl", [nested, flat]))
        expected = {"http.request.body.content": "x", "http.version": "1.1", "n": [1, {"a": 2}]}
        assert [dict(incident.fields) for incident in found] == [expected, expected]

    def test_never_hold_the_label(self, tmp_path: Path) -> None:
        given = {"id": "1", "message": "m", "verdict": {"word": "spam", "by": "anna"}}
        found, _ = pull(
            write_lines(tmp_path / "a.jsonl", [given]), label="verdict.word", analyst="verdict.by"
        )
        assert dict(found[0].fields) == {"id": "1", "message": "m"}
        assert (found[0].verdicts[0].value, found[0].verdicts[0].analyst) == ("spam", "anna")

    @pytest.mark.parametrize("name", ["label", "by", "closed"])
    def test_of_verdicts_are_refused_by_name(self, tmp_path: Path, name: str) -> None:
        row = {"id": "1", "message": "m", "label": "spam", "by": "anna", "closed": "2026-01-05"}
        path = write_lines(tmp_path / "a.jsonl", [row])
        window = PullWindow(fields=("message", name))
        with pytest.raises(PrivateFieldError, match=f"'{name}' holds what analysts said"):
            pull(path, window=window, analyst="by", verdict_time="closed")

    def test_are_those_that_the_window_names(self, tmp_path: Path) -> None:
        path = write_lines(
            tmp_path / "a.jsonl", [{"id": "1", "message": "m", "user": {"name": "bob"}}]
        )
        found, _ = pull(path, window=PullWindow(fields=("message",)))
        assert dict(found[0].fields) == {"message": "m"}


class TestLabel:
    def test_may_be_a_list_or_empty(self, tmp_path: Path) -> None:
        rows: list[dict[str, Any]] = [
            {"label": ["a", "b"]},
            {"label": ""},
            {"label": None},
            {"label": 5},
            {"label": True},
        ]
        found, _ = pull(
            write_lines(tmp_path / "a.jsonl", [{"n": i, **r} for i, r in enumerate(rows)])
        )
        values = [[verdict.value for verdict in incident.verdicts] for incident in found]
        assert values == [["a", "b"], [], [], ["5"], ["true"]]

    def test_may_be_a_word_for_none(self, tmp_path: Path) -> None:
        words = ["spam", "Not set", "NOT_SET ", ["n/a", "ham"], ["n/a"]]
        rows = [
            {"id": str(n), "message": "m", "label": word, "closed": "-" if n in {1, 2} else None}
            for n, word in enumerate(words)
        ]
        path = write_lines(tmp_path / "a.jsonl", rows)
        options: dict[str, Any] = {"no_verdict": ("not set", "N/A"), "verdict_time": "closed"}
        judged, rejected = pull(path, window=PullWindow(labelled=True), **options)
        assert [[v.value for v in one.verdicts] for one in judged] == [["spam"], ["ham"]]
        open_ones, also = pull(path, window=PullWindow(labelled=False), **options)
        assert [one.uid for one in open_ones] == ["1", "2", "4"]
        assert rejected == also == []


class TestName:
    def test_is_a_digest_without_an_id(self, tmp_path: Path) -> None:
        one, two = {"message": "one"}, {"message": "two"}
        first, _ = pull(write_lines(tmp_path / "a.jsonl", [one, two]))
        second, _ = pull(write_lines(tmp_path / "a.jsonl", [two, {"message": "new"}, one]))
        assert {i.uid for i in first} < {i.uid for i in second}
        assert first[0].uid != first[1].uid


class TestWindow:
    def test_bounds_times_and_labels(self, tmp_path: Path) -> None:
        rows = [*RECORDS, {"id": "late", "@timestamp": "2026-02-01", "message": "x"}]
        path = write_lines(tmp_path / "a.jsonl", rows)
        since, until = datetime(2026, 1, 3, tzinfo=UTC), datetime(2026, 1, 5, tzinfo=UTC)
        found, _ = pull(path, window=PullWindow(since, until))
        assert [incident.uid for incident in found] == ["r2", "r3"]
        assert [i.uid for i in pull(path, window=PullWindow(labelled=False))[0]] == ["late"]
        assert len(pull(path, window=PullWindow(labelled=True))[0]) == 9

    def test_rejects_a_record_without_a_time(self, tmp_path: Path) -> None:
        path = write_lines(tmp_path / "a.jsonl", [{"message": "x"}])
        found, rejected = pull(path, window=PullWindow(since=datetime(2026, 1, 1, tzinfo=UTC)))
        assert not found
        assert "no time in '@timestamp'" in rejected[0].reason


class TestTime:
    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            ("2026-01-02T03:04:05Z", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
            ("2026-01-02 03:04:05", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
            ("2026-01-02T03:04:05+01:00", datetime(2026, 1, 2, 2, 4, 5, tzinfo=UTC)),
            (1767323045, datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
            (1767323045000, datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ],
    )
    def test_is_read_in_every_usual_form(
        self, value: object, expected: datetime, tmp_path: Path
    ) -> None:
        found, _ = pull(write_lines(tmp_path / "a.jsonl", [{"@timestamp": value, "message": "x"}]))
        assert found[0].at == expected


class TestWrittenTime:
    @pytest.mark.parametrize(
        "written",
        [
            *("1767600000", "1767600000123", "1767600000123456", "1767600000123456789"),
            *("Jan 5, 2026 @ 08:00:00.123", "1/5/2026, 8:00:00.123 AM", "05.01.2026 08:00:00"),
            *("Mon, 05 Jan 2026 09:00:00 +0100", "2026-01-05 08:00:00 UTC", "2026/01/05 08:00:00"),
        ],
    )
    def test_of_a_csv_cell_is_read(self, tmp_path: Path, written: str) -> None:
        path = tmp_path / "a.csv"
        path.write_text(f'id,@timestamp,label,when\n1,"{written}",bad,"{written}"\n')
        [incident], rejected = pull(path, verdict_time="when")
        assert rejected == []
        assert incident.at is not None
        assert incident.at.replace(microsecond=0) == datetime(2026, 1, 5, 8, tzinfo=UTC)
        assert incident.verdicts[0].at == incident.at

    def test_needs_a_format_where_ambiguous(self, tmp_path: Path) -> None:
        rows = [{"id": "1", "@timestamp": "05/01/2026 09:00:00"}]
        path = write_lines(tmp_path / "a.jsonl", rows)
        _, [refused] = pull(path)
        assert "order of day and month is not known: set `time_format`" in refused.reason
        form = "%d/%m/%Y %H:%M:%S"
        [incident], _ = pull(path, time_format=form, timezone="Europe/Berlin")
        assert incident.at == datetime(2026, 1, 5, 8, tzinfo=UTC)

    def test_of_a_verdict_is_refused_by_name(self, tmp_path: Path) -> None:
        rows = [{"id": "1", "label": "bad", "when": w} for w in ("soon", "1970-01-01", "1/5/2026")]
        _, rejected = pull(write_lines(tmp_path / "a.jsonl", rows), verdict_time="when")
        assert [each.reason.partition(":")[0] for each in rejected] == [
            "'when' is not a time in a known form",
            "'when' is outside 1990 to tomorrow",
            "'when' is a date of which the order of day and month is not known",
        ]


class TestListOfOne:
    def test_is_its_element_in_each_field(self, tmp_path: Path) -> None:
        row = {"id": ["1"], "@timestamp": ["2026-01-05T08:00:00.000Z"], "label": ["bad"]}
        path = write_lines(tmp_path / "a.jsonl", [{**row, "by": ["ann"], "when": ["1767600000"]}])
        [incident], _ = pull(path, analyst="by", verdict_time="when")
        assert (incident.uid, incident.at) == ("1", datetime(2026, 1, 5, 8, tzinfo=UTC))
        assert [(v.value, v.analyst, v.at) for v in incident.verdicts] == [
            ("bad", "ann", incident.at)
        ]
