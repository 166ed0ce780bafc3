"""Words and inputs as pieces, and rows without them."""

from __future__ import annotations

import pytest

from sftsec_core.api import Batch, InputField, InputKind
from sftsec_core.api.domain import Inputs
from sftsec_explain.pieces import describe, pieces_of, without, word_spans

FIELDS = (
    InputField("text", InputKind.TEXT, ("message", "subject")),
    InputField("count", InputKind.NUMBER, ("count",)),
    InputField("host", InputKind.CATEGORY, ("host",)),
    InputField("context.sequence", InputKind.SEQUENCE, ()),
)
ROW: Inputs = {
    "text": "open the\nfile",
    "count": 3.0,
    "host": None,
    "context.sequence": ("before one", "before two"),
}


class TestWordSpans:
    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("powershell -nop  -enc\r\nAA", ["powershell", "-nop", "-enc", "AA"]),
            ("http://evil.example/login/verify.php?id=1", None),
            ("cafe\u0301 \U0001f468\u200d\U0001f469\u200d\U0001f467", None),
            ("A" * 100, ["A" * 100]),
            ("", []),
            (" \t\r\n\u3000", []),
        ],
    )
    def test_parts_what_people_read(self, text: str, words: list[str] | None) -> None:
        found = [text[start:end] for start, end in word_spans(text)]
        assert "".join(found) == "".join(text.split())
        assert words is None or found == words

    def test_parts_a_long_url_behind_punctuation(self) -> None:
        text = "http://evil.example/login/verify.php?id=1"
        found = [text[start:end] for start, end in word_spans(text)]
        assert found == ["http://", "evil.", "example/", "login/", "verify.", "php?", "id=", "1"]

    def test_never_parts_a_mark_from_its_letter(self) -> None:
        text = "e\u0301" * 40
        starts = [start for start, _ in word_spans(text)]
        assert all(text[start] == "e" for start in starts)


class TestPiecesOf:
    def test_have_their_places_in_the_text(self) -> None:
        text = Batch.of(FIELDS, [ROW]).text()[0]
        found = pieces_of(FIELDS, ROW)
        spans = [each.span for each in found if each.span]
        assert [text[start:end] for start, end in spans][:3] == ["open", "the", "file"]
        assert text[slice(*spans[3])] == "earlier:\nbefore one\nbefore two"
        assert [each.words for each in found[4:]] == ["count: 3"]

    def test_missing_inputs_are_none(self) -> None:
        assert pieces_of(FIELDS, {"text": "", "count": None}) == []


class TestDescribe:
    @pytest.mark.parametrize(
        ("word", "shown"),
        [
            ("-enc", "-enc"),
            ("SQBFAFgAIAAoAE4AZQB3AC0ATwBi" * 8, "224 base64 characters"),
            ("d41d8cd98f00b204e9800998ecf8427e", "32 hex characters"),
            ("a\x1b[2J", "a\\x1b[2J"),
            ("internationalizationsworkgroups", "internationalizationsworkgroups"),
        ],
    )
    def test_names_codes_by_kind_and_length(self, word: str, shown: str) -> None:
        assert describe(word) == shown


class TestWithout:
    def test_cuts_words_and_empties_inputs(self) -> None:
        opened, _, file, earlier, count = pieces_of(FIELDS, ROW)
        rest = without(ROW, [file, opened, earlier, count])
        assert rest == {"text": " the\n", "count": None, "host": None, "context.sequence": None}
        assert ROW["text"] == "open the\nfile"
