"""What the words of consoles mean: an attack, none, or nothing yet.

The consoles' words, in English and in the languages of their neighbours, those of public data
sets, and a few rules for words around them. A word that may mean either ("suspicious", "phishing
simulation") is not guessed.
"""

from __future__ import annotations

import re
from enum import StrEnum

from sftsec_core.config.words import BENIGN_POSITIVE, FALSE_POSITIVE, MALICIOUS, PHISHING


class Meaning(StrEnum):
    """What a verdict says."""

    BENIGN = "benign"
    MALICIOUS = "malicious"
    UNDETERMINED = "undetermined"


# Beside the words of `sftsec_core.config.words`.
_BENIGN = """
    allowed|approved|authorized|expected|false alarm|false alert|genuine|good|goodware|ham|harmless|
    informational|innocent|legal|legit|legitimate activity|line of business application|
    maintenance|negative|no attack|no issue|no threats found|not an attack|not an issue|
    not an incident|ok|okay|safe|security test|tn|true negative|trusted|whitelisted|0|false|no|
    n|nein|non|nej|
    bedrohungsfrei|erwartet|falsch positiv|falscher alarm|falschmeldung|fehlalarm|gutartig|harmlos|
    kein angriff|kein vorfall|legitim|sauber|unbedenklich|ungefährlich|unschädlich|
    bénin|bénigne|fausse alerte|faux positif|inoffensif|légitime|sain|
    benigno|falsa alarma|falsa alarme|falso allarme|falso positivo|inofensivo|innocuo|legittimo|
    legítimo|
    goedaardig|legitiem|loos alarm|onschadelijk|vals alarm|vals positief
"""
_MALICIOUS = """
    abnormal|abuse|account compromise|anomalous|apt|attacker|bad|bec|botnet|brute force|
    business email compromise|c2|cmdi|code injection|command and control|command injection|
    compromised account|confirmed attack|credential theft|csrf|data exfiltration|ddos|
    defacement|directory traversal|dos|evil|exfiltration|exploit|false negative|fn|fraud|
    fraudulent|harmful|hostile|infected|injection|intrusion|jailbreak|lateral movement|lfi|
    malicious user activity|multi staged attack|path traversal|positive|privilege escalation|
    prompt injection|ransomware|rce|rfi|smishing|spyware|sql injection|sqli|ssrf|threat|trojan|
    true alarm|true alert|true attack|unauthorized|unsafe|virus|vishing|worm|xss|xxe|1|true|yes|y|
    ja|oui|
    angriff|betrug|bösartig|echt positiv|gefährlich|kompromittiert|richtig positiv|schadhaft|
    schadsoftware|schädlich|wahr positiv|
    attaque|frauduleux|hameçonnage|malicieux|malveillant|vrai positif|
    ataque|attacco|fraude|malevolo|malicioso|maligno|verdadero positivo|verdadeiro positivo|
    vero positivo|
    aanval|echt alarm|kwaadaardig|schadelijk|terecht positief
"""
_UNDETERMINED = """
    -|?|assigned|closed|disposition:0|disposition:5|disposition:6|duplicate|duplicated|escalated|
    in progress|inconclusive|indeterminate|insufficient data|n/a|na|nan|needs review|
    new|no decision|none|not applicable|not set|null|on hold|open|opened|other|pending|reopened|
    resolved|tbd|unassigned|unclassified|unconfirmed|undetermined|unknown|unspecified|
    under investigation|under review|undefined|#n/a|blank|empty|
    ausstehend|geschlossen|in bearbeitung|keine|neu|nicht bewertet|offen|unbekannt|unklar|
    en cours|fermé|inconnu|nouveau|ouvert|
    abierto|aperto|cerrado|chiuso|desconocido|desconhecido|nuevo|sconosciuto|
    gesloten|nieuw|onbekend
"""

# Of these, what stands in the field before anyone has judged: the record is one to score.
_NOT_YET = """
    -|?|assigned|disposition:0|disposition:6|in progress|n/a|na|nan|needs review|new|no decision|
    none|not applicable|not set|null|on hold|open|opened|pending|reopened|tbd|unassigned|undefined|
    undetermined|under investigation|under review|unspecified|#n/a|blank|empty|
    ausstehend|in bearbeitung|keine|neu|nicht bewertet|offen|en cours|nouveau|ouvert|abierto|aperto|
    nuevo|nieuw
"""


def _table(words: str) -> frozenset[str]:
    return frozenset(word.strip() for word in words.replace("\n", " ").split("|"))


