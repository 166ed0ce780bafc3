"""Recall and precision on the plugin's own lists."""

from __future__ import annotations

from sftsec_core.bench.redaction import measure
from sftsec_pii.config import RedactConfig
from sftsec_pii.labelled import labelled_texts
from sftsec_pii.redact import Redact
from tests.plugins.pii.texts import SALT

LEAST = 0.9
MOST_BENIGN = 0.01


class TestLists:
    def test_are_found_in_each_half(self) -> None:
        got = measure(Redact(RedactConfig(), SALT), list(labelled_texts()))
        assert len(got["recall"]) == 10
        low = [row for row in got["recall"] if min(row["developed"], row["held_out"]) < LEAST]
        assert low == []
        assert all(row["count"] >= 40 for row in got["recall"])

    def test_leave_what_only_looks_alike(self) -> None:
        benign = [each for each in labelled_texts() if not each.hidden]
        got = measure(Redact(RedactConfig(), SALT), benign)["benign"]
        assert got["count"] >= 480
        assert got["changed"] <= MOST_BENIGN

    def test_hold_keys_without_their_mark(self) -> None:
        keys = [each for each in labelled_texts() if each.kind == "key"]
        assert not any("¦" in str(each.fields) for each in keys)
        assert all(each.hidden for each in keys)
