"""A text as a model should read it, however it was written."""

from __future__ import annotations

import re

from sftsec_core.sdk.escapes import decode_escapes
from sftsec_robust.canonical.characters import (
    joined_letters,
    plain_characters,
    single_blanks,
    without_leet,
)
from sftsec_robust.canonical.commands import plain_commands
from sftsec_robust.canonical.urls import plain_url
from sftsec_robust.scan import PLACEHOLDER
from sftsec_robust.settings import CanonicalSettings

_KEPT = re.compile(f"({PLACEHOLDER})")
_PASSES = 4  # over the whole: what one part leaves another may read
_ROUNDS = 3  # of decoding: what decodes to an escape is decoded again


def canonical_text(text: str, settings: CanonicalSettings) -> str:
    """One spelling for texts that a person, a server or a shell reads alike.

    Placeholders of the redaction stay. Time is linear in the length of the text.

    Args:
        text: of a field, cleaned and redacted.
        settings: which parts are on.
    """
    for _ in range(_PASSES):
        pieces = _KEPT.split(text)
        pieces[::2] = (_plain(piece, settings) for piece in pieces[::2])
        before, text = text, " ".join("".join(pieces).split())
        if text == before:
            break
    return text


def _plain(text: str, settings: CanonicalSettings) -> str:
    edges = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
    plain = plain_characters(text) if settings.characters else text
    if settings.urls:
        plain = plain_url(plain)
    for _ in range(_ROUNDS if settings.escapes else 0):
        decoded = decode_escapes(plain)
        if decoded == plain:
            break
        plain = plain_characters(decoded) if settings.characters else decoded
    if settings.commands:
        plain = plain_commands(plain)
    if settings.letters:
        plain = joined_letters(plain)
    if settings.leet:
        plain = without_leet(plain)
    plain = plain.lower() if settings.case else plain
    return f"{edges[0]}{single_blanks(plain)}{edges[1]}"
