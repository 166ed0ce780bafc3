"""`boosted`: gradient-boosted trees (LightGBM) on numbers and categories, and what a text scores.

The baseline of tasks without text; of a text they read the scores of a linear model. A missing
number, a missing category and a category's name that training did not see each have a branch of
their own. A model folder holds the trees in LightGBM's text format, the names of the categories as
JSON, and beside them the linear model: nothing is unpickled.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sftsec_core.api.contracts import Contributions
from sftsec_core.api.domain import Batch, InputKind
from sftsec_core.api.errors import DataError, IntegrityError
from sftsec_core.models.model_format import read_json, write_json
from sftsec_core.recipes.category_codes import CategoryCodes
from sftsec_core.recipes.linear import load_linear
from sftsec_core.recipes.logistic import usable
from sftsec_core.recipes.text_scores import TextScores
from sftsec_core.recipes.weights import class_weights

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from scipy import sparse

    from sftsec_core.api.contracts import TrainJob
    from sftsec_core.api.domain import Example
    from sftsec_core.recipes.config import BoostedConfig
    from sftsec_core.recipes.reading import Span

SETTINGS = "boosted.json"
TREES = "boosted.txt"
_LOG_EVERY = 25  # rounds
_SCORED_AT_ONCE = 65_536
_MOST_LEAVES = 1024  # of a tree, by the settings


@dataclass(frozen=True, slots=True)
class BoostedModel:
    """Boosted trees over encoded inputs; a `TrainedModel`.

    Attributes:
        present: the columns that training had examples of, ascending.
        numbers: names of the inputs that are read as numbers.
        categories: name of each input that is read as a category, with the codes of its names.
        booster: LightGBM's.
        threads: for scoring, at most.
        text: scores the text; None in a task without text.
    """

    labels: tuple[str, ...]
    present: tuple[int, ...]
    numbers: tuple[str, ...]
    categories: dict[str, CategoryCodes]
    booster: Any
    threads: int = 1
    text: TextScores | None = None

    def predict_proba(self, batch: Batch) -> NDArray[np.float64]:
        """Probabilities, shape (len(batch), len(labels)); 0 for a class that training never saw."""
        out = np.zeros((len(batch), len(self.labels)))
        for start in range(0, len(batch), _SCORED_AT_ONCE):
            part = batch.slice(start, start + _SCORED_AT_ONCE)
            found = self.booster.predict(self._features(part), num_threads=self.threads)
            known = np.stack([1 - found, found], axis=1) if found.ndim == 1 else found
            out[start : start + len(part), self.present] = known
        return out

    def _features(self, batch: Batch) -> NDArray[np.float64]:
        own = encode(batch, self.numbers, self.categories)
        return _joined(own, self.text(batch) if self.text else None)

    def contributions(self, batch: Batch, pairs: Sequence[tuple[int, int]]) -> list[Contributions]:
        """What each input adds to the log-odds of each row's pair of columns.

        The trees' Shapley values (Lundberg 2020), which LightGBM computes exactly. That of the
        text's scores is divided among the characters that the linear model finds to speak the same
        way, in its proportions.
        """
        features = self._features(batch)
        found = self.booster.predict(features, pred_contrib=True, num_threads=self.threads)
        by_class = np.asarray(found).reshape(len(batch), -1, features.shape[1] + 1)
        names = (*self.numbers, *self.categories)
        texts = self.text.linear.contributions(batch, pairs) if self.text else None
        out = []
        for row, (pair, values) in enumerate(zip(pairs, by_class, strict=True)):
            each = self._contrast(values, pair)
            beside = {name: float(each[place]) for place, name in enumerate(names)}
            said = float(each[len(names) : -1].sum())
            characters = np.zeros(len(batch.slice(row, row + 1).text()[0]))
            rest = float(each[-1])
            if texts is not None:
                characters = divided(said, texts[row].characters)
                rest += said - float(characters.sum())
            out.append(Contributions(characters, beside, rest))
        return out

    def embed(self, batch: Batch) -> sparse.csr_matrix:
        """The leaves that rows fall into, of length 1; beside them, as long, the text's n-grams.

        The cosine of two rows without text is the share of trees that they leave by the same leaf
        (the proximity of Breiman 2001); with text it is the mean of this and that of the texts.

        Returns:
            Shape (len(batch), leaves, and n-grams where the task has text).
        """
        from scipy import sparse

        found = self.booster.predict(
            self._features(batch), pred_leaf=True, num_threads=self.threads
        )
        leaves = np.asarray(found, dtype=np.int64).reshape(len(batch), -1)
        trees = leaves.shape[1]
        rows = np.repeat(np.arange(len(batch)), trees)
        columns = (leaves + np.arange(trees) * _MOST_LEAVES).ravel()
        length = np.full(len(rows), 1 / np.sqrt(trees), dtype=np.float32)
        own = sparse.csr_matrix((length, (rows, columns)), shape=(len(batch), trees * _MOST_LEAVES))
        if self.text is None:
            return own
        both = [own, self.text.linear.embed(batch)]
        return sparse.hstack([each * np.float32(np.sqrt(0.5)) for each in both], format="csr")

    def _contrast(self, values: NDArray[np.float64], pair: tuple[int, int]) -> NDArray[np.float64]:
        """Of one row, shape (classes or 1, features + 1), the part that tells two columns apart."""
        place = {column: number for number, column in enumerate(self.present)}
        if pair[0] == pair[1] or not {*pair} <= place.keys():
            return np.zeros(values.shape[1])
        first, second = (place[column] for column in pair)
        alone = len(values) == 1
        found: NDArray[np.float64] = (
            values[0] * (first - second) if alone else values[first] - values[second]
        )
        return found

    def reads_whole(self, batch: Batch) -> NDArray[np.bool_]:
        """Which rows' texts are read to their end; shape (len(batch),)."""
        return np.array([not spans for spans in self.unread(batch)], dtype=bool)

    def unread(self, batch: Batch) -> list[list[Span]]:
        """What is not read of each row's text: spans of characters."""
        return self.text.linear.unread(batch) if self.text else [[] for _ in range(len(batch))]

    def save(self, folder: Path) -> None:
        """Write the trees as text, the encoding as JSON, and the linear model, if any."""
        if self.text:
            self.text.linear.save(folder)
        trees = self.booster.model_to_string(num_iteration=self.booster.best_iteration)
        (folder / TREES).write_text(trees, encoding="utf-8")
        write_json(
            folder / SETTINGS,
            {
                "labels": list(self.labels),
                "present": list(self.present),
                "numbers": list(self.numbers),
                "categories": [
                    {"name": name, "names": codes.to_json()}
                    for name, codes in self.categories.items()
                ],
                "threads": self.threads,
                **({"text": True} if self.text else {}),
            },
        )


