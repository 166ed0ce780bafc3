"""Which fields the model should read: long free text first, in the order of a reader."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sftsec_core.config.suggest.profile import covered, newly_covered

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sftsec_core.config.suggest.profile import Column

_MOST = 4
_FILLERS = 6
_COVERED = 0.95  # of the records: how many should have a text
_VARIED = 40  # values of a field that tells records apart
_GAP = 0.02  # of the records: what a further field must add
_TITLE = re.compile(
    r"\b(?:subject|title|headline|name|summary|rule|betreff|titel|bezeichnung|kurzbeschreibung|objet|"
    r"titre|asunto|título|oggetto|titolo|onderwerp|assunto)\b"
)
_BODY = re.compile(
    r"\b(?:body|message|text|content|description|details|payload|request|query|command|"
    r"command line|cmd|cmdline|url|uri|script|prompt|snippet|raw|log|email|mail|sms|"
    r"beschreibung|nachricht|meldung|inhalt|befehlszeile|kommandozeile|descripción|descrição|"
    r"descrizione|omschrijving|mensaje|mensagem|messaggio|bericht|contenu)\b"
)
# Written after the verdict or because of it: a model that reads it has read the answer.
_AFTERWARDS = re.compile(
    r"\b(?:analysts?|comments?|closing|closed?|closure|conclusion|determination|disposition|"
    r"feedback|findings|investigation|justification|notes?|outcome|playbook|reason|remarks?|"
    r"remediation|resolution|resolved|response|review|root cause|triage|verdict|worklog|"
    r"abschluss\w*|anmerkung\w*|begründung|bemerkung\w*|kommentare?|lösung|ma(?:ß|ss)nahmen?|notiz\w*|"
    r"commentaires?|remarques?|comentarios?|comentários?|commenti|commento|notas?|observaci(?:ón|ones)|"
    r"opmerking\w*|toelichting)\b"
)
_LINK = re.compile(
    r"\b(?:permalink|link|reference|portal|file|filename|path|avatar|image|etag|hash|md5|sha\d*|"
    r"u?uid|guid|sid|cid|ids?|token|cookie|fingerprint)\b"
)
# Who and where: of little use as a text, and other ones in each incident.
_ENTITY = re.compile(
    r"\b(?:host(?:name)?|computer|machine|device|user(?! agent)(?:name)?|account|actor|address|"
    r"ip\w*|mac|domain|dns\w*|group|(?<!user )agent|sensor|tenant|workspace|customer|"
    r"organi[sz]ation)\b"
)
_WHOLE = "event.original"  # the record again, where its parts are fields


def is_afterwards(column: Column) -> bool:
    """Whether the name is that of a text that analysts write."""
    return bool(_AFTERWARDS.search(column.words))


def choose_text(columns: Sequence[Column]) -> list[Column]:
    """The fields that hold free text, titles first; at most four, and those that fill gaps.

    Where there is none, the one field that comes closest: a command line, a URL, a payload. In a
    log of several kinds of records, each kind has fields of its own: further fields are taken
    until nearly every record has one.
    """
    open_ones = [c for c in columns if not is_afterwards(c) and not c.nested and not c.is_number]
    # What one record in fifty has is no text of the sample's, unless all fields are so.
    open_ones = [c for c in open_ones if c.fill >= _GAP] or open_ones
    free = [column for column in open_ones if is_free_text(column)]
    if any(c.fill > 0.5 for c in free if c.name != _WHOLE):
        open_ones = [c for c in open_ones if c.name != _WHOLE]
        free = [c for c in free if c.name != _WHOLE]
    chosen = sorted(free, key=lambda c: -c.mean_length * c.fill)[:_MOST]
    if not chosen:
        near = [column for column in open_ones if _near_text(column)]
        chosen = sorted(near, key=_nearness)[:1]
    chosen += _fillers(chosen, open_ones) if chosen else []
    return sorted(chosen, key=lambda c: (not _TITLE.search(c.words), columns.index(c)))


def _fillers(chosen: Sequence[Column], columns: Sequence[Column]) -> list[Column]:
    """Fields for the records that have none of those that are chosen, most records first.

    Also where those that are chosen have few values: then records would differ in nothing.
    """
    found: list[Column] = []
    rows = columns[0].rows if columns else 0
    able = [c for c in columns if c not in chosen and c.distinct > 1]
    able = [c for c in able if _BODY.search(c.words) or not c.is_identifier]
    able = [c for c in able if not (_LINK.search(c.words) and c.mean_words < 3)]
    while len(found) < _FILLERS and able:
        taken = [*chosen, *found]
        gaps = covered(taken) < rows * _COVERED
        if not gaps and any(c.distinct >= min(_VARIED, rows / 5) for c in taken):
            break
        gains = {c.name: newly_covered(c, taken) if gaps else c.filled for c in able}
        best = max(able, key=lambda c: gains[c.name] * _worth(c))
        if gains[best.name] < rows * _GAP:
            break
        found.append(best)
        able.remove(best)
    return found


def _worth(column: Column) -> float:
    """How much a field's name, length and number of values speak for a text, 0 to 4."""
    named = bool(_BODY.search(column.words) or _TITLE.search(column.words))
    said = 1 + 2 * named + min(column.mean_length, 100) / 100
    if _ENTITY.search(column.words) and not _BODY.search(column.words):
        said /= 10
    return said * min(1.0, column.distinct / _VARIED)


def is_free_text(column: Column) -> bool:
    """Whether a field holds sentences: several words, and not the same few again and again."""
    varied = column.distinct >= 20 or column.distinct > column.filled / 2
    named = bool(_TITLE.search(column.words) or _BODY.search(column.words))
    enough = 1.5 if named else 3.0
    link = _LINK.search(column.words) and column.mean_words < 3
    return varied and column.mean_words >= enough and not column.is_identifier and not link


def _near_text(column: Column) -> bool:
    if column.filled < column.rows / 2 or column.distinct < 2:
        return False
    named = bool(_BODY.search(column.words))
    return named or (not column.is_identifier and column.distinct >= 20)


def _nearness(column: Column) -> tuple[bool, bool, float]:
    named = bool(_BODY.search(column.words))
    return (not named, bool(_LINK.search(column.words)), -column.mean_length)


def others(columns: Iterable[Column], used: Iterable[str]) -> tuple[list[str], list[str]]:
    """Fields that may be read besides: as numbers, and as categories of few values."""
    left = [c for c in columns if c.name not in set(used) and not is_afterwards(c)]
    left = [c for c in left if not c.inside]
    left = [c for c in left if c.filled > c.rows / 2 and c.distinct > 1 and not c.nested]
    numbers = [c.name for c in left if c.is_number and not c.is_unique]
    few = [c for c in left if not c.is_number and c.distinct <= max(20, c.filled // 20)]
    return numbers, [c.name for c in few]
