"""How the sites' models become one: Flower's strategies behind a bound on each update.

`mean` is FedAvg (McMahan et al. 2017), with no defence. The others first cut each update to the
median length of all. `trimmed_mean` and `median` work on each weight alone (Yin et al. 2018),
`krum` keeps the models nearest to each other (Blanchard et al. 2017). Sites whose incidents differ
look to these like liars, so `reviewed` weighs each model by how well it ranks the other sites'
incidents: what a site with turned labels sends ranks them worse than chance, and counts nothing.
"""

from __future__ import annotations

import logging
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from sftsec_core.api import TrainingError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from sftsec_federated.config import FederationSettings

_MOST = 3.0  # times the median of the sites' rows that one site's model counts, at most
_CHANCE = 0.5


def bounded(
    models: Sequence[NDArray[np.float32]], start: NDArray[np.float32]
) -> list[NDArray[np.float32]]:
    """Cut each model's way from the start to the median length of all."""
    ways = [model - start for model in models]
    lengths = [float(np.linalg.norm(way.astype(np.float64))) for way in ways]
    bound = float(np.median(lengths))
    return [
        start + way * np.float32(min(1.0, bound / length if length else 1.0))
        for way, length in zip(ways, lengths, strict=True)
    ]


def counted_rows(rows: Sequence[int]) -> list[float]:
    """What each site's rows count: a site cannot claim its way to the whole model."""
    most = _MOST * float(np.median(rows))
    return [min(float(each), most) for each in rows]


def trust_of(reviews: Mapping[str, Mapping[str, float]], names: Sequence[str]) -> list[float]:
    """What each model's ranking is worth to the other sites, in 0..1.

    Args:
        reviews: site to (site whose model it is to the area under the curve on its incidents).
        names: the sites, in the models' order.

    Returns:
        Twice what the median of the other sites' areas is above chance; 1 where none could tell.
    """
    found = []
    for name in names:
        areas = [seen[name] for site, seen in reviews.items() if site != name and name in seen]
        found.append(max(0.0, 2 * (float(np.median(areas)) - _CHANCE)) if areas else 1.0)
    return found


def join(
    settings: FederationSettings,
    models: Sequence[NDArray[np.float32]],
    weights: Sequence[float],
    number: int,
) -> NDArray[np.float32]:
    """Join one round's models by the strategy of the settings.

    Args:
        settings: `method` and `hostile`.
        models: of one shape.
        weights: of each; their sum is above 0.
        number: of the round.

    Raises:
        TrainingError: when a strategy cannot work with so few sites.
    """
    least = 2 * settings.hostile + 1
    if settings.method in ("trimmed_mean", "krum") and len(models) < least:
        raise TrainingError(
            f"{settings.method} against {settings.hostile} hostile sites needs updates of {least}, "
            f"and {len(models)} came: set hostile lower or method to reviewed"
        )
    strategy = _strategy(settings, len(models))
    joined, _ = strategy.aggregate_train(number, _replies(models, weights))
    return np.asarray(joined.to_numpy_ndarrays()[0], np.float32)


def _strategy(settings: FederationSettings, sites: int) -> Any:  # noqa: ANN401 - Flower's Strategy
    strategies = flower("flwr.serverapp.strategy")
    if settings.method == "trimmed_mean":
        return strategies.FedTrimmedAvg(beta=settings.hostile / sites)
    if settings.method == "median":
        return strategies.FedMedian()
    if settings.method == "krum":
        return strategies.MultiKrum(
            num_malicious_nodes=settings.hostile, num_nodes_to_select=sites - settings.hostile
        )
    return strategies.FedAvg()


def _replies(models: Sequence[NDArray[np.float32]], weights: Sequence[float]) -> list[Any]:
    """The models as Flower's messages have them."""
    app = flower("flwr.app")
    out = []
    for number, (model, weight) in enumerate(zip(models, weights, strict=True)):
        content = app.RecordDict(
            {
                "arrays": app.ArrayRecord([np.ascontiguousarray(model)]),
                "metrics": app.MetricRecord({"num-examples": float(weight)}),
            }
        )
        metadata = app.Metadata(
            run_id=0,
            message_id="",
            src_node_id=number,
            dst_node_id=0,
            reply_to_message_id="",
            group_id="",
            created_at=0.0,
            ttl=1.0,
            message_type="train",
        )
        out.append(app.Message(metadata=metadata, content=content))
    return out


def flower(module: str) -> Any:  # noqa: ANN401 - a module of Flower
    """A module of Flower, imported quietly: it uses names that click will drop."""
    from importlib import import_module

    logging.getLogger("flwr").setLevel(logging.WARNING)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return import_module(module)
