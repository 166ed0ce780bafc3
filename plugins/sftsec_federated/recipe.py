"""The recipe `federated`: a site joins, trains its head each round, and keeps the joined model.

What comes of it is the recipe's model as of any other: the site's own calibration, threshold,
audits, gate and signature decide on it. A site that is killed joins again under its token.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sftsec_core.api import Batch, DataError, InputKind, TrainingError
from sftsec_federated.client import FederationClient, check_plan
from sftsec_federated.features import SharedFeatures
from sftsec_federated.frame import Frame
from sftsec_federated.head import fit_head, loss_of, probabilities, rows_of, skill
from sftsec_federated.model import FederatedModel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from scipy import sparse

    from sftsec_core.api import Example, TrainJob
    from sftsec_federated.config import FederatedConfig


@dataclass(frozen=True, slots=True)
class LocalData:
    """What a site trains on and reviews by; none of it leaves the site.

    Attributes:
        rows: features, shape (n, d).
        y: columns of the labels in the federation's order, shape (n,).
        trust: weight of each row, shape (n,).
    """

    rows: sparse.csr_matrix
    y: NDArray[np.int64]
    trust: NDArray[np.float64]


def train_federated(job: TrainJob[FederatedConfig]) -> FederatedModel:
    """Join the federation, take part in its rounds, and take its model.

    Raises:
        DataError: when no row can be learned from.
        ConfigError: when the federation refuses the site: its token, or another task.
        ConnectorError: when the server cannot be reached for `retry_timeout`.
        TrainingError: when the time for training ends before the rounds.
    """
    learned = [each for each in job.train if each.weight > 0]
    if not learned:
        raise DataError("training needs an example of weight above 0")
    batch = Batch.of_examples(job.task.inputs, ())
    numbers = tuple(sorted(batch.names(InputKind.NUMBER)))
    categories = tuple(sorted(batch.names(InputKind.CATEGORY)))
    counts = Counter(each.label for each in learned)
    site = {
        "labels": sorted(job.task.labels),
        "numbers": numbers,
        "categories": categories,
        "counts": {label: counts.get(label, 0) for label in sorted(job.task.labels)},
    }
    client = FederationClient(job.config, site)
    try:
        plan = check_plan(client.join())
        features = SharedFeatures(plan["places"], plan["max_chars"], numbers, categories)
        return _take_part(job, client, features, plan["steps"], learned)
    finally:
        client.close()


def _take_part(
    job: TrainJob[FederatedConfig],
    client: FederationClient,
    features: SharedFeatures,
    steps: int,
    learned: Sequence[Example],
) -> FederatedModel:
    order = tuple(sorted(job.task.labels))
    data = read_examples(job, features, learned, order)
    judged = read_examples(job, features, [*learned, *job.dev], order)
    deadline = None if job.deadline_s is None else time.monotonic() + job.deadline_s
    shape = (rows_of(len(order)), features.width + 1)
    while (asked := client.next_order(deadline)) is not None:
        if asked.head.get("kind") == "review":
            client.reply(_review(asked, judged, shape))
            continue
        if asked.head.get("kind") == "gradient":
            client.reply(_gradient(asked, data, shape, job.config))
            continue
        frame = _train(asked, data, shape, steps, job.config)
        refusal = client.reply(frame)
        job.log(int(asked.head.get("round", 0)), {"refused": float(refusal is not None)})
    frame = client.model()
    weights = _weights(frame, "weights", shape)
    notes = {
        "rounds": frame.head.get("rounds"),
        "method": frame.head.get("method"),
        "bytes_sent": client.sent,
        "bytes_received": client.received,
    }
    return FederatedModel(tuple(job.task.labels), order, features, weights, {"federation": notes})


def read_examples(
    job: TrainJob[FederatedConfig],
    features: SharedFeatures,
    examples: Sequence[Example],
    order: tuple[str, ...],
) -> LocalData:
    """The rows of examples, their labels as columns of `order`."""
    rows = features(Batch.of_examples(job.task.inputs, examples))
    y = np.array([order.index(each.label) for each in examples])
    return LocalData(rows, y, np.array([each.weight for each in examples], np.float64))


def _train(
    asked: Frame, data: LocalData, shape: tuple[int, int], steps: int, config: FederatedConfig
) -> Frame:
    start = _weights(asked, "weights", shape)
    classes = 2 if shape[0] == 1 else shape[0]
    model = fit_head(data.rows, np.eye(classes)[data.y], data.trust, start, steps)
    head = {"id": asked.head.get("id"), "kind": "train", "rows": int(np.ceil(data.trust.sum()))}
    return Frame(head, {"weights": protected(model, start, config)})


def _gradient(
    asked: Frame, data: LocalData, shape: tuple[int, int], config: FederatedConfig
) -> Frame:
    """The loss of the joined model on this site's rows, and its gradient."""
    at = _weights(asked, "weights", shape)
    classes = 2 if shape[0] == 1 else shape[0]
    value, slope = loss_of(data.rows, np.eye(classes)[data.y], data.trust, at)
    head = {"id": asked.head.get("id"), "kind": "gradient", "loss": value}
    sent = protected(np.asarray(slope, np.float32), np.zeros(shape, np.float32), config)
    return Frame({**head, "rows": int(np.ceil(data.trust.sum()))}, {"weights": sent})


def protected(
    model: NDArray[np.float32], start: NDArray[np.float32], config: FederatedConfig
) -> NDArray[np.float32]:
    """A model as it leaves the site: its way from the start cut to `clip`, with `noise` on it.

    The noise is drawn from the operating system's randomness: with a seed it would hide nothing.
    """
    way = (model - start).astype(np.float64) * config.drill
    if config.clip is not None:
        way *= min(1.0, config.clip / max(float(np.linalg.norm(way)), 1e-12))
        way += np.random.default_rng().normal(scale=config.noise * config.clip, size=way.shape)
    return np.asarray(start + way, np.float32)


def _review(asked: Frame, data: LocalData, shape: tuple[int, int]) -> Frame:
    """How well each site's model ranks this site's incidents."""
    count = int(asked.head.get("models", 0))
    areas = [
        skill(probabilities(data.rows, _weights(asked, str(at), shape)), data.y)
        for at in range(count)
    ]
    return Frame({"id": asked.head.get("id"), "kind": "review", "areas": areas})


def _weights(frame: Frame, name: str, shape: tuple[int, int]) -> NDArray[Any]:
    """Weights that the server sent.

    Raises:
        TrainingError: when they are of another shape, or not finite.
    """
    found = frame.arrays.get(name)
    if found is None or found.shape != shape or not np.isfinite(found).all():
        raise TrainingError("the federation's server sent weights that cannot be used")
    return np.asarray(found, np.float32)
