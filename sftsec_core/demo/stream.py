"""A deterministic stream of incidents with the awkwardness of real ones.

Phishing mail, URLs and command lines; one in six malicious; personal data in the texts; exact
and near duplicates; second opinions that agree, that differ and that say nothing; wrong labels.
The same seed gives the same bytes.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from sftsec_core.demo import phrases as ph

START = datetime(2026, 1, 1, tzinfo=UTC)
SPAN = timedelta(days=60)
MALICIOUS_SHARE = 1 / 6
ANALYSTS = ("alice", "bruno", "chen")
# The verdicts of two platforms' analysts, so that the label map has something to do.
WORDS_MALICIOUS = ("true_positive", "malicious")
WORDS_BENIGN = ("false_positive", "benign_positive", "benign")


@dataclass(frozen=True, slots=True)
class Record:
    """One line of the stream.

    Attributes:
        uid: the incident's id; a second opinion repeats it.
        fields: nested ECS.
        malicious: the truth, which the analysts may miss.
        verdict: the word in the label field; None while it is unlabelled.
    """

    uid: str
    at: datetime
    fields: dict[str, Any]
    malicious: bool
    verdict: str | None = None
    analyst: str | None = None
    judged_at: datetime | None = field(default=None)

    def to_json(self) -> dict[str, Any]:
        """The line as the files connector reads it; the truth stays out of it."""
        line: dict[str, Any] = {"id": self.uid, "@timestamp": self.at.isoformat(), **self.fields}
        if self.verdict is not None:
            line["label"] = self.verdict
            line["analyst"] = {"name": self.analyst}
            line["judged_at"] = (self.judged_at or self.at).isoformat()
        return line


def generate(rows: int, *, seed: int = 7) -> Iterator[Record]:
    """Make about `rows` judged incidents in the order of their time, with second opinions."""
    rng = Random(seed)  # noqa: S311 - a reproducible stream, not a secret
    recent: list[Record] = []
    for number in range(rows):
        at = START + SPAN * (number / rows)
        record = _copy_of(rng, recent, at, number) if rng.random() < 0.15 and recent else None
        record = record or _fresh(rng, at, number)
        recent = [*recent[-200:], record]
        yield from _judged(rng, record)


def generate_open(rows: int, *, seed: int = 8) -> Iterator[Record]:
    """Make `rows` unlabelled incidents from after the labelled ones."""
    rng = Random(seed)  # noqa: S311 - as above
    for number in range(rows):
        at = START + SPAN + timedelta(minutes=number)
        yield replace(_fresh(rng, at, number), uid=f"open-{number:06d}")


def _fresh(rng: Random, at: datetime, number: int) -> Record:
    malicious = rng.random() < MALICIOUS_SHARE
    kind = rng.choices((_mail, _url, _command), weights=(7, 2, 3))[0]
    host = {"name": f"{rng.choice(ph.HOSTS)}-{rng.randrange(400):03d}"}
    fields = kind(rng, malicious, min(1.0, (at - START) / SPAN))
    return Record(f"inc-{number:06d}", at, {**fields, "host": host}, malicious)


def _copy_of(rng: Random, recent: list[Record], at: datetime, number: int) -> Record:
    """The same campaign again: word for word, or with a character or two changed."""
    first = rng.choice(recent)
    fields = dict(first.fields)
    if rng.random() < 0.6 and "message" in fields:
        fields["message"] += rng.choice((".", " ", "!", f" {rng.randrange(9)}"))
    return replace(first, uid=f"inc-{number:06d}", at=at, fields=fields)


def _judged(rng: Random, record: Record) -> Iterator[Record]:
    wrong = rng.random() < 0.01
    first = _verdict(rng, record, record.malicious != wrong, rng.choice(ANALYSTS), hours=2)
    yield first
    if rng.random() < 0.06:
        others = [name for name in ANALYSTS if name != first.analyst]
        agrees = rng.random() < 0.6
        second = _verdict(rng, record, record.malicious == agrees, rng.choice(others), hours=30)
        yield replace(second, verdict="undetermined") if rng.random() < 0.2 else second


def _verdict(rng: Random, record: Record, malicious: bool, analyst: str, hours: int) -> Record:
    word = rng.choice(WORDS_MALICIOUS if malicious else WORDS_BENIGN)
    judged_at = record.at + timedelta(hours=hours)
    return replace(record, verdict=word, analyst=analyst, judged_at=judged_at)


# --- the three kinds ----------------------------------------------------------------------------


def _mail(rng: Random, malicious: bool, progress: float) -> dict[str, Any]:
    asks = _in_fashion(ph.ASK_PHISH if malicious else ph.ASK_BENIGN, progress)
    ordinary = _in_fashion(ph.ASK_BENIGN, progress)
    # A careful phisher writes one ordinary sentence before the hook; so does everybody else.
    body = [rng.choice(ph.GREET), rng.choice(ordinary if rng.random() < 0.6 else asks)]
    body += [rng.choice(asks), rng.choice(ph.CLOSE)]
    slots = _slots(rng, malicious)
    text = "\n".join(_fill(line, slots) for line in body)
    subject = _fill(rng.choice(ph.SUBJECT_BOTH), slots)
    return {"email": {"subject": subject}, "message": text}


def _in_fashion(lines: Sequence[str], progress: float) -> Sequence[str]:
    """The lines in use at a time: campaigns come and go, and the next one has other words."""
    width = len(lines) * 9 // 10
    first = round(progress * (len(lines) - width))
    return lines[first : first + width]


def _url(rng: Random, malicious: bool, _progress: float) -> dict[str, Any]:
    return {"url": {"full": _bad_url(rng) if malicious else _good_url(rng)}}


def _command(rng: Random, malicious: bool, progress: float) -> dict[str, Any]:
    lines = _in_fashion(ph.MALICIOUS_COMMANDS if malicious else ph.BENIGN_COMMANDS, progress)
    return {"process": {"command_line": _fill(rng.choice(lines), _slots(rng, malicious))}}


def _good_url(rng: Random) -> str:
    query = f"?id={rng.randrange(10**6)}" if rng.random() < 0.5 else ""
    return f"https://{rng.choice(ph.BENIGN_SITES)}/{rng.choice(ph.PATHS)}{query}"


def _bad_url(rng: Random) -> str:
    lure = "-".join(rng.sample(ph.LURE_WORDS, 2))
    host = rng.choice(
        (
            f"{lure}.example.{rng.choice(('com', 'net', 'org'))}",
            f"192.0.2.{rng.randrange(1, 255)}",
            f"portal.example.org.{lure}.invalid",
            f"xn--{rng.choice(ph.WORDS)}-{rng.randrange(100)}a.invalid",
            f"{rng.choice(ph.BENIGN_SITES).replace('example', 'examp1e')}.invalid",
        )
    )
    tail = rng.choice(("", f"?u={rng.choice(ph.FIRST)}", f"/{rng.randrange(10**5)}", ".php"))
    return f"http{rng.choice(('', 's'))}://{host}/{rng.choice(ph.PATHS)}{tail}"


def _slots(rng: Random, malicious: bool) -> dict[str, Callable[[], str]]:
    first, last = rng.choice(ph.FIRST), rng.choice(ph.LAST)
    return {
        "t": lambda: rng.choice(ph.TOPICS),
        "d": lambda: rng.choice(ph.DEADLINES),
        "n": lambda: first,
        "e": lambda: f"{first}.{last}@{rng.choice(ph.BENIGN_SITES)}",
        "p": lambda: f"+49 30 {rng.randrange(10**6, 10**7)}",
        "u": lambda: _bad_url(rng) if malicious else _good_url(rng),
        "c": lambda: _card(rng),
        "k": lambda: str(rng.randrange(1000, 99999)),
        "o": lambda: str(rng.randrange(1, 255)),
        "w": lambda: rng.choice(ph.WORDS),
        "b": lambda: _blob(rng),
        "team": lambda: rng.choice(ph.TEAMS),
    }


def _fill(template: str, slots: dict[str, Callable[[], str]]) -> str:
    for name, value in slots.items():
        while f"{{{name}}}" in template:
            template = template.replace(f"{{{name}}}", value(), 1)
    return template


def _card(rng: Random) -> str:
    """A number that passes Luhn's check, in the range reserved for tests."""
    digits = [4, 1, 1, 1, *(rng.randrange(10) for _ in range(11))]
    doubled = [d * 2 - 9 * (d > 4) if i % 2 == 0 else d for i, d in enumerate(digits)]
    return "".join(map(str, [*digits, -sum(doubled) % 10]))


def _blob(rng: Random) -> str:
    raw = hashlib.sha256(str(rng.random()).encode()).digest()
    return base64.b64encode(raw).decode()
