"""A made-up stream of incidents for the ingest benchmark: mails, URLs, command lines, with PII.

Deterministic by seed and written a line at a time. A tenth of the lines are near-duplicates of
one of the last lines; each names what it copies in a field that no task reads.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice
from random import Random
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

NEAR_SHARE = 0.1
_RECENT = 5000
_START = datetime(2026, 1, 1, tzinfo=UTC)
_SYLLABLES = tuple(
    a + b for a in "bcdfghklmnprstvwz" for b in ("a", "e", "i", "o", "u", "an", "er")
)
_TOPICS = ("invoice", "account", "delivery", "meeting", "password", "report", "order", "contract")
_TOOLS = (
    "powershell.exe -nop -enc",
    "curl -s -o /tmp/x",
    "wget -q",
    "bash -c",
    "certutil -urlcache",
)


class _Words:
    """Pseudo-words, drawn from one large set so that texts differ as real ones do."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._set = tuple(
            "".join(random.choices(_SYLLABLES, k=random.choice((2, 2, 3, 3, 4))))
            for _ in range(20_000)
        )

    def some(self, count: int) -> str:
        return " ".join(self._random.choices(self._set, k=count))

    def one(self) -> str:
        return self._random.choice(self._set)


def write_corpus(
    path: Path, rows: int, seed: int = 13, more: tuple[int, Path] | None = None
) -> int:
    """Write `rows` JSON lines.

    Args:
        path: of the file.
        rows: its lines.
        seed: of what is drawn.
        more: so many lines that would follow, and the file that they go to.

    Returns:
        How many of the first file's are near-duplicates.
    """
    random = Random(seed)  # noqa: S311 - a benchmark, not a secret
    records = _records(rows + (more[0] if more else 0), random)
    planted = _write(path, islice(records, rows))
    if more:
        _write(more[1], records)
    return planted


def _write(path: Path, records: Iterable[dict[str, Any]]) -> int:
    planted = 0
    with path.open("wb", buffering=1 << 20) as stream:
        for record in records:
            planted += "copy_of" in record
            stream.write(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE))
    return planted


def _records(rows: int, random: Random) -> Iterator[dict[str, Any]]:
    words = _Words(random)
    recent: list[tuple[str, str, str, str]] = []
    for number in range(rows):
        uid = f"evt-{number:09d}"
        extra = {}
        if recent and random.random() < NEAR_SHARE:
            source, field, text, label = random.choice(recent)
            text = _vary(text, words, random)
            extra = {"copy_of": source}
        else:
            field, text = _fresh(words, random)
            label = random.choice(("malicious", "benign", "benign", "benign"))
            entry = (uid, field, text, label)
            if len(recent) < _RECENT:
                recent.append(entry)
            else:
                recent[random.randrange(_RECENT)] = entry
        yield _record(number, uid, field, text, label) | extra


def _record(number: int, uid: str, field: str, text: str, label: str) -> dict[str, Any]:
    time = _START + timedelta(seconds=number)
    return {
        "id": uid,
        "@timestamp": time.isoformat(),
        "event": {"kind": "alert", "dataset": field.partition(".")[0]},
        "host": {"name": f"host-{number % 997}", "ip": f"10.{number % 250}.{number % 199}.7"},
        "message": text,
        "label": label,
    }


def _fresh(words: _Words, random: Random) -> tuple[str, str]:
    draw = random.random()
    if draw < 0.4:
        return "email", _mail(words, random)
    if draw < 0.7:
        return "url", _url(words, random)
    return "process", _command(words, random)


def _mail(words: _Words, random: Random) -> str:
    text = (
        f"Subject: {random.choice(_TOPICS)} {words.some(4)}. Dear {words.one()}, {words.some(28)}."
    )
    draw = random.random()
    if draw < 0.3:
        number = random.randrange(10**6, 10**7)
        text += f" Write to {words.one()}@{words.one()}.example or call +49 30 {number}."
    elif draw < 0.35:
        text += f" Card {_card(random)}, IBAN DE89 3704 0044 0532 0130 00."
    return text


def _url(words: _Words, random: Random) -> str:
    path = "/".join(words.one() for _ in range(random.randint(2, 5)))
    query = (
        f"id={random.getrandbits(64):x}&s={words.one()}&mail={words.one()}@{words.one()}.example"
    )
    token = f"&token={random.getrandbits(96):024x}" if random.random() < 0.2 else ""
    return f"https://{words.one()}-{words.one()}.example/{path}?{query}{token}"


def _command(words: _Words, random: Random) -> str:
    target = f"http://{words.one()}.example/{words.one()}/{random.getrandbits(48):x}"
    home = f"/home/{words.one()}" if random.random() < 0.5 else f"C:\\Users\\{words.one()}"
    return f"{random.choice(_TOOLS)} {target} --out {home}/{words.one()} # {words.some(8)}"


def _vary(text: str, words: _Words, random: Random) -> str:
    """Change a little: a word at the end, the case of one letter, a doubled blank."""
    draw = random.random()
    if draw < 0.5:
        return f"{text} {words.one()[:4]}"
    place = random.randrange(len(text))
    if draw < 0.8:
        return text[:place] + text[place].swapcase() + text[place + 1 :] + "!"
    return f"{text}  ."


def _card(random: Random) -> str:
    digits = [4] + [random.randrange(10) for _ in range(14)]
    doubled = sum(d if i % 2 else sum(divmod(2 * d, 10)) for i, d in enumerate(digits))
    return "".join(map(str, [*digits, -doubled % 10]))
