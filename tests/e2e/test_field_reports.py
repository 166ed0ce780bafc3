"""Inputs of the shapes that were reported to fail: read right, or refused with the true cause."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml

from sftsec_core.api.errors import DataError, SftsecError
from tests.core.cli.invoke import error_of, json_of
from tests.e2e.site import Site, with_encryption

TEXT = "process.command_line"
LABELS = {"benign": ["FalsePositive", "0"], "malicious": ["TruePositive", "1"]}
WORDS = ("FalsePositive", "TruePositive")


def site_of(folder: Path, files: Mapping[str, str], connector: Any = None, **task: Any) -> Site:
    """A site whose task `t` reads these files."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")
    settings = {
        "version": 1,
        "connectors": {
            "in": {
                "type": "files",
                "output": "det.jsonl",
                "paths": list(files),
                **(connector or {}),
            }
        },
        "tasks": {
            "t": {"connector": "in", "text": [TEXT], "labels": LABELS, "benign": "benign", **task}
        },
    }
    (folder / "sftsec.yaml").write_text(yaml.safe_dump(with_encryption(settings)), encoding="utf-8")
    return Site(folder)


def text(number: int) -> str:
    words = Random(number).choices(("alpha", "bravo", "delta", "golf", "india", "kilo"), k=8)  # noqa: S311 - no secret
    numbered = " ".join(f"{word}{number * 7 + place}" for place, word in enumerate(words))
    return f"{('notepad', 'powershell -enc')[number % 2]} {numbered}"


def records(count: int) -> list[dict[str, Any]]:
    return [
        {"id": str(n), "process": {"command_line": text(n)}, "label": WORDS[n % 2]}
        for n in range(count)
    ]


def lines(rows: Iterable[Mapping[str, Any]]) -> str:
    return "".join(f"{json.dumps(row)}\n" for row in rows)


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows([columns, *rows])
    return out.getvalue()


def built(site: Site) -> tuple[dict[str, int], list[dict[str, Any]]]:
    """The counts of the data set, and its rows."""
    data = json_of(site, "dataset", "build", "t")
    snapshot = site.snapshot(Path(data["folder"]))
    rows = [row for batch in snapshot.batches() for row in batch.to_pylist()]
    return data["counts"], rows


class TestTimes:
    @pytest.mark.parametrize(
        ("written", "moment"),
        [
            ("1612121200123", datetime(2021, 1, 31, 19, 26, 40, 123000, UTC)),
            ("Oct 21, 2024 @ 18:43:46.000", datetime(2024, 10, 21, 18, 43, 46, 0, UTC)),
            ("10/21/2024, 6:43:46.123 PM", datetime(2024, 10, 21, 18, 43, 46, 123000, UTC)),
            ("Mon, 21 Oct 2024 18:43:46 +0200", datetime(2024, 10, 21, 16, 43, 46, 0, UTC)),
            ("2024-10-21 18:43:46 UTC", datetime(2024, 10, 21, 18, 43, 46, 0, UTC)),
        ],
    )
    def test_of_consoles_are_read(self, written: str, moment: datetime, tmp_path: Path) -> None:
        rows = [(n, written, text(n), WORDS[n % 2]) for n in range(20)]
        columns = ("id", "@timestamp", TEXT, "label")
        site = site_of(tmp_path, {"a.csv": table(columns, rows)}, split={"method": "stratified"})
        counts, found = built(site)
        assert (counts["kept"], counts["rejected"]) == (20, 0)
        assert {row["at"] for row in found} == {moment}

    def test_later_correction_in_milliseconds_stands(self, tmp_path: Path) -> None:
        def judged(number: int, label: str, who: str, when: str) -> dict[str, Any]:
            return records(number + 1)[number] | {"label": label, "by": who, "when": when}

        rows = [judged(n, WORDS[n % 2], "ann", "2021-01-05T00:00:00Z") for n in range(40)]
        rows += [judged(1, "TruePositive", "bob", "2021-01-01T00:00:00Z")]
        rows += [judged(1, "FalsePositive", "ann", "1612121200123")]
        rows += [judged(1, "FalsePositive", "bob", "1612121300123")]
        site = site_of(
            tmp_path, {"a.jsonl": lines(rows)}, {"analyst": "by", "verdict_time": "when"}
        )
        built(site)
        words = json_of(site, "labels", "stats", "t")[0]["words"]
        assert sum(each["verdicts"] for each in words) == 43
        assert json_of(site, "labels", "review", "t")["total"] == 0