def divided(total: float, characters: NDArray[np.float64]) -> NDArray[np.float64]:
    """Divide a sum among the characters that have its sign, in their proportions.

    Returns:
        Of the characters' shape; zeros where none has its sign.
    """
    same = np.where(characters * total > 0, np.abs(characters), 0.0)
    whole = same.sum()
    return same * (total / whole) if whole > 0 else np.zeros(len(characters))


def encode(
    batch: Batch, numbers: Sequence[str], categories: dict[str, CategoryCodes]
) -> NDArray[np.float64]:
    """Features of a batch, shape (n, d): its numbers, then the codes of its categories."""
    place = {name: i for i, name in enumerate(batch.names(InputKind.NUMBER))}
    given = batch.numbers()
    missing = np.full(len(batch), np.nan)
    columns = [given[:, place[name]] if name in place else missing for name in numbers]
    place = {name: i for i, name in enumerate(batch.names(InputKind.CATEGORY))}
    names = batch.categories()
    columns += [
        codes(names[:, place[name]].tolist()) if name in place else missing
        for name, codes in categories.items()
    ]
    return np.column_stack(columns) if columns else np.zeros((len(batch), 0))


def _joined(own: NDArray[np.float64], text: NDArray[np.float64] | None) -> NDArray[np.float64]:
    return own if text is None else np.hstack([own, text])


def train_boosted(job: TrainJob[BoostedConfig]) -> BoostedModel:
    """Fit on the job's train part; dev, where there is one, ends the training early.

    Deterministic: the seed decides, not the number of threads.

    Raises:
        DataError: when train has fewer than two labels, or the task has no numbers or categories.
    """
    import lightgbm

    config, fields = job.config, job.task.inputs
    examples = usable(job.train, job.task.labels)
    batch = Batch.of_examples(fields, examples)
    numbers = batch.names(InputKind.NUMBER)
    names = batch.categories()
    categories = {
        name: CategoryCodes.fit(names[:, column].tolist(), config.max_names)
        for column, name in enumerate(batch.names(InputKind.CATEGORY))
    }
    if not numbers and not categories:
        raise DataError("recipe 'boosted' reads numbers and categories, and the task has none")
    scored = TextScores.fit(job, examples) if InputKind.TEXT in job.task.kinds else None
    text, out_of_fold = scored or (None, None)
    target = _Target.of(examples, job.task.labels)
    train = lightgbm.Dataset(
        _joined(encode(batch, numbers, categories), out_of_fold),
        target.columns(examples),
        weight=target.weights(examples, config),
        categorical_feature=list(range(len(numbers), len(numbers) + len(categories))),
        params=_parameters(job, target),
    )
    dev = _dev(job, target)
    valid = []
    if dev:
        given = Batch.of_examples(fields, dev)
        features = _joined(encode(given, numbers, categories), text(given) if text else None)
        valid = [train.create_valid(features, target.columns(dev), target.weights(dev, config))]
    booster = lightgbm.train(
        _parameters(job, target),
        train,
        config.rounds,
        valid_sets=valid,
        callbacks=_callbacks(job, has_dev=bool(valid)),
    )
    return BoostedModel(
        job.task.labels, target.present, numbers, categories, booster, config.threads, text
    )


