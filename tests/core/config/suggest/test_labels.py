"""Which field holds the verdict, and what its words come to."""

from __future__ import annotations

import pytest

from sftsec_core.config.suggest.labels import (
    choose_label,
    label_candidates,
    read_words,
    single_verdict,
    words_of,
)
from sftsec_core.config.suggest.profile import Profile


def columns_of(**values: list[object]) -> Profile:
    rows = [dict(zip(values, row, strict=True)) for row in zip(*values.values(), strict=True)]
    return Profile.of(rows * 5)


class TestChoice:
    @pytest.mark.parametrize(
        "values",
        [
            {"Severity": ["high", "low"], "Verdict": ["Phishing", "Clean"]},
            {"Priority": [1, 0], "is_spam": [1, 0]},
            {"blocked": ["yes", "no"], "v1": ["ham", "spam"]},
            {"Status": ["New", "Closed"], "Classification": ["TruePositive", "FalsePositive"]},
            {"Verdict Analyst": ["good", "bad"], "Analyst Verdict": ["good", "bad"]},
            {"kind": ["mail", "web"], "Technique": ["T1059", "T1003"]},
        ],
    )
    def test_takes_the_words_of_a_verdict(self, values: dict[str, list[object]]) -> None:
        found = choose_label(columns_of(**values).columns.values())
        assert found is not None
        assert found.name == list(values)[1]

    @pytest.mark.parametrize(
        "values",
        [
            {"Severity": ["high", "low"]},
            {"blocked": ["yes", "no"]},
            {"site": ["A", "B"]},
            {"event.outcome": ["success", "failure"]},
            {"outcome.result": ["SUCCESS", "FAILURE"]},
            {"event.category": ["network", "process"]},
            {"deviceDirection": ["0", "None"]},
            {"resolution": ["2026-01-05 08:00:00", "2026-01-06 08:00:00"]},
            {"TargetProcessGUID": ["{a-b}", "{c-d}"]},
            {"labels": [[{"name": "a"}], [{"name": "b"}]]},
            {"labels": [[], []]},
        ],
    )
    def test_takes_no_other_field(self, values: dict[str, list[object]]) -> None:
        assert choose_label(columns_of(**values).columns.values()) is None

    @pytest.mark.parametrize(
        ("name", "words", "taken"),
        [
            ("verdict", ["true positive", "false positive"], True),
            ("verdict", ["T1059", "T1003"], False),
            ("state", ["malicious", "benign"], False),
        ],
    )
    def test_of_few_records_needs_words_and_name(
        self, name: str, words: list[str], taken: bool
    ) -> None:
        rows = [{"n": i, **({name: words[i % 2]} if i % 20 < 1 else {})} for i in range(400)]
        rows[1][name] = words[1]
        rows[2][name] = words[1]
        found = choose_label(Profile.of(rows).columns.values())
        assert (found is not None) is taken

    def test_prefers_what_most_records_have(self) -> None:
        rows = [{"n": i, "result": ("true", "false")[i % 2]} for i in range(400)]
        for row in rows[:20]:
            row["message.is_spam"] = row["result"]
        found = choose_label(Profile.of(rows).columns.values())
        assert found is not None
        assert found.name == "result"

    def test_follows_words_that_are_given(self) -> None:
        columns = columns_of(folder=["inbox", "junk"], kind=["a", "b"]).columns.values()
        assert choose_label(columns) is None
        found = choose_label(columns, benign=["Inbox"], malicious=["junk"])
        assert found is not None
        assert found.name == "folder"

    def test_knows_a_verdict_of_one_word(self) -> None:
        columns = columns_of(verdict=["True Positive"] * 3, label=["x"] * 3).columns.values()
        found = single_verdict(columns)
        assert found is not None
        assert found.name == "verdict"
        assert single_verdict(columns_of(label=["x"], kind=["spam"]).columns.values()) is None

    def test_names_candidates_where_none_is_sure(self) -> None:
        columns = columns_of(
            country=["DE", "FR", "DE"],
            closing_reason_id=[1, 3, 1],
            text=["a " * 60, "b " * 60, "a " * 60],
            created=["2026-01-05", "2026-01-06", "2026-01-05"],
        ).columns.values()
        assert choose_label(columns) is None
        assert label_candidates(columns) == ["closing_reason_id", "country"]


class TestWords:
    def test_of_both_sides_are_two_labels(self) -> None:
        counts = {"Phish": 3, "phish ": 1, "Clean": 5, "in progress": 2, "greyware": 4}
        found = read_words(counts, "Verdict")
        assert found.labels == {"benign": ("Clean",), "malicious": ("Phish",)}
        assert (found.benign, found.undetermined) == ("benign", ("in progress",))
        assert found.unknown == ("greyware",)
        assert (found.rows("benign"), found.rows("malicious")) == (5, 4)

    def test_of_one_side_are_labels_each(self) -> None:
        found = read_words({"benign": 5, "dga": 2, "tunnel": 1}, "class")
        assert found.labels == {"benign": ("benign",), "dga": ("dga",), "tunnel": ("tunnel",)}
        assert found.benign == "benign"
        assert read_words({"T1": 1, "T2": 1}, "class").benign is None

    def test_that_are_given_outweigh_the_table(self) -> None:
        found = read_words(
            {"suspicious": 3, "Malicious": 2}, "x", benign=["malicious"], malicious=["Suspicious"]
        )
        assert found.labels == {"benign": ("Malicious",), "malicious": ("suspicious",)}

    def test_of_lists_are_counted_each(self) -> None:
        assert words_of([["a", "b"], "a", None, "", {"x": 1}, 1]) == {"a": 2, "b": 1, "1": 1}

    def test_that_stand_for_none_are_told_apart(self) -> None:
        counts = {"tp": 2, "fp": 3, "N/A": 4, "n/a ": 1, "duplicate": 1}
        found = read_words(counts, "verdict", placeholders=True)
        assert (found.no_verdict, found.undetermined) == (("N/A",), ("duplicate",))
        together = read_words(counts, "verdict")
        assert (together.no_verdict, together.undetermined) == ((), ("N/A", "duplicate"))
