"""What trainings by DP-SGD spend together, by Opacus's accountant.

Renyi differential privacy (Mironov 2017; of the subsampled Gaussian mechanism, Mironov et al. 2019)
adds up over trainings, which their epsilons do not: the bound of all together is lower than the sum
of their bounds. It takes `pip install 'sftsec[privacy]'`.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from sftsec_core.api.domain.privacy import PrivacySpend
from sftsec_core.api.errors import PluginError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sftsec_core.api.domain import Example

# Whole orders, whose terms are few.
_ORDERS = (*range(2, 33), 40, 48, 64, 128, 256)
_LEAST, _MOST = 0.1, 1000.0  # noise multipliers that are tried


def epsilon_of(spends: Sequence[PrivacySpend], delta: float) -> float:
    """The epsilon of all trainings together; 0 for none.

    Args:
        spends: the trainings, on the same rows or on others.
        delta: chance that the bound fails.

    Raises:
        PluginError: when Opacus is not installed.
    """
    if not spends:
        return 0.0
    rdp = _rdp_module()
    total = np.sum([_renyi(each) for each in spends], axis=0)
    with warnings.catch_warnings():
        # Opacus says that an order at the end of the range was best: the bound holds all the same.
        warnings.simplefilter("ignore", UserWarning)
        return float(rdp.get_privacy_spent(orders=[*_ORDERS], rdp=total, delta=delta)[0])


def noise_for(
    epsilon: float,
    delta: float,
    sample_rate: float,
    steps: int,
    spent: Sequence[PrivacySpend] = (),
) -> float | None:
    """The least noise multiplier whose training keeps an epsilon, to a thousandth.

    Args:
        epsilon: of all trainings together.
        delta: chance that the bound fails.
        sample_rate: chance that a step draws a row.
        steps: of the training.
        spent: by trainings before it.

    Returns:
        None where no noise is enough, since what was spent takes all.

    Raises:
        PluginError: when Opacus is not installed.
    """
    tried = PrivacySpend(_MOST, sample_rate, steps)
    if epsilon_of((*spent, tried), delta) > epsilon:
        return None
    least, most = _LEAST, _MOST
    while most - least > least / 1000:
        middle = (least + most) / 2
        if epsilon_of((*spent, replace(tried, noise_multiplier=middle)), delta) <= epsilon:
            most = middle
        else:
            least = middle
    return most


@lru_cache(maxsize=4096)
def _renyi(spend: PrivacySpend) -> NDArray[np.float64]:
    rdp = _rdp_module()
    found = rdp.compute_rdp(
        q=spend.sample_rate,
        noise_multiplier=spend.noise_multiplier,
        steps=spend.steps,
        orders=[*_ORDERS],
    )
    return np.asarray(found, np.float64)


@lru_cache
def _rdp_module() -> Any:  # noqa: ANN401 - a module
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from opacus.accountants.analysis import rdp
    except ImportError as error:
        raise PluginError(
            "the privacy that was spent is computed by Opacus: pip install 'sftsec[privacy]'"
        ) from error
    return rdp


def one_a_cluster(examples: Sequence[Example]) -> list[Example]:
    """The first of each cluster that can be learned from; one below 0 is alone."""
    seen: set[int] = set()
    kept = []
    for each in examples:
        if each.weight > 0 and (each.cluster < 0 or each.cluster not in seen):
            seen.add(each.cluster)
            kept.append(each)
    return kept
