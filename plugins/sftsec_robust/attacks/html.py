"""HTML: case of tags and attributes, entities in attribute values, comments."""

from __future__ import annotations

import re
from random import Random

from sftsec_core.api import AttackTarget, EmptyConfig
from sftsec_robust.attacks.padding import plain_words
from sftsec_robust.scan import Token, any_case, rewrite_some

_NAME = re.compile(r"(?<=<)/?[a-zA-Z][a-zA-Z0-9]*|(?<=[\s/])[a-zA-Z-]+(?=\s*=\s*[\"'])")
_VALUE = re.compile(r"=\s*(?:\"(?P<double>[^\"<>]+)\"|'(?P<single>[^'<>]+)')(?=[^<>]*>)")


def html_case(_config: EmptyConfig, target: AttackTarget, random: Random) -> str:
    """Names of tags and attributes, which ignore case."""
    names = [Token("name", match.start(), match[0]) for match in _NAME.finditer(target.text)]
    return rewrite_some(target.text, names, lambda name: any_case(name, random), random)


def html_entities(_config: EmptyConfig, target: AttackTarget, random: Random) -> str:
    """Letters of attribute values as character references."""
    values = [
        Token("value", match.start(name), match[name])
        for match in _VALUE.finditer(target.text)
        if (name := match.lastgroup) is not None and "&" not in match[name]
    ]

    def encoded(value: str) -> str:
        form = random.choice(("&#{};", "&#x{:x};", "&#{:07d};"))
        share = random.choice((0.3, 1.0))
        return "".join(
            form.format(ord(c)) if c.isalnum() and random.random() <= share else c for c in value
        )

    return rewrite_some(target.text, values, encoded, random)


def html_pad(_config: EmptyConfig, target: AttackTarget, random: Random) -> str:
    """A paragraph of benign words in front, or a comment of them behind."""
    words = plain_words(target, random)
    if random.random() < 0.5 and target.text.lstrip().startswith("<"):
        return f"<p>{words}</p>{target.text}"
    return f"{target.text}<!-- {words} -->"
