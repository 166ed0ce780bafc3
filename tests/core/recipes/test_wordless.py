"""Which texts are strings without words."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from sftsec_core.recipes.wordless import are_wordless

URLS = [f"https://host{i}.example/a/b?c={i}%20d" for i in range(50)]


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        (URLS, True),
        ([*URLS, "open the mail"], True),  # one of fifty changes nothing
        (["xn--80ak6aa92e.example", "a" * 100_000], True),
        (["powershell -enc AAAA", "curl -s host"], False),
        ([f"{url} seen by proxy" for url in URLS], False),
        (["日本語の文章 です"], False),
        ([""], False),
        ([], False),
    ],
)
def test_are_told_by_what_is_blank(texts: Sequence[str], found: bool) -> None:
    assert are_wordless(texts) == found


def test_looks_at_texts_from_end_to_end() -> None:
    texts = ["no.words.here"] * 3000 + ["words and words again"] * 3000
    assert not are_wordless(texts)
