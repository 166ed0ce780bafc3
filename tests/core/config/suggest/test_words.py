"""What the words of consoles mean."""

from __future__ import annotations

import pytest

from sftsec_core.config.suggest.words import Meaning, is_placeholder, meaning_of, plain

BENIGN, MALICIOUS, UNDETERMINED = Meaning


class TestPlain:
    @pytest.mark.parametrize(
        ("word", "said"),
        [
            ("TruePositive", "true positive"),
            ("true_positive", "true positive"),
            (" False-Positive, Tuned ", "false positive tuned"),
            ("1.0", "1"),
            ("-", "-"),
        ],
    )
    def test_leaves_case_and_joints_out(self, word: str, said: str) -> None:
        assert plain(word) == said


class TestMeaning:
    @pytest.mark.parametrize(
        ("word", "meaning"),
        [
            ("TruePositive", MALICIOUS),
            ("BenignPositive", BENIGN),
            ("Benign True Positive", BENIGN),
            ("True Positive - Malicious", MALICIOUS),
            ("False-Positive, Tuned", BENIGN),
            ("NOT_MALICIOUS", BENIGN),
            ("Not phishing", BENIGN),
            ("not benign", MALICIOUS),
            ("Confirmed phishing", MALICIOUS),
            ("ham", BENIGN),
            ("disposition:1", MALICIOUS),
            ("disposition:6", UNDETERMINED),
            ("In Progress", UNDETERMINED),
            ("", None),
            ("suspicious", None),
            ("phishing simulation", None),
            ("possibly malicious", None),
            ("not in progress", None),
            ("T1059", None),
            ("clean malware", None),
            ("n/a", UNDETERMINED),
            ("#N/A", UNDETERMINED),
            ("--", UNDETERMINED),
            ("True alert", MALICIOUS),
            ("False alert", BENIGN),
            ("FEHLALARM", BENIGN),
            ("Kein Angriff", BENIGN),
            ("Schädlich", MALICIOUS),
            ("Faux positif", BENIGN),
            ("verdadero positivo", MALICIOUS),
        ],
    )
    def test_is_known_or_not_guessed(self, word: str, meaning: Meaning | None) -> None:
        assert meaning_of(word) == meaning

    @pytest.mark.parametrize("column", ["is_benign", "False Positive?", "isLegit", "Legitimate"])
    def test_of_answers_follows_the_question(self, column: str) -> None:
        assert meaning_of("yes", column) is BENIGN
        assert meaning_of("0.0", column) is MALICIOUS
        assert meaning_of("yes", "is_phishing") is MALICIOUS
        assert meaning_of("phishing", column) is MALICIOUS

    @pytest.mark.parametrize("column", ["Service.Archived", "isClosed", "suppressed"])
    def test_of_what_was_done_is_none(self, column: str) -> None:
        assert meaning_of("true", column) is None
        assert meaning_of("0", column) is None
        assert meaning_of("malicious", column) is MALICIOUS


class TestPlaceholder:
    @pytest.mark.parametrize("word", ["n/a", "Not set", "-", "NEW ", "Undetermined", "offen"])
    def test_stands_before_anyone_has_judged(self, word: str) -> None:
        assert is_placeholder(word)

    @pytest.mark.parametrize("word", ["Resolved", "duplicate", "inconclusive", "benign", ""])
    def test_is_no_outcome_of_an_analyst(self, word: str) -> None:
        assert not is_placeholder(word)
