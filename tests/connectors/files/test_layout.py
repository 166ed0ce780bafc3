"""What is a record, and what wraps records, in a document that nobody has described."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sftsec_core.api.domain import Incident, PullWindow
from tests.connectors.files.helpers import pull, texts, write

PARTS = [{"id": "p1", "value": "x"}, {"id": "p2", "value": "y"}]


def read(path: Path, value: Any, **layout: Any) -> list[Incident]:
    found, rejected = pull(write(path, json.dumps(value, **layout).encode()))
    assert rejected == []
    return found


class TestObjectWithAName:
    @pytest.mark.parametrize("layout", [{}, {"indent": 2}])
    @pytest.mark.parametrize(
        "lists", [{"Attribute": PARTS}, {"Attribute": PARTS, "Tag": [{"name": "t"}], "Object": []}]
    )
    def test_is_one_record_when_wrapped(
        self, lists: dict[str, Any], layout: dict[str, Any], tmp_path: Path
    ) -> None:
        event = {"id": "5", "info": "a dropper", **lists}
        (found,) = read(tmp_path / "a.json", {"Event": event}, **layout)
        assert found.fields["Event.info"] == "a dropper"

    @pytest.mark.parametrize("name", ["id", "incidentId", "alert_id", "uuid", "_id"])
    def test_is_one_record_alone(self, name: str, tmp_path: Path) -> None:
        (found,) = read(tmp_path / "a.json", {name: "5", "message": "m", "alerts": PARTS})
        assert texts([found]) == ["m"]

    def test_of_an_envelope_wraps_records(self, tmp_path: Path) -> None:
        answer = {"id": "request 1", "value": [{"message": "one"}, {"message": "two"}]}
        assert texts(read(tmp_path / "a.json", answer)) == ["one", "two"]

    @pytest.mark.parametrize(
        "envelope", [{"id": "export 1", "cases": []}, {"type": "bundle", "id": "b", "objects": []}]
    )
    def test_that_says_nothing_else_wraps_records(
        self, envelope: dict[str, Any], tmp_path: Path
    ) -> None:
        name = next(key for key, value in envelope.items() if value == [])
        rows = [{"id": "1", "message": "one"}, {"id": "2", "message": "two"}]
        assert texts(read(tmp_path / "a.json", {**envelope, name: rows})) == ["one", "two"]

    def test_inside_its_records_is_theirs(self, tmp_path: Path) -> None:
        alerts = [{"id": "1", "message": "one"}, {"id": "2", "message": "two"}]
        assert texts(read(tmp_path / "a.json", {"total": 2, "alerts": alerts})) == ["one", "two"]


class TestFieldsOfTheTask:
    ASKED = PullWindow(fields=("title", "message"))

    def test_are_sought_in_the_records_too(self, tmp_path: Path) -> None:
        rows = [{"id": str(n), "title": "t", "message": f"m{n}"} for n in range(3)]
        answer = {"id": "export 1", "title": "alerts of the week", "alerts": rows}
        path = write(tmp_path / "a.json", json.dumps(answer).encode())
        found, _ = pull(path, window=self.ASKED, id="id")
        assert texts(found) == ["m0", "m1", "m2"]

    def test_make_a_record_of_their_object(self, tmp_path: Path) -> None:
        alerts = [{"id": "1", "title": "one"}, {"id": "2", "title": "two"}]
        incident = {"id": "5", "title": "t", "message": "m", "alerts": alerts}
        path = write(tmp_path / "a.json", json.dumps(incident).encode())
        found, _ = pull(path, window=self.ASKED, id="id")
        assert texts(found) == ["m"]


class TestSeveralLists:
    def test_without_a_name_are_refused(self, tmp_path: Path) -> None:
        raw = json.dumps({"alerts": PARTS, "hosts": PARTS}).encode()
        found, (problem,) = pull(write(tmp_path / "a.json", raw))
        assert not found
        assert "several lists of objects (alerts, hosts): set `records`" in problem.reason