# Words that say yes or no to the column's name, and so mean what that asks.
ANSWERS = frozenset(
    {"0", "1", "true", "false", "yes", "no", "y", "n", "ja", "nein", "oui", "non", "nej"}
)
# What was done with a record: a yes to it is no verdict of either kind.
_DONE = re.compile(
    r"\b(?:acknowledged|archived|assigned|blocked|closed|completed|dismissed|enriched|handled|hidden|"
    r"ignored|muted|notified|processed|read|resolved|reviewed|seen|silenced|snoozed|suppressed|"
    r"triaged)$"
)
_OPEN = re.compile(
    r"\b(?:drill|exercise|expected|likely|maybe|perhaps|possible|possibly|potential|pentest|probable|"
    r"probably|simulated|simulation|suspected|test|testing|training|unlikely)\b"
)
_NOT = re.compile(r"^(?:not|non|no|un|isn t|is not|not a|not an|no sign of)\s+(.+)$")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z][a-z])")
_BETWEEN = re.compile(r"[\s_\-.,;/()\[\]'\u2013\u2014]+")
_WHOLE = re.compile(r"(-?\d+)\.0+")
_ASKS_FOR_BENIGN = re.compile(
    r"\b(?:benign|clean|false positive|fp|ham|harmless|legit|legitimate|normal|safe|trusted)\b"
)


def plain(word: str) -> str:
    """A word without case, joints and the zeros of a decimal: "TruePositive" is "true positive"."""
    spaced = _CAMEL.sub(" ", word.strip())
    joined = _BETWEEN.sub(" ", spaced).strip().casefold()
    whole = _WHOLE.fullmatch(word.strip())
    return whole[1] if whole else joined or word.strip().casefold()


_MEANING = {
    **dict.fromkeys(map(plain, _table(_BENIGN)), Meaning.BENIGN),
    **dict.fromkeys(map(plain, (*FALSE_POSITIVE, *BENIGN_POSITIVE)), Meaning.BENIGN),
    **dict.fromkeys(map(plain, _table(_MALICIOUS)), Meaning.MALICIOUS),
    **dict.fromkeys(map(plain, (*MALICIOUS, *PHISHING)), Meaning.MALICIOUS),
    **dict.fromkeys(map(plain, _table(_UNDETERMINED)), Meaning.UNDETERMINED),
}


_PLACEHOLDERS = frozenset(map(plain, _table(_NOT_YET)))


def is_placeholder(word: str) -> bool:
    """Whether a word stands in a verdict's field before anyone has judged: "Not set", "n/a"."""
    said = plain(word)
    return said in _PLACEHOLDERS or _says_nothing(said)


def _says_nothing(said: str) -> bool:
    """Whether it has no letter and no digit: "--", "???"."""
    return bool(said) and not said.strip("-_?./*#\u2013\u2014")


def meaning_of(word: str, column: str = "") -> Meaning | None:
    """What a word means as a verdict; None when it is not known.

    Args:
        word: as the platform writes it.
        column: the name of its field: "no" under "is_phishing" is benign, under "legitimate"
            it is not, and under "archived" it says nothing.
    """
    said = plain(word)
    if said in ANSWERS and _DONE.search(plain(column)):
        return None
    if said in ANSWERS and _ASKS_FOR_BENIGN.search(plain(column)):
        return _opposite(_MEANING[said])
    if said in _MEANING:
        return _MEANING[said]
    if _says_nothing(said):
        return Meaning.UNDETERMINED
    if refused := _NOT.match(said):
        inner = _MEANING.get(refused[1])
        return None if inner is Meaning.UNDETERMINED else _opposite(inner)
    return _of_phrase(said)


def _opposite(meaning: Meaning | None) -> Meaning | None:
    opposites = {Meaning.BENIGN: Meaning.MALICIOUS, Meaning.MALICIOUS: Meaning.BENIGN}
    return None if meaning is None else opposites.get(meaning, meaning)


def _of_phrase(said: str) -> Meaning | None:
    """The meaning of several words: what all that are known agree on."""
    for words, meaning in (
        ("false positive", Meaning.BENIGN),
        ("benign", Meaning.BENIGN),
        ("true positive", Meaning.MALICIOUS),
        ("false negative", Meaning.MALICIOUS),
    ):
        if re.search(rf"\b{words}\b", said):
            return meaning
    if _OPEN.search(said) or " not " in f" {said} ":
        return None
    parts = said.split()
    runs = {
        " ".join(parts[start:end])
        for start in range(len(parts))
        for end in range(start + 1, min(start + 3, len(parts)) + 1)
    }
    known = {_MEANING[run] for run in runs - ANSWERS if run in _MEANING}
    known -= {Meaning.UNDETERMINED}
    return known.pop() if len(known) == 1 and len(parts) > 1 else None
