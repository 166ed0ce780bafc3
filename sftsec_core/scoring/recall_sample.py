"""A random sample of what raises no alert: verdicts on it tell how many attacks are missed.

Whether an incident is drawn depends on a hash of its uid and the model's digest, keyed by the
site's salt: a page that is scored again after a kill draws the same, and so does a rescan
(permanent random numbers; Brewer, Early and Joyce, 1972). Without the salt no one can tell what is
drawn, even with the model in hand. Alerts that a plugin suppresses are not drawn: the model has
found them.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from sftsec_core.api.domain import Action
from sftsec_core.scoring.decision import review_request

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sftsec_core.api.domain import LabelRequest
    from sftsec_core.scoring.decision import ScoringDecision
    from sftsec_core.scoring.scorer import Scorer

_BITS = 64


@dataclass(frozen=True, slots=True)
class RecallSample:
    """How much is drawn.

    Attributes:
        probability: of each incident without an alert: 0 (nothing is drawn) to 1.
        salt: this site's secret, 32 bytes.
    """

    probability: float = 0.0
    salt: bytes = field(default=b"", repr=False)

    def __post_init__(self) -> None:
        if self.probability and not self.salt:
            raise ValueError("draws need the site's salt: without it anyone can tell them")


_REASON = "drawn at random among what raised no alert, to find out how many attacks are missed"


NO_SAMPLE = RecallSample()


def draw_requests(decisions: Sequence[ScoringDecision], scorer: Scorer) -> tuple[LabelRequest, ...]:
    """Draw each incident without an alert with the probability of `scorer.recall_sample`.

    Args:
        decisions: of a page.
        scorer: what decided; each of its models has draws of its own.

    Returns:
        A request for a verdict on each that is drawn, in the page's order.
    """
    sample = scorer.recall_sample
    bound = round(sample.probability * (1 << _BITS))
    return tuple(
        replace(review_request(each, scorer), reason=_REASON)
        for each in decisions
        if bound
        and each.action is not Action.ALERT
        and _number(each.incident.uid, scorer.model_digest, sample.salt) < bound
    )


def _number(uid: str, model: str, salt: bytes) -> int:
    """A number of 64 bits, uniform over uids."""
    text = f"{model}\0{uid}".encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(text, digest_size=_BITS // 8, key=salt).digest())
