"""A random sample of what raises no alert: verdicts on it tell how many attacks are missed.

Whether an incident is drawn hangs on a hash of its uid, keyed by the model: a page that is scored
again after a kill draws the same, and so does a rescan (permanent random numbers; Brewer, Early and
Joyce, 1972). Alerts that a plugin suppresses are not drawn: the model has found them.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from sftsec_core.api.domain import Action
from sftsec_core.scoring.decision import review_request

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sftsec_core.api.domain import LabelRequest
    from sftsec_core.scoring.decision import ScoringDecision
    from sftsec_core.scoring.scorer import Scorer

_BITS = 64
_REASON = "drawn at random among what raised no alert, to find out how many attacks are missed"


def draw_requests(decisions: Sequence[ScoringDecision], scorer: Scorer) -> tuple[LabelRequest, ...]:
    """Draw each incident without an alert with the probability `scorer.recall_sample`.

    Args:
        decisions: of a page.
        scorer: what decided; its model's digest is the key of the draws.

    Returns:
        A request for a verdict on each that is drawn, in the page's order.
    """
    bound = round(scorer.recall_sample * (1 << _BITS))
    return tuple(
        replace(review_request(each, scorer), reason=_REASON)
        for each in decisions
        if bound
        and each.action is not Action.ALERT
        and _number(each.incident.uid, scorer.model_digest) < bound
    )


def _number(uid: str, model: str) -> int:
    """A number of 64 bits, uniform over uids."""
    text = uid.encode("utf-8", "surrogatepass")
    key = model.encode()[: hashlib.blake2b.MAX_KEY_SIZE]
    return int.from_bytes(hashlib.blake2b(text, digest_size=_BITS // 8, key=key).digest())
