"""Models that learned from incidents that were forgotten since: for how long they may still serve.

They serve until the next training replaces them, `registry.replace_within` at most: a site that
had to stop at once would scan nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sftsec_core.api.errors import GateRefusedError

if TYPE_CHECKING:
    from sftsec_core.api.domain import ModelRef
    from sftsec_core.operations.context import Context

_SHORT = 12


@dataclass(frozen=True, slots=True)
class Outdated:
    """What a model has learned that it should not know.

    Attributes:
        since: when the incidents were forgotten (UTC).
        until: until when the model may serve.
    """

    since: datetime
    until: datetime

    @property
    def over(self) -> bool:
        """Whether the time is over."""
        return datetime.now(UTC) >= self.until

    def line(self) -> str:
        """For a person."""
        end = "may not serve since" if self.over else "has to be replaced by"
        return (
            f"learned from incidents that were forgotten on {self.since:%Y-%m-%d}, "
            f"{end} {self.until:%Y-%m-%d %H:%M} UTC"
        )


def outdated_models(context: Context) -> dict[str, Outdated]:
    """The models that learned from what was forgotten since, by digest."""
    allowed = context.settings.registry.replace_within
    marked = context.store.erasures.outdated()
    return {digest: Outdated(since, since + allowed) for digest, since in marked.items()}


def check_in_time(context: Context, model: ModelRef) -> None:
    """Let a model serve that has not learned from what was forgotten, or may still do so.

    Raises:
        GateRefusedError: when it should have been replaced by now.
    """
    found = outdated_models(context).get(model.digest)
    if found is not None and found.over:
        raise GateRefusedError(
            f"model {model.digest[:_SHORT]} {found.line()}: `sftsec retrain {model.task}` makes "
            "one without them"
        )
