"""Characters: look-alikes, invisible ones, accents, leet, letters that stand apart."""

from __future__ import annotations

import re

from sftsec_core.sdk.bidi import as_displayed

_LEET = str.maketrans("013457@$", "oieastas")
_LEET_WORD = re.compile(r"(?<![\w@$])[\w@$]{4,40}(?![\w@$])")
_WITHIN = re.compile(r"[013457@$]\w*[^\W\d_]")
_APART = re.compile(
    r"(?<![^\W_])[^\W\d_](?:(?P<between>[ .*_-])[^\W\d_])(?:(?P=between)[^\W\d_])+(?![^\W_])"
)
_BLANKS = re.compile(r"\s+")


def plain_characters(text: str) -> str:
    """Look-alikes to Latin letters (UTS 39), NFKC, no invisible characters, no accents."""
    if text.isascii():
        return text
    import disarm

    return str(disarm.strip_accents(disarm.canonicalize(as_displayed(text))))


def without_leet(text: str) -> str:
    """Digits and signs within words that are mostly letters, as the letters that they look like."""

    def spelled(match: re.Match[str]) -> str:
        word = match[0]
        mostly = 2 * sum(map(str.isalpha, word)) >= len(word)
        # `m0ney`, not `system32`: a number at the end is one.
        return word.translate(_LEET) if mostly and _WITHIN.search(word) else word

    return _LEET_WORD.sub(spelled, text)


def joined_letters(text: str) -> str:
    """Words whose letters stand apart (`f r e e`, `f.r.e.e`) as words."""
    return _APART.sub(lambda match: match[0].replace(match["between"], ""), text)


def single_blanks(text: str) -> str:
    """One space for each run of blanks."""
    return _BLANKS.sub(" ", text).strip()
