"""What a sample says of each field."""

from __future__ import annotations

from sftsec_core.config.suggest.profile import Profile, value_text


class TestProfile:
    def test_counts_what_is_filled(self) -> None:
        profile = Profile.of([{"a": 1, "b": ""}, {"a": 2, "b": None}, {"a": 2, "c": ["x"]}])
        assert profile.rows == 3
        assert list(profile.columns) == ["a", "c"]
        assert (profile.columns["a"].filled, profile.columns["a"].distinct) == (3, 2)
        assert not profile.columns["a"].is_unique
        assert profile.columns["c"].nested == 1

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
