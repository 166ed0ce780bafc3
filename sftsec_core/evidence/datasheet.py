"""The datasheet of a model's training data.

The sections and their questions are those of "Datasheets for Datasets" (Gebru et al., 2021), as
far as a data set of verdicts has an answer. What sftsec cannot know is said to be missing, with who
has to say it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sftsec_core.evidence.datasheet_words import CATALOGUE, UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Mapping

PAPER = 'Gebru et al., "Datasheets for Datasets", Communications of the ACM 64 (12), 2021'


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasheetFacts:
    """What is known of a data set; every name of a person is a pseudonym.

    Attributes:
        task: the task's name.
        data: of the model's card, what it says of its training data.
        settings: of the task, as the run had them.
        parts: rows by part and label.
        sources: connector to its kind and its rows where they are known.
        fields: name and kind of each field of the snapshot.
        steps: what cleaned and redacted the rows, with their settings.
        step_counts: what each step changed.
        snapshot: its digest; None where the model names none.
        at_hand: whether the snapshot is still there.
        seal: number and hash of the verdicts that the audit log sealed last; None without.
        created_at: of the model, ISO 8601 (UTC).
    """

    task: str
    data: Mapping[str, Any]
    settings: Mapping[str, Any]
    parts: Mapping[str, Mapping[str, int]]
    sources: Mapping[str, Mapping[str, Any]]
    fields: tuple[Mapping[str, str], ...] = ()
    steps: Mapping[str, Any] = field(default_factory=dict)
    step_counts: Mapping[str, Any] = field(default_factory=dict)
    snapshot: str | None = None
    at_hand: bool = False
    seal: Mapping[str, Any] | None = None
    created_at: str | None = None


def build_datasheet(facts: DatasheetFacts) -> dict[str, Any]:
    """Answer the questions of the paper.

    Returns:
        JSON values: "format", "paper", "task", "snapshot" and "sections", each with a "title" and
        "questions": "question", "answer" (a sentence, a mapping or a list) and "known".
    """
    sections = []
    for title, questions in CATALOGUE:
        answered = []
        for question, answer in questions:
            found = answer if isinstance(answer, str) else answer(facts)
            known = found is not None and found != "" and not isinstance(answer, str)
            answered.append({"question": question, "answer": found or UNKNOWN, "known": known})
        sections.append({"title": title, "questions": answered})
    return {
        "format": 1,
        "paper": PAPER,
        "task": facts.task,
        "snapshot": facts.snapshot,
        "sections": sections,
    }


def unanswered(datasheet: Mapping[str, Any]) -> list[str]:
    """The questions that sftsec cannot answer."""
    return [
        each["question"]
        for section in datasheet["sections"]
        for each in section["questions"]
        if not each["known"]
    ]
