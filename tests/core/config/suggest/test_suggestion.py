"""All that a sample tells, put together."""

from __future__ import annotations

from typing import Any

import pytest

from sftsec_core.api.errors import ConfigError
from sftsec_core.config.suggest.profile import Profile
from sftsec_core.config.suggest.suggestion import Suggestion, Wanted, add_words, facts_of, suggest


def rows(**more: Any) -> list[dict[str, Any]]:
    return [
        {
            "Alert ID": f"AL-{i}",
            "Created (UTC)": f"2026-01-{1 + i % 28:02} 08:00:00",
            "Subject": f"invoice {i} overdue",
            "Body": f"please pay the invoice number {i} before noon",
            "Verdict": ("Phishing", "Clean", "greyware")[i % 3],
            "Closed by": ("kim", "lee")[i % 2],
            **{name: value(i) for name, value in more.items()},
        }
        for i in range(60)
    ]


def suggested(records: list[dict[str, Any]], **wanted: Any) -> Suggestion:
    asked = Wanted(**wanted)
    made = suggest(Profile.of(records), asked)
    if label := made.fields.get("label"):
        add_words(made, (record.get(label) for record in records), asked)
    return made


def why(made: Suggestion, what: str) -> str:
    return next(pick.why for pick in made.picks if pick.what == what)


class TestSuggestion:
    def test_names_every_field_of_alerts(self) -> None:
        found = facts_of(suggested(rows()))
        assert found["fields"] == {
            "label": "Verdict",
            "id": "Alert ID",
            "time": "Created (UTC)",
            "analyst": "Closed by",
        }
        assert found["text"] == ["Subject", "Body"]
        assert found["labels"] == {"benign": ["Clean"], "malicious": ["Phishing"]}

    def test_says_which_words_are_unknown(self) -> None:
        assert why(suggested(rows()), "unknown words") == "greyware: 20 records go to review"

    def test_takes_no_id_that_repeats(self) -> None:
        made = suggested([{**row, "Alert ID": "AL-1"} for row in rows()])
        assert "id" not in made.fields
        assert why(made, "id").startswith("Alert ID repeats (1 values in 60 records)")

    def test_leaves_out_what_came_afterwards(self) -> None:
        made = suggested(rows(**{"Closing notes": lambda i: f"I looked at {i} and it is bad"}))
        assert made.text == ("Subject", "Body")
        assert why(made, "not read") == "written after the verdict, by its name"

    def test_leaves_out_times_of_two_readings(self) -> None:
        made = suggested(rows(**{"Created (UTC)": lambda i: f"05/0{1 + i % 9}/2025"}))
        assert "time" not in made.fields
        assert "--time-format says" in why(made, "time")
        named = suggested(
            rows(**{"Created (UTC)": lambda i: f"05/0{1 + i % 9}/2025"}), time_format="%d/%m/%Y"
        )
        assert named.fields["time"] == "Created (UTC)"
        assert named.form is not None
        assert named.form.form == "%d/%m/%Y"

    def test_takes_an_id_of_overlapping_exports(self) -> None:
        records = [*rows(), *rows()[:5]]
        made = suggested(records)
        assert made.fields["id"] == "Alert ID"
        assert why(made, "id") == "60 values; 5 records have one that came before"
        assert not made.no_id

    def test_says_that_usual_times_are_rejected(self) -> None:
        times = ["2026-01-05T08:00:00Z", "0", "1970-01-01", "n/a", None]
        made = suggested(
            [
                {**row, "Created (UTC)": "", "@timestamp": times[i % 5]}
                for i, row in enumerate(rows())
            ]
        )
        assert "time" not in made.fields
        said = "@timestamp is no time in some records, which a pull rejects: the split"
        assert why(made, "time").startswith(said)

    def test_takes_no_time_for_an_id(self) -> None:
        records = [
            {**row, "Alert ID": "x", "id.time": f"2026-01-05T08:{i:02}:00Z", "id": i % 7}
            for i, row in enumerate(rows())
        ]
        made = suggested(records)
        assert "id" not in made.fields
        assert made.no_id

    def test_reads_texts_of_objects_in_lists(self) -> None:
        records = [
            {
                "incidentId": f"I-{i}",
                "verdict": ("TP", "FP")[i % 2],
                "alerts": [{"title": f"rule {i} saw a login", "verdict": "x", "time": i}] * (i % 3),
            }
            for i in range(60)
        ]
        made = suggested(records)
        assert made.text[0] == "alerts.title"
        with pytest.raises(ConfigError, match="in a list of objects: only a text is read there"):
            suggested(records, label="alerts.verdict")
        assert made.fields == {"label": "verdict", "id": "incidentId"}

    def test_says_what_many_records_lack(self) -> None:
        records = [
            row if i % 4 == 0 else {**row, "Body": "", "Subject": ""}
            for i, row in enumerate(rows())
        ]
        made = suggested(records)
        assert "in 25% of the records" in why(made, "text")
        gap = next(pick for pick in made.picks if pick.what == "without text")
        assert gap.chosen == "45 of 60 records"

    def test_says_when_no_verdict_is_there(self) -> None:
        made = suggested([{"Body": row["Body"]} for row in rows()])
        assert made.words is None
        assert "--label names it" in why(made, "label")

    def test_takes_what_a_person_names(self) -> None:
        made = suggested(
            rows(),
            label="Closed by",
            text=("Body",),
            benign=("kim",),
            malicious=("lee",),
            id="Subject",
        )
        assert made.text == ("Body",)
        assert made.fields["id"] == "Subject"
        assert made.words is not None
        assert made.words.labels == {"benign": ("kim",), "malicious": ("lee",)}

    def test_refuses_a_field_that_is_absent(self) -> None:
        with pytest.raises(ConfigError, match="did you mean 'Verdict'"):
            suggested(rows(), label="Verdct")

    def test_says_that_verdicts_and_texts_are_apart(self) -> None:
        events = [{"flow": i, "Body": row["Body"]} for i, row in enumerate(rows())]
        verdicts = [{"flow": i, "Verdict": ("ham", "spam")[i % 2]} for i in range(60)]
        made = suggested(events + verdicts)
        assert made.apart is not None
        assert "both a verdict (Verdict) and a text (Body): by flow, write" in made.apart
        joined = [event | verdict for event, verdict in zip(events, verdicts, strict=True)]
        assert suggested(joined + events).apart is None

    def test_reads_no_time_as_a_text(self) -> None:
        records = [
            {"Created": f"08:{i:02} le 5 janv. 2026", "Body": row["Body"], "Verdict": "ham"}
            for i, row in enumerate(rows())
        ]
        made = suggested(records)
        assert made.text == ("Body",)
        assert why(made, "time").startswith("Created is in no known form; --time-format gives it")
