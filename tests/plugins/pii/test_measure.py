"""Recall on the plugin's own lists."""

from __future__ import annotations

from sftsec_core.api.domain import Incident
from sftsec_pii.config import RedactConfig
from sftsec_pii.measure import is_found, positives, recall
from sftsec_pii.redact import Redact
from tests.plugins.pii.texts import SALT

# What the lists showed when they were written, by the half that was not looked at.
FEWEST = {
    **{"authorization": 0.95, "card": 0.8, "email": 0.9, "iban": 0.9, "key": 0.95},
    **{"password": 0.9, "phone": 0.9, "private_key": 0.95, "ssn": 0.9, "user": 0.9},
}


class TestRecall:
    def test_of_each_kind_is_kept(self) -> None:
        step = Redact(RedactConfig(), SALT)
        got = recall(lambda fields: step([Incident("1", fields)])[0].fields)
        assert got.keys() == FEWEST.keys()
        assert all(row["count"] >= 15 for row in got.values())
        low = {kind: row for kind, row in got.items() if row["held_out"] < FEWEST[kind]}
        assert low == {}

    def test_is_zero_for_a_step_without_effect(self) -> None:
        got = recall(lambda fields: fields)
        assert all(row["held_out"] == row["developed"] == 0 for row in got.values())


class TestIsFound:
    def test_wants_no_part_of_the_value(self) -> None:
        tilde = next(each for each in positives() if "anna~x" in each.hidden)
        half = {"message": "write to anna~<EMAIL:00000000>@shop.example today"}
        assert not is_found(tilde, half)
