"""How a field's value is read as each kind, and how its strings are changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sftsec_core.api.domain import Blob, Incident, InputKind
from sftsec_core.dataset.values import (
    as_category,
    as_image,
    as_number,
    as_sequence,
    gather_fields,
    map_incident,
    plain_fields,
    trim_incident,
)

IMAGE = b"\x89PNG pixels"


class TestAsNumber:
    @pytest.mark.parametrize(
        ("value", "number"),
        [(5, 5.0), ("7.5", 7.5), (" 1e3 ", 1000.0), ([4], 4.0), (("0.5",), 0.5)],
    )
    def test_reads_numbers_and_single_values(self, value: object, number: float) -> None:
        assert as_number(value) == number

    @pytest.mark.parametrize(
        "value", [None, "", "many", [1, 2], [], {"a": 1}, "nan", "inf", float("-inf"), 10**400]
    )
    def test_anything_else_is_missing(self, value: object) -> None:
        assert as_number(value) is None


class TestAsCategory:
    @pytest.mark.parametrize(
        ("value", "name"), [("root", "root"), (5, "5"), (["root"], "root"), (["a", 1], '["a",1]')]
    )
    def test_names_the_value(self, value: object, name: str) -> None:
        assert as_category(value) == name

    @pytest.mark.parametrize("value", [None, "", [""]])
    def test_empty_value_is_missing(self, value: object) -> None:
        assert as_category(value) is None


class TestAsSequence:
    def test_items_become_texts(self) -> None:
        assert as_sequence(["open", 2]) == ("open", "2")
        assert as_sequence("open") == ("open",)

    @pytest.mark.parametrize("value", [None, "", []])
    def test_empty_value_is_missing(self, value: object) -> None:
        assert as_sequence(value) is None


class TestAsImage:
    def test_takes_bytes_and_files(self, tmp_path: Path) -> None:
        file = tmp_path / "screen.png"
        file.write_bytes(IMAGE)
        for value in (IMAGE, file, Blob.of(IMAGE)):
            image = as_image(value)
            assert image is not None
            assert image.read() == IMAGE

    def test_text_of_an_event_names_no_file(self, tmp_path: Path) -> None:
        file = tmp_path / "screen.png"
        file.write_bytes(IMAGE)
        assert as_image(str(file)) is None

    def test_missing_file_is_no_image(self, tmp_path: Path) -> None:
        assert as_image(tmp_path / "nothing.png") is None


class TestMapIncident:
    def test_changes_values_and_keys_inside(self) -> None:
        fields = {"A": "X", "n": 5, "list": ["Y", {"K": ("Z", None)}]}
        changed = map_incident(Incident("1", fields), str.lower)
        assert changed.fields == {"A": "x", "n": 5, "list": ["y", {"k": ["z", None]}]}

    def test_keys_that_become_equal_stay_apart(self) -> None:
        given = Incident("1", {"object": {"Key": "a", "KEY": "b", "key": "c"}})
        changed = map_incident(given, str.lower)
        assert changed.fields == {"object": {"key": "a", "key (2)": "b", "key (3)": "c"}}

    def test_is_the_incident_itself_without_a_change(self) -> None:
        given = Incident("1", {"a": "x", "b": [1, {"c": "y"}]})
        assert map_incident(given, str.lower) is given


class TestFields:
    def test_gathers_objects_and_paths(self) -> None:
        given = Incident("1", {"r.a": 1, "r.b": 2, "alerts": [{"t": "x"}, {"t": "y"}]})
        gathered = gather_fields(given, ("r", "alerts.t", "absent"))
        assert gathered.fields == {**given.fields, "r": {"a": 1, "b": 2}, "alerts.t": "x\ny"}
        assert gather_fields(given, ("r.a", "absent")) is given

    def test_trims_to_the_values_of_each_kind(self) -> None:
        kinds = {
            "text": InputKind.TEXT,
            "amount": InputKind.NUMBER,
            "user": InputKind.CATEGORY,
            "calls": InputKind.SEQUENCE,
        }
        fields: dict[str, Any] = {
            "text": "a \ud800",
            "amount": "many",
            "user": "\udfff",
            "calls": ["x\ud800", 1],
            "other": "left out",
        }
        trimmed = trim_incident(Incident("1", fields), kinds)
        assert trimmed.fields == {"text": "a ?", "user": "?", "calls": ("x?", "1")}

    def test_names_an_image_by_its_digest(self) -> None:
        blob = Blob.of(IMAGE)
        assert plain_fields({"screen": blob, "n": 1}) == {"screen": blob.sha256, "n": 1}
