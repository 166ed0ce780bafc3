"""What a task may say of labelling functions: rules that vote on incidents that no one judged.

tasks:
phishing:
unlabelled: {}
labelling_functions:
prizes: {kind: regex, fields: [email.body], pattern: "(?i)you have won", label: malicious}
blocklist: {kind: indicators, fields: [url.domain], file: bad.txt, label: malicious}
gateway: {kind: verdict_of, field: gateway.verdict, labels: {benign: [clean, good]}}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import Field

from sftsec_core.api.errors import unknown
from sftsec_core.api.settings.paths import ConfigPath
from sftsec_core.api.settings.values import Strict
from sftsec_core.api.settings.words import word_key


class _OneLabelFunction(Strict):
    """Votes for one label, by what stands in some fields."""

    fields: tuple[str, ...] = Field(min_length=1, description="Dotted ECS fields, each searched.")
    label: str = Field(description="The label that it votes for.")

    @property
    def reads(self) -> tuple[str, ...]:
        """The fields that it reads."""
        return self.fields

    @property
    def votes_for(self) -> tuple[str, ...]:
        """The labels that it may vote for."""
        return (self.label,)


class RegexFunction(_OneLabelFunction):
    """Votes where a pattern is found in a field."""

    kind: Literal["regex"] = "regex"
    pattern: str = Field(
        min_length=1,
        description="In RE2's syntax, which takes time linear in the text and has no "
        "look-around and no back-reference; (?i) ignores case.",
    )


class IndicatorFunction(_OneLabelFunction):
    """Votes where a field holds an address, a domain or a hash of a list."""

    kind: Literal["indicators"] = "indicators"
    fields: tuple[str, ...] = Field(
        min_length=1, description="Dotted ECS fields; a text or a URL is searched for them."
    )
    file: ConfigPath = Field(
        description="One a line: an IP address or a network (10.0.0.0/8), a domain, which stands "
        "for those below it too, or a hash; what follows a # is a comment."
    )


class VerdictFunction(Strict):
    """Votes as another tool did, whose verdict stands in a field."""

    kind: Literal["verdict_of"] = "verdict_of"
    field: str = Field(description="The dotted ECS field with the other tool's verdict.")
    labels: dict[str, tuple[str, ...]] = Field(
        min_length=1,
        description="Label to the tool's words for it, as the task's own `labels`; on another "
        "word it does not vote.",
    )

    @property
    def reads(self) -> tuple[str, ...]:
        """The fields that it reads."""
        return (self.field,)

    @property
    def votes_for(self) -> tuple[str, ...]:
        """The labels that it may vote for."""
        return tuple(self.labels)

    def by_word(self) -> dict[str, str]:
        """The form of each word in which words are compared, to its label.

        Raises:
            ValueError: when a word stands for two labels.
        """
        found: dict[str, str] = {}
        for label, words in self.labels.items():
            for word in words:
                other = found.setdefault(word_key(word), label)
                if other != label:
                    raise ValueError(f"the word {word!r} stands for both {other!r} and {label!r}")
        return found


FunctionSettings = Annotated[
    RegexFunction | IndicatorFunction | VerdictFunction, Field(discriminator="kind")
]


class WeakLabelSettings(Strict):
    """Which labels that labelling functions give are learned from."""

    min_confidence: float = Field(
        0.7, gt=0, lt=1, description="Probability from which the label of an incident is taken."
    )
    max_ratio: float = Field(
        50.0,
        gt=0,
        description="Rows added of a class at most, for each of its labelled rows in train.",
    )


def problem_of_functions(
    functions: Mapping[str, FunctionSettings], labels: Mapping[str, object]
) -> str | None:
    """What is wrong with the functions of a task, apart from what they read; None where nothing is.

    Args:
        functions: by name.
        labels: of the task.
    """
    return next(_problems(functions, labels), None)


def _problems(
    functions: Mapping[str, FunctionSettings], labels: Mapping[str, object]
) -> Iterator[str]:
    for name, function in functions.items():
        place = f"labelling_functions.{name}"
        for label in function.votes_for:
            if label not in labels:
                yield f"{place}: {unknown('label', label, labels)}"
        if isinstance(function, VerdictFunction):
            try:
                function.by_word()
            except ValueError as error:
                yield f"{place}.labels: {error}"
