"""The sentence that an analyst reads."""

from __future__ import annotations

from sftsec_core.api import Attribution, Neighbour
from sftsec_explain.sentence import sentence


def word(text: str, contribution: float) -> Attribution:
    return Attribution("text", text, contribution)


class TestSentence:
    def test_names_words_neighbours_and_flip(self) -> None:
        found = [word("-enc", 3.0), word("212 base64 characters", 2.0), word("signed", -1.0)]
        near = [
            Neighbour("1", "malicious", 0.9, ("A",)),
            Neighbour("2", "malicious", 0.8, ("B", "A")),
            Neighbour("3", "benign", 0.7),
        ]
        assert sentence(found, near, ["-enc"], "benign") == (
            "because of `-enc`, 212 base64 characters; against it: `signed`; "
            "like 2 incidents that A and B called malicious; like an incident called benign; "
            "without `-enc` it would be benign"
        )

    def test_a_word_of_several_places_stands_once(self) -> None:
        assert sentence([word("prize", 2.0), word("prize", 1.0)]) == "because of `prize`"

    def test_says_when_nothing_decides(self) -> None:
        assert sentence([]) == "no word or field of it decides alone"

    def test_many_analysts_are_counted(self) -> None:
        near = [Neighbour(str(n), "spam", 0.9, (f"u{n}",)) for n in range(5)]
        assert sentence([], near) == "like 5 incidents that u0, u1, u2 and 2 more called spam"
