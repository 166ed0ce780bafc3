"""Count the pulled verdicts by value, with the labels that tasks make of them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from sftsec_core.api.domain import Permission
from sftsec_core.api.domain.verdict_words import fold_word
from sftsec_core.operations.authorize import authorize

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sftsec_core.config.settings import Settings
    from sftsec_core.operations.context import Context

UNDETERMINED = "undetermined"


@dataclass(frozen=True, slots=True)
class LabelCount:
    """How often a connector's analysts gave one verdict.

    Attributes:
        value: the platform's word.
        verdicts: how many there are.
        automated: how many of them a machine gave.
        labels: task to the label that it makes of the value; empty when no task knows it.
    """

    connector: str
    value: str
    verdicts: int
    automated: int
    labels: Mapping[str, str]

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)


def label_stats(context: Context, *, connector: str | None = None) -> list[LabelCount]:
    """Return the counts by connector and value, the most frequent first."""
    authorize(context.actor, Permission.READ)
    return [
        LabelCount(
            count.connector,
            count.value,
            count.verdicts,
            count.automated,
            labels_of(context.settings, count.connector, count.value),
        )
        for count in context.store.verdicts.stats(connector)
    ]


def labels_of(settings: Settings, connector: str, value: str) -> dict[str, str]:
    """Task to the label that it makes of a verdict; "undetermined" where that says nothing."""
    found: dict[str, str] = {}
    for name, task in settings.tasks.items():
        if task.connector != connector:
            continue
        for label, values in task.labels.items():
            if fold_word(value) in map(fold_word, values):
                found[name] = label
        if fold_word(value) in map(fold_word, task.verdicts.undetermined):
            found.setdefault(name, UNDETERMINED)
    return found
