"""The last steps: L-BFGS at the server over the sum of the sites' gradients.

Where sites differ, the mean of their models is not the model of all their rows. The sum of their
gradients is that of all rows, so steps along it lead there (Nocedal 1980 for the steps). A site
whose model counted nothing has no say, and a gradient is cut to thrice the median length. With
`reviewed` the sites compare the result with what it began from, and it is kept only if it ranks
no worse.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import numpy as np

from sftsec_federated.frame import Frame
from sftsec_federated.head import penalty_of
from sftsec_federated.joining import counted_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sftsec_federated.rounds import Federation

_METHODS = ("mean", "reviewed")
_MOST = 3.0  # times the median length of the sites' gradients
_WORSE = 0.02  # of the area under the curve, by the median site


class NotEnoughError(Exception):
    """Too few gradients came for a step."""


def polish(federation: Federation) -> None:
    """Improve the joined model; it stays as it is where sites are missing or find it worse."""
    from scipy.optimize import minimize

    settings, state = federation.settings, federation.state
    if not settings.polish or settings.method not in _METHODS or not state.rounds:
        return
    names = [name for name, told in state.rounds[-1]["sites"].items() if told["trust"] > 0]
    if len(names) < 2:  # a liar that is left out does not keep the others from it
        return
    federation.say(f"{len(names)} sites send gradients, {settings.polish} times at most")
    shape = state.weights.shape

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        value, slope = _summed(federation, names, flat.reshape(shape))
        return value, slope.ravel()

    options = {"maxfun": settings.polish}
    begin = state.weights.astype(np.float64).ravel()
    try:
        found = minimize(loss, begin, jac=True, method="L-BFGS-B", options=options)
    except NotEnoughError:
        federation.exchange.count("gradients of too few sites")
        return
    better = np.asarray(found.x, np.float32).reshape(shape)
    if settings.method == "mean" or _holds(federation, names, better):
        state.weights = better
    else:
        federation.exchange.count("last steps found worse by the sites")


def _summed(
    federation: Federation, names: Sequence[str], weights: NDArray[np.float64]
) -> tuple[float, NDArray[np.float64]]:
    """The loss and the gradient over the rows of all sites.

    Raises:
        NotEnoughError: when one of the sites did not answer: the sum would be another function.
    """
    settings = federation.settings
    head = {"id": secrets.token_hex(8), "kind": "gradient"}
    asked = Frame(head, {"weights": weights.astype(np.float32)})
    answers = federation.exchange.ask(names, asked, settings.round_timeout.total_seconds())
    if set(answers) != set(names):
        raise NotEnoughError
    told: Any = federation.state.rounds[-1]["sites"]
    rows = [int(told[name]["rows"]) for name in names]
    counted = [float(n) for n in rows] if settings.method == "mean" else counted_rows(rows)
    share = np.array(counted) / sum(counted)
    slopes = [answers[name].arrays["weights"].astype(np.float64) for name in names]
    if settings.method != "mean":
        lengths = [float(np.linalg.norm(slope)) for slope in slopes]
        bound = _MOST * float(np.median(lengths))
        slopes = [s * min(1.0, bound / n) if n else s for s, n in zip(slopes, lengths, strict=True)]
    more, inner = penalty_of(weights, sum(counted))
    value = sum(w * float(answers[n].head["loss"]) for w, n in zip(share, names, strict=True))
    slope = sum(w * s for w, s in zip(share, slopes, strict=True))
    return float(value) + more, np.asarray(slope) + inner


def _holds(federation: Federation, names: Sequence[str], better: NDArray[np.float32]) -> bool:
    """Whether the median site finds that the result ranks no worse."""
    timeout = federation.settings.round_timeout.total_seconds()
    answers = federation.reviews(names, [federation.state.weights, better], timeout)
    areas = [frame.head["areas"] for frame in answers.values()]
    gains = [after - before for before, after in areas if None not in (before, after)]
    return not gains or float(np.median(gains)) >= -_WORSE