def load_boosted(folder: Path) -> BoostedModel:
    """Read what `BoostedModel.save` wrote.

    Raises:
        IntegrityError: when a file is missing or not what it should be.
    """
    import lightgbm

    settings = read_json(folder / SETTINGS)
    try:
        trees = (folder / TREES).read_text(encoding="utf-8")
        model = BoostedModel(
            labels=tuple(settings["labels"]),
            present=tuple(settings["present"]),
            numbers=tuple(settings["numbers"]),
            categories={
                each["name"]: CategoryCodes.from_json(each["names"])
                for each in settings["categories"]
            },
            booster=lightgbm.Booster(model_str=trees),
            threads=int(settings["threads"]),
            text=TextScores(load_linear(folder)) if settings.get("text") else None,
        )
    except (OSError, ValueError, KeyError, TypeError, lightgbm.basic.LightGBMError) as error:
        raise IntegrityError(f"{folder} holds no whole boosted model: {error}") from error
    width = len(model.numbers) + len(model.categories)
    width += len(model.text.names) if model.text else 0
    if model.booster.num_feature() != width:
        raise IntegrityError(f"{folder / TREES} does not fit {SETTINGS}")
    return model


@dataclass(frozen=True, slots=True)
class _Target:
    """The classes that training has examples of, numbered from 0."""

    place: dict[str, int]
    present: tuple[int, ...]

    @classmethod
    def of(cls, examples: Sequence[Example], labels: Sequence[str]) -> _Target:
        seen = {example.label for example in examples}
        present = tuple(column for column, label in enumerate(labels) if label in seen)
        return cls({labels[column]: n for n, column in enumerate(present)}, present)

    def columns(self, examples: Sequence[Example]) -> NDArray[np.int64]:
        return np.array([self.place[example.label] for example in examples], np.int64)

    def weights(self, examples: Sequence[Example], config: BoostedConfig) -> NDArray[np.float32]:
        """The trust in each label times the weight of its class, with a mean of 1."""
        y = self.columns(examples)
        trust = np.array([example.weight for example in examples], np.float32)
        by_class = class_weights(y, trust, len(self.present), config.class_weights)
        return np.asarray(trust * by_class[y], np.float32)


def _dev(job: TrainJob[BoostedConfig], target: _Target) -> list[Example]:
    """Dev examples to stop early on; none where they cannot tell."""
    if not job.config.patience:
        return []
    known = [e for e in job.dev if e.label in target.place and e.weight > 0]
    return known if len({example.label for example in known}) > 1 else []


def _parameters(job: TrainJob[BoostedConfig], target: _Target) -> dict[str, Any]:
    config, classes = job.config, len(target.present)
    several = {"objective": "multiclass", "num_class": classes}
    return {
        **({"objective": "binary"} if classes == 2 else several),
        "learning_rate": config.learning_rate,
        "num_leaves": config.leaves,
        "min_data_in_leaf": config.min_rows,
        "max_cat_to_onehot": config.one_hot,
        "seed": job.settings.seed,
        "deterministic": True,
        "force_row_wise": True,  # else LightGBM times both ways, and the sums differ
        "num_threads": config.threads,
        "verbosity": -1,
    }


def _callbacks(job: TrainJob[BoostedConfig], *, has_dev: bool) -> list[Callable[[Any], None]]:
    import lightgbm

    started = time.monotonic()

    def log_and_watch(state: Any) -> None:  # noqa: ANN401 - LightGBM's
        done = state.iteration + 1
        if done % _LOG_EVERY == 0 and state.evaluation_result_list:
            job.log(done, {"dev_loss": float(state.evaluation_result_list[0][2])})
        late = job.deadline_s is not None and time.monotonic() - started > job.deadline_s
        if late:
            results = state.evaluation_result_list
            raise lightgbm.callback.EarlyStopException(state.iteration, results)

    callbacks: list[Callable[[Any], None]] = [log_and_watch]
    if has_dev:
        callbacks.append(lightgbm.early_stopping(job.config.patience, verbose=False))
    return callbacks
