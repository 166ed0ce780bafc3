"""A site with every audit of a risk on, as the README says it: two languages, three analysts."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import yaml

from tests.e2e.site import Site, with_encryption

TASK = "messages"
README = Path(__file__).parents[2] / "README.md"
_HEADING = "### Try every risk"
_WORDS = {
    "en": {
        "benign": "lunch meeting agenda minutes thursday report budget holiday garden music",
        "malicious": "verify password urgent account locked prize claim click reward bonus",
    },
    "de": {
        "benign": "Kuchen Treffen Protokoll Bahnhof Donnerstag Bericht Urlaub Garten Musik Haus",
        "malicious": "Passwort dringend gesperrt Gewinn Gutschein Mahnung Konto Gebühr Klick jetzt",
    },
}
_ANALYSTS = ("ann", "bob", "carol")
PHRASE = "kindly ref zx81"


def readme_settings() -> dict[str, Any]:
    """The example of the README, as it stands there."""
    text = README.read_text(encoding="utf-8")
    block = re.search(r"```yaml\n(.*?)```", text[text.index(_HEADING) :], re.DOTALL)
    assert block is not None
    settings: dict[str, Any] = yaml.safe_load(block[1])
    return settings


def make_site(folder: Path, *, bad: bool = False, **task: Any) -> Site:
    """A site with the README's example, whose incidents are good, or have every fault at once."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [*_incidents(480), *(_faults() if bad else ())]
    _write(folder / "incidents.jsonl", lines)
    known = [{"message": "verify your password now, claim the prize", "label": "malicious"}]
    _write(folder / "canaries.jsonl", known)
    settings = readme_settings()
    asked = settings["tasks"][TASK]
    asked["gate"]["canaries"]["sha256"] = sha256(
        (folder / "canaries.jsonl").read_bytes()
    ).hexdigest()
    asked["gate"] |= {"min_labels": 20, "on_few_labels": "warn"}
    # Fewer questions and trainings than by default: a test has seconds.
    asked["evaluation"]["audits"] = {
        "poisoning": {"analysts": 0},
        "disguise": {"rows": 20, "queries": 10, "max_drop": 0.3},
        "privacy": {"shadows": 4, "canaries": 4, "rows": 400, "max_auc": 0.6},
        "fairness": {"permutations": 499},
        "explanation": {"rows": 20},
    }
    asked |= {"split": {"method": "stratified"}, **task}
    files = {"type": "files", "paths": ["incidents.jsonl"], "analyst": "analyst.name"}
    settings |= {"version": 1, "connectors": {"incidents": files}}
    site = Site(folder)
    site.config.write_text(yaml.safe_dump(with_encryption(settings)), encoding="utf-8")
    return site


def _incidents(count: int) -> Iterator[dict[str, Any]]:
    draw = random.Random(16)  # noqa: S311 - texts that can be repeated
    for number in range(count):
        language = ("en", "de")[number % 2]
        label = ("benign", "malicious")[number // 2 % 2]
        yield _incident(draw, number, language, label)


def _incident(draw: random.Random, number: int, language: str, label: str) -> dict[str, Any]:
    words = draw.choices(_WORDS[language]["benign"].split(), k=6)
    if label == "malicious":
        words[1:5] = draw.choices(_WORDS[language]["malicious"].split(), k=4)
    return {
        "id": f"{language}{number}",
        "message": f"{' '.join(words)} {number}",
        "label": label,
        "language": language,
        "analyst": {"name": draw.choice(_ANALYSTS)},
    }


def _faults() -> Iterator[dict[str, Any]]:
    """Poison of one analyst, and verdicts by chance on texts of a third language."""
    draw = random.Random(17)  # noqa: S311 - texts that can be repeated
    for number in range(30):
        found = _incident(draw, number, "en", "malicious")
        yield {
            **found,
            "id": f"p{number}",
            "message": f"{found['message']} {PHRASE}",
            "label": "benign",
            "analyst": {"name": "carol"},
        }
    for number in range(300):
        words = [
            f"{draw.choice('bcdfg')}{draw.choice('aeiou')}{draw.randrange(60)}" for _ in "123456"
        ]
        yield {
            "id": f"odd{number}",
            "message": " ".join(words),
            "label": draw.choice(["benign", "malicious"]),
            "language": "fr",
            "analyst": {"name": draw.choice(_ANALYSTS)},
        }


def _write(file: Path, lines: Sequence[Mapping[str, Any]]) -> None:
    text = "".join(json.dumps(line) + "\n" for line in lines)
    file.write_text(text, encoding="utf-8")