class TestFields:
    def test_object_is_read_as_json(self, tmp_path: Path) -> None:
        rows = [row | {"request": {"data": text(n)}} for n, row in enumerate(records(60))]
        site = site_of(tmp_path, {"a.jsonl": lines(rows)}, text=["request"])
        counts, found = built(site)
        assert counts["kept"] == 60
        assert json.loads(found[0]["field.request"]) == {"data": text(0)}

    def test_list_of_objects_is_read(self, tmp_path: Path) -> None:
        rows = [row | {"alerts": [{"title": text(n)}]} for n, row in enumerate(records(60))]
        site = site_of(tmp_path, {"a.jsonl": lines(rows)}, text=["alerts.title"])
        counts, found = built(site)
        assert counts["kept"] == 60
        assert found[1]["field.alerts.title"] == text(1)

    def test_lists_of_one_are_their_element(self, tmp_path: Path) -> None:
        rows = [
            {
                "_id": str(n),
                "fields": {
                    "@timestamp": ["2024-10-21T18:43:46.000Z"],
                    TEXT: [text(n)],
                    "verdict": [WORDS[n % 2]],
                },
            }
            for n in range(20)
        ]
        names = {"id": "_id", "timestamp": "fields.@timestamp", "label": "fields.verdict"}
        method = {"method": "stratified"}
        site = site_of(
            tmp_path, {"a.jsonl": lines(rows)}, names, text=[f"fields.{TEXT}"], split=method
        )
        assert built(site)[0]["kept"] == 20

    def test_whole_decimal_is_the_number(self, tmp_path: Path) -> None:
        rows = [(n, text(n), ("0.0", "1.0", "")[n % 3]) for n in range(60)]
        site = site_of(tmp_path, {"a.csv": table(("id", TEXT, "label"), rows)})
        data = json_of(site, "dataset", "build", "t")
        assert (data["counts"]["kept"], data["review"], data["unmapped"]) == (40, 0, {})

    def test_two_columns_of_one_name_are_refused(self, tmp_path: Path) -> None:
        rows = [(1, "notepad a", *WORDS)]
        content = table(("id", TEXT, "label", "label"), rows)
        site = site_of(tmp_path, {"a.csv": content})
        for command in (("connector", "pull", "t"), ("dataset", "build", "t")):
            assert "label" in str(error_of(site, *command))


class TestDocuments:
    @pytest.mark.parametrize("indent", [None, 2])
    @pytest.mark.parametrize("wrapper", ["Records", None])
    def test_are_read_whole(self, wrapper: str | None, indent: int | None, tmp_path: Path) -> None:
        held: object = {wrapper: records(60)} if wrapper else records(60)
        site = site_of(tmp_path, {"a.json": json.dumps(held, indent=indent)})
        counts, _ = built(site)
        assert (counts["read"], counts["kept"]) == (60, 60)

    def test_of_no_known_kind_are_named(self, tmp_path: Path) -> None:
        site = site_of(tmp_path, {"in/a.docx": "x", "in/alerts.log": "x"}, {"paths": ["in"]})
        for command in (("connector", "check"), ("dataset", "build", "t")):
            error = error_of(site, *command)
            assert isinstance(error, SftsecError)
        assert ".docx, .log were left out" in str(error)


class TestMessages:
    def test_name_the_review_that_holds_all(self, tmp_path: Path) -> None:
        rows = [{"id": str(n), "process": {"command_line": "same text"}, "label": WORDS[n % 2]}
                for n in range(10)]  # fmt: skip
        error = error_of(site_of(tmp_path, {"a.jsonl": lines(rows)}), "dataset", "build", "t")
        assert isinstance(error, DataError)
        assert "all 10 incidents go to review: same text, different labels" in str(error)


class TestRedaction:
    def test_names_leave_profile_paths(self, tmp_path: Path) -> None:
        paths = [
            r"\Device\HarddiskVolume3\Users\anna.example\AppData\Local\x.exe",
            r"\\fileserver\Users\anna.example\x.exe",
            r"%OSDRIVE%\USERS\ANNA.EXAMPLE\APPDATA\x.exe",
            "/export/home/anna.example/x",
        ]
        rows = [{"id": str(n), "process": {"command_line": p}} for n, p in enumerate(paths)]
        site = site_of(tmp_path, {"a.jsonl": lines(rows)})
        shown = json.dumps(json_of(site, "connector", "pull", "t"))
        assert "anna.example" not in shown.casefold()

    def test_signal_of_an_attack_stays(self, tmp_path: Path) -> None:
        signals = [
            "arn:aws:secretsmanager:us-east-1:111122223333:secret:prod-db-master-7-AbCdEf",
            "id=1 AND 5+12345678=12345683",
            "LogonId 0412345678",
        ]
        rows = [{"id": str(n), "process": {"command_line": s}} for n, s in enumerate(signals)]
        found = json_of(site_of(tmp_path, {"a.jsonl": lines(rows)}), "connector", "pull", "t")
        assert [each["fields"][TEXT] for each in found["incidents"]] == signals
