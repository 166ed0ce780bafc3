"""Verdicts in a file of their own: written once, joined with their incidents, taken back."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from sftsec_core.api.contracts import RetractsVerdicts, TakesVerdicts
from sftsec_core.api.domain import PullWindow, Verdict
from sftsec_core.operations.add_verdicts import read_verdicts
from sftsec_files.config import FilesConfig
from sftsec_files.connector import FilesConnector
from sftsec_files.errors import OutputError
from tests.connectors.files.helpers import pages, write_lines

AT = datetime(2026, 1, 5, 8, tzinfo=UTC)
ANN = Verdict("benign", "ann", AT, "a newsletter")
BOB = Verdict("malicious", "bob", AT)
ROWS = [{"id": f"r{n}", "message": f"text {n}"} for n in range(4)]


@pytest.fixture
def site(tmp_path: Path) -> FilesConnector:
    write_lines(tmp_path / "in.jsonl", ROWS)
    return opened(tmp_path)


def opened(folder: Path, **options: Any) -> FilesConnector:
    given = {"id_scope": "source", "verdicts": folder / "said.jsonl", "page_size": 2, **options}
    return FilesConnector(FilesConfig(paths=(folder,), **given))


def verdicts(connector: FilesConnector, *, labelled: bool | None = None) -> dict[str, list[str]]:
    found = connector.pull(PullWindow(labelled=labelled))
    return {i.uid: [v.value for v in i.verdicts] for page in found for i in page.incidents}


class TestJoin:
    def test_gives_the_incident_its_verdict(self, site: FilesConnector) -> None:
        assert isinstance(site, TakesVerdicts)
        assert site.add_verdicts([("r1", ANN), ("r1", BOB)]) == 2
        (incident,) = (i for p in site.pull(PullWindow(labelled=True)) for i in p.incidents)
        assert (incident.uid, incident.verdicts) == ("r1", (ANN, BOB))
        assert incident.fields == {"id": "r1", "message": "text 1"}

    def test_leaves_the_judged_out_of_scoring(self, site: FilesConnector) -> None:
        site.add_verdicts([("r1", ANN)])
        assert sorted(verdicts(site, labelled=False)) == ["r0", "r2", "r3"]
        assert len(verdicts(site)) == 4

    def test_comes_behind_the_records_own(self, tmp_path: Path) -> None:
        write_lines(tmp_path / "in.jsonl", [{**ROWS[0], "label": "malicious"}])
        site = opened(tmp_path)
        site.add_verdicts([("r0", ANN)])
        assert verdicts(site, labelled=True) == {"r0": ["malicious", "benign"]}

    def test_needs_no_column_of_labels(self, tmp_path: Path) -> None:
        (tmp_path / "in.csv").write_text("id,message\nr0,hello\nr1,lunch\n", encoding="utf-8")
        site = opened(tmp_path)
        site.add_verdicts([("r1", ANN)])
        assert verdicts(site, labelled=True) == {"r1": ["benign"]}


class TestWrite:
    def test_same_verdict_is_written_once(self, site: FilesConnector, tmp_path: Path) -> None:
        assert site.add_verdicts([("r1", ANN)]) == 1
        assert opened(tmp_path).add_verdicts([("r1", ANN), ("r2", ANN)]) == 1
        lines = (tmp_path / "said.jsonl").read_bytes().splitlines()
        row = orjson.loads(lines[0])
        assert {**row, "key": None} == {
            "key": None,
            "incident": "r1",
            "verdict": "benign",
            "analyst": "ann",
            "reason": "a newsletter",
            "at": "2026-01-05T08:00:00+00:00",
        }

    def test_lines_are_those_of_labels_add(self, site: FilesConnector, tmp_path: Path) -> None:
        site.add_verdicts([("r1", ANN)])
        lines = (tmp_path / "said.jsonl").read_bytes().splitlines(keepends=True)
        assert list(read_verdicts(lines, "said.jsonl", "nobody")) == [("r1", ANN)]

    def test_without_a_file_says_which_key(self, tmp_path: Path) -> None:
        with pytest.raises(OutputError, match="set `verdicts`"):
            opened(tmp_path, verdicts=None).add_verdicts([("r1", ANN)])

    def test_place_that_is_none_is_named(self, tmp_path: Path) -> None:
        write_lines(tmp_path / "in.jsonl", ROWS)
        found = opened(tmp_path, verdicts=tmp_path).check()
        assert [line for line in found if "`verdicts` names a file" in line]


class TestRetraction:
    def test_lets_one_verdict_count_no_longer(self, site: FilesConnector) -> None:
        assert isinstance(site, RetractsVerdicts)
        site.add_verdicts([("r1", ANN), ("r1", BOB), ("r2", ANN)])
        assert site.retract_verdicts([("r1", ANN)]) == 1
        assert site.retract_verdicts([("r1", ANN)]) == 0
        assert verdicts(site, labelled=True) == {"r1": ["malicious"], "r2": ["benign"]}

    def test_of_the_last_one_reopens_it(self, site: FilesConnector) -> None:
        site.add_verdicts([("r1", ANN)])
        site.retract_verdicts([("r1", ANN)])
        assert "r1" in verdicts(site, labelled=False)


class TestLine:
    @pytest.mark.parametrize(
        ("line", "reason"),
        [
            (b"{", "not JSON"),
            (b"[1]", "not an object"),
            (b'{"incident": "r1"}', "needs `incident` and `verdict`"),
            (b'{"incident": 5, "verdict": "x"}', "needs `incident` and `verdict`"),
            (b'{"incident": "r1", "verdict": " "}', "needs `incident` and `verdict`"),
            (b'{"incident": "r1", "verdict": "x", "at": "noon"}', "'at'"),
        ],
    )
    def test_that_is_wrong_is_rejected_once(
        self, site: FilesConnector, tmp_path: Path, line: bytes, reason: str
    ) -> None:
        file = tmp_path / "said.jsonl"
        file.write_bytes(line + b"\n" + b'{"incident": "r2", "verdict": "benign"}\n')
        found = list(site.pull(PullWindow()))
        (rejected,) = (each for page in found for each in page.rejected)
        assert rejected.where == f"{file}:1"
        assert reason in rejected.reason
        assert verdicts(site, labelled=True) == {"r2": ["benign"]}

    def test_that_names_no_record_is_counted(self, site: FilesConnector) -> None:
        site.add_verdicts([("r1", ANN), ("gone", ANN)])
        found = list(site.pull(PullWindow(labelled=True)))
        (rejected,) = (each for page in found for each in page.rejected)
        assert (rejected.where, "no file has it" in rejected.reason) == ("gone", True)
        for window in (PullWindow(labelled=False), PullWindow(since=AT)):
            assert not any(each.where == "gone" for p in site.pull(window) for each in p.rejected)
        rest = site.pull(PullWindow(), cursor=found[0].cursor)
        assert [each for page in rest for each in page.rejected] == []

    def test_torn_by_a_kill_is_none_yet(self, site: FilesConnector, tmp_path: Path) -> None:
        site.add_verdicts([("r1", ANN)])
        with (tmp_path / "said.jsonl").open("ab") as stream:
            stream.write(b'{"key": "k", "incident": "r2", "verd')
        assert verdicts(site, labelled=True) == {"r1": ["benign"]}
        site.add_verdicts([("r3", ANN)])
        assert sorted(verdicts(site, labelled=True)) == ["r1", "r3"]

    def test_file_that_is_missing_holds_none(self, tmp_path: Path) -> None:
        found = pages(write_lines(tmp_path / "in.jsonl", ROWS), verdicts=tmp_path / "none.jsonl")
        assert [i.verdicts for page in found for i in page.incidents] == [()] * 4
