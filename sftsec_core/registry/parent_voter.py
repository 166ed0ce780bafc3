"""The voter that holds a derived model to the one that it was made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import Field

from sftsec_core.api.contracts import VoterSpec
from sftsec_core.api.domain import Vote
from sftsec_core.api.settings.values import Strict

if TYPE_CHECKING:
    from sftsec_core.api.domain import EvalReport
    from sftsec_core.api.settings.task import GateSettings

NAME = "keeps_parent"
_ROUNDING = 1e-9  # of a difference of two figures
DERIVED = "derived_from"  # the key of a report's data, and of a card's details


class ParentSettings(Strict):
    """`gate.voters.keeps_parent`."""

    max_loss: float = Field(
        0.002, ge=0, le=1, description="Macro-F1 that a derived model may lose, 0 to 1."
    )


def keeps_parent(
    config: ParentSettings,
    candidate: EvalReport,
    _incumbent: EvalReport | None,
    _policy: GateSettings,
) -> Vote | None:
    """Reject a derived model that loses more macro-F1 than `max_loss`, on dev or on test.

    Both models are judged on the same rows with one calibrator and one decider, so that what is
    lost is what the derivation costs there. A model that is not derived gets no vote.
    """
    derived = candidate.data.get(DERIVED)
    if derived is None:
        return None
    parts: Mapping[str, Mapping[str, Any]] = derived["agreement"]
    told, approve = [], "test" in parts
    for name, each in parts.items():
        ours, theirs = each["macro_f1"], each["parent_macro_f1"]
        if ours is None or theirs is None:
            told.append(f"{name}: macro-F1 undefined")
            approve = False
            continue
        approve &= theirs - ours <= config.max_loss + _ROUNDING
        told.append(
            f"{name}: macro-F1 {100 * ours:.2f} against {100 * theirs:.2f}, "
            f"{each['same']:.2%} of {each['rows']:,} decided alike"
        )
    words = "; ".join(told) or "it was not compared"
    allowed = f"at most {100 * config.max_loss:.1f} points may be lost"
    return Vote(NAME, approve, f"beside {derived['parent'][:12]}: {words} ({allowed})")


VOTER: VoterSpec[Any] = VoterSpec(
    name=NAME,
    summary="A derived model loses no more macro-F1 than 0.2 points to the one it was made of.",
    config_model=ParentSettings,
    vote=keeps_parent,
)
