"""The reference of a model: what it was made of, and how it did on its test part; holds no text."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from sftsec_core.api.errors import IntegrityError
from sftsec_core.api.predictions import attack_scores
from sftsec_core.drift.ageing import ScoredBlocks
from sftsec_core.drift.compare import Null, point_null, psi_null
from sftsec_core.drift.features import Binning, edges_of, has_text, place_of, points, template
from sftsec_core.drift.sketch import LABEL, SCORE, TEXT, Rows, Sketch

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray

    from sftsec_core.api.domain import Inputs, TaskSpec

FORMAT = 3
_MOST_ROWS = 5000  # read of the training data, spread over all


class OtherFormatError(IntegrityError):
    """A reference that another version of sftsec wrote."""


@dataclass(frozen=True, slots=True)
class HeldOut:
    """The model on what it was not fitted to: the dev and the test part.

    Attributes:
        inputs: of n events, in the order of their times.
        proba: calibrated probabilities, shape (n, k).
        decided: the columns that the decider chose, shape (n,).
        y: the true columns, shape (n,).
        tested: which are of the test part, shape (n,).
        fresh: which had inputs that the training part has not, nor those before them, shape (n,).
        at: the times of the events (UTC), None where one has none; empty where none are known.
    """

    inputs: Sequence[Inputs]
    proba: NDArray[np.float64]
    decided: NDArray[np.int64]
    y: NDArray[np.int64]
    tested: NDArray[np.bool_]
    fresh: NDArray[np.bool_]
    at: Sequence[datetime | None] = ()


@dataclass(frozen=True, slots=True)
class EventReader:
    """How events are counted: the same for the reference and for each window.

    Attributes:
        binnings: input to its bins.
        score_edges: of the bins of the model's score.
        text: whether texts have points.
        columns: how many labels there are.
        benign: the benign column; None where every class is an attack.
    """

    binnings: Mapping[str, Binning]
    score_edges: tuple[float, ...]
    text: bool
    columns: int
    benign: int | None

    def bins(self) -> dict[str, int]:
        """The number of bins of each input, of the score and of the label."""
        found = {name: each.bins for name, each in self.binnings.items()}
        return {**found, SCORE: len(self.score_edges) + 2, LABEL: self.columns}

    def rows(
        self,
        inputs: Sequence[Inputs],
        proba: NDArray[np.float64],
        decided: NDArray[np.int64],
        key: bytes,
        judged: NDArray[np.float64] | None = None,
    ) -> Rows:
        """Read events.

        Args:
            inputs: of n events.
            proba: calibrated probabilities, shape (n, k).
            decided: the columns that were decided on, shape (n,).
            key: the secret that their templates are hashed with.
            judged: what verdicts said of the inputs before, shape (n, k); None: none judged them.
        """
        places = {
            name: each.places([row.get(name) for row in inputs])
            for name, each in self.binnings.items()
        }
        places[SCORE] = place_of(self.score_edges, _scores(proba, self.benign).tolist())
        keys = np.array([template(row, key) for row in inputs], dtype=np.int64)
        # Alerts repeat themselves: each text is read once.
        _, first, place = np.unique(keys, return_index=True, return_inverse=True)
        once = [inputs[number] if self.text else {} for number in first.tolist()]
        if judged is None:
            judged = np.zeros((len(keys), self.columns))
        return Rows(keys, {**places, LABEL: decided}, points(once)[place], decided, judged)


@dataclass(frozen=True, slots=True)
class Reference:
    """What windows are compared with.

    Attributes:
        labels: the columns, as the model was trained.
        reader: how events are counted.
        inputs: the sketch of the training data.
        test: the sketch of the test part, whose scores the model did not learn.
        nulls: input, `TEXT`, `SCORE` or `LABEL` to what its statistic is without a drift.
        eigenvalues: of the covariance of texts' points.
        blocks: what it was not fitted to, by true and by decided column, in the order of the times;
            of inputs that were new.
    """

    labels: tuple[str, ...]
    reader: EventReader
    inputs: Sketch
    test: Sketch
    nulls: Mapping[str, Null]
    eigenvalues: NDArray[np.float64]
    blocks: ScoredBlocks

    @classmethod
    def of(cls, task: TaskSpec, training: Sequence[Inputs], held: HeldOut, key: bytes) -> Self:
        """Read the training data and what the model was not fitted to.

        Args:
            task: inputs and labels; the labels are the columns.
            training: the inputs of all parts, in the order of their times.
            held: the model on the dev and the test part.
            key: the secret that templates are hashed with.
        """
        training = _spread(training)
        reader = _reader(task, training, held.proba[held.tested])
        k = len(task.labels)
        blank = np.full((len(training), k), 1 / k)
        read = reader.rows(training, blank, np.zeros(len(training), dtype=np.int64), key)
        rows = read.distinct()
        scored = reader.rows(held.inputs, held.proba, held.decided, key)
        tested = scored.take(held.tested).distinct()
        eigenvalues = _eigenvalues(rows.points) if reader.text else np.zeros(0)
        bins = reader.bins()
        nulls = {name: psi_null(rows.places[name], bins[name]) for name in reader.binnings}
        for name in (SCORE, LABEL):
            nulls[name] = psi_null(tested.places[name], bins[name])
        if reader.text:
            nulls[TEXT] = point_null(rows.points, eigenvalues)
        return cls(
            tuple(task.labels),
            reader,
            Sketch.of(rows, bins),
            Sketch.of(tested, bins),
            nulls,
            eigenvalues,
            ScoredBlocks.of_new(held.y, held.decided, scored.keys, held.at, held.fresh, k),
        )

    def to_json(self) -> str:
        """Write it, with the format's number."""
        reader = self.reader
        body = {
            "format": FORMAT,
            "labels": list(self.labels),
            "binnings": {name: each.to_json() for name, each in reader.binnings.items()},
            "score_edges": list(reader.score_edges),
            "text": reader.text,
            "columns": reader.columns,
            "benign": reader.benign,
            "inputs": self.inputs.to_json(),
            "test": self.test.to_json(),
            "nulls": {name: asdict(each) for name, each in self.nulls.items()},
            "eigenvalues": self.eigenvalues.tolist(),
            "blocks": self.blocks.to_json(),
        }
        return json.dumps(body, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote.

        Raises:
            OtherFormatError: when another version wrote it.
            IntegrityError: when it is something else.
        """
        try:
            body = json.loads(text)
            if body["format"] != FORMAT:
                raise OtherFormatError(f"the drift reference is of format {body['format']}")
            reader = EventReader(
                {name: Binning.from_json(each) for name, each in body["binnings"].items()},
                tuple(body["score_edges"]),
                body["text"],
                body["columns"],
                body["benign"],
            )
            return cls(
                tuple(body["labels"]),
                reader,
                Sketch.from_json(body["inputs"]),
                Sketch.from_json(body["test"]),
                {name: Null(**each) for name, each in body["nulls"].items()},
                np.array(body["eigenvalues"], dtype=np.float64),
                ScoredBlocks.from_json(body["blocks"]),
            )
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise IntegrityError(f"the drift reference is damaged: {error}") from error


def _reader(task: TaskSpec, training: Sequence[Inputs], tested: NDArray[np.float64]) -> EventReader:
    benign = None if task.benign is None else task.labels.index(task.benign)
    return EventReader(
        {
            each.name: Binning.fit(each.kind, [row.get(each.name) for row in training])
            for each in task.inputs
        },
        edges_of(_scores(tested, benign).tolist()),
        has_text(task.inputs),
        len(task.labels),
        benign,
    )


def _scores(proba: NDArray[np.float64], benign: int | None) -> NDArray[np.float64]:
    """The probability of an attack; of the most probable class where every class is one."""
    return proba.max(axis=1, initial=0.0) if benign is None else attack_scores(proba, benign)


def _eigenvalues(found: NDArray[np.float32]) -> NDArray[np.float64]:
    if len(found) < 2:
        return np.zeros(0)
    values = np.linalg.eigvalsh(np.cov(found.T.astype(np.float64)))
    return np.asarray(values[values > 0], dtype=np.float64)


def _spread(rows: Sequence[Inputs]) -> Sequence[Inputs]:
    if len(rows) <= _MOST_ROWS:
        return rows
    return [rows[place] for place in np.linspace(0, len(rows) - 1, _MOST_ROWS).astype(int)]
