"""The presets know what consoles write."""

from __future__ import annotations

import pyarrow as pa
import pytest

from sftsec_core.api.settings.task import TaskSettings
from sftsec_core.api.settings.words import word_key
from sftsec_core.config.presets import TASKS
from sftsec_core.config.words import BENIGN_POSITIVE, FALSE_POSITIVE, MALICIOUS, PHISHING
from sftsec_core.dataset.resolve import UNDETERMINED, meanings

MAIL = TaskSettings.model_validate(
    {"connector": "c", **next(one.body for one in TASKS if one.name == "phishing-mail")}
)


class TestConsoleWords:
    def test_say_one_thing_each(self) -> None:
        keys = [
            word_key(word) for word in (*MALICIOUS, *PHISHING, *FALSE_POSITIVE, *BENIGN_POSITIVE)
        ]
        assert len(keys) == len(set(keys))

    @pytest.mark.parametrize(
        ("word", "label"),
        [
            ("True Positive", "phishing"),
            ("TruePositive", "phishing"),
            ("TP", "phishing"),
            ("Confirmed phishing", "phishing"),
            ("disposition:1", "phishing"),
            ("False Positive", "benign"),
            ("FalsePositive", "benign"),
            ("BenignPositive", "benign"),
            ("Benign Positive - Suspicious but expected", None),
            ("informationalExpectedActivity", "benign"),
            ("Informational, expected activity", "benign"),
            ("not_useful", "benign"),
            ("Indeterminate", UNDETERMINED),
            ("Duplicated", UNDETERMINED),
            ("Not enough information", UNDETERMINED),
            ("resolved", None),
        ],
    )
    def test_mean_what_their_console_says(self, word: str, label: str | None) -> None:
        assert meanings(pa.array([word]), MAIL.labels, MAIL.verdicts) == {word: label}
