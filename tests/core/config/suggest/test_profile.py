"""What a sample says of each field."""

from __future__ import annotations

import pytest

from sftsec_core.config.suggest.profile import Profile, covered, newly_covered, value_text


class TestProfile:
    def test_counts_what_is_filled(self) -> None:
        profile = Profile.of([{"a": 1, "b": ""}, {"a": 2, "b": None}, {"a": 2, "c": ["x"]}])
        assert profile.rows == 3
        assert list(profile.columns) == ["a", "c"]
        assert (profile.columns["a"].filled, profile.columns["a"].distinct) == (3, 2)
        assert not profile.columns["a"].is_unique
        assert profile.columns["c"].nested == 1

    def test_knows_which_records_have_a_field(self) -> None:
        rows = [{"a" if i % 3 else "b": i, **({"c": i} if i < 9 else {})} for i in range(99)]
        columns = Profile.of(rows).columns
        assert covered(columns.values()) == 99
        assert covered([]) == 0
        assert newly_covered(columns["b"], [columns["a"]]) == 33
        assert newly_covered(columns["c"], [columns["a"]]) == 3
        assert columns["c"].fill == pytest.approx(9 / 99)

    def test_tells_identifiers_from_texts(self) -> None:
        rows = [
            {"id": f"AL-{i}", "ip": f"10.0.0.{i}", "mail": f"u{i}@x.example", "text": f"log in {i}"}
            for i in range(20)
        ]
        columns = Profile.of(rows).columns
        assert [c.name for c in columns.values() if c.is_identifier] == ["id", "ip", "mail"]
        assert columns["id"].is_unique
        assert columns["text"].mean_words == 3

    def test_knows_columns_of_numbers(self) -> None:
        columns = Profile.of([{"n": "1.5e3", "m": -2}, {"n": "7", "m": 0.25}]).columns
        assert all(column.is_number for column in columns.values())


class TestValueText:
    def test_writes_values_as_verdicts_are(self) -> None:
        values = ["x", True, 1, 1.0, [1], {"a": 1}]
        assert [value_text(v) for v in values] == ["x", "true", "1", "1.0", "[1]", '{"a":1}']
