"""How well explanations tell what a model goes by, on labelled data.

    deletion    words are taken out in the order of their contributions; the area under the
                probability of the explained label: the lower, the better (Petsiuk 2018, "RISE")
    insertion   words are put into an empty text in that order; the higher, the better
    randomised  rank correlation (Spearman) of the words' contributions with those of the same model
                with its learnt weights permuted, of an encoder those of all its layers: near 0, or
                the explanation does not depend on the model (Adebayo 2018, "Sanity Checks for
                Saliency Maps")
    time        explaining what becomes a detection, as a part of scoring all rows

Each beside words in random order and beside occlusion that may score as many rows as the method
costs passes through the model.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from sftsec_core.api.contracts import ExplainerSpec, ExplainJob, TrainJob, sole_model
from sftsec_core.api.domain import TEXT_INPUT, Batch
from sftsec_core.api.errors import DataError
from sftsec_core.api.settings.task import TrainSettings
from sftsec_core.bench.quality_data import BenchDataset, limit_train, read_dataset
from sftsec_core.plugins import Plugins, get

if TYPE_CHECKING:
    from sftsec_core.api.contracts import RecipeSpec, TrainedModel

EXPLAINER, PLUGIN = "words", "explain"
LEAST_WORDS = 5  # of a text whose words are ranked: fewer have no order to speak of
STEPS = 10  # points of a curve
# Rows that occlusion may score for what a method costs: two passes over the n-grams, or six forward
# and backward passes through an encoder, which take as long as so many rows that are scored.
SAME_COST = {"exact": 4, "gradients": 24, "occlusion": 24}
Order = Sequence[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class ExplainedModel:
    """A fitted model with the rows that it calls an attack.

    Attributes:
        model: fitted on the set's training rows.
        rows: texts of the test part that are explained.
        pairs: of each the column that is explained, and the one against it.
        test: all texts of the test part.
        flagged: how many of them the model calls an attack.
    """

    model: TrainedModel
    rows: Batch
    pairs: Sequence[tuple[int, int]]
    test: Batch
    flagged: int


def run_explain_bench(
    folders: Sequence[Path],
    recipe: RecipeSpec[Any],
    *,
    seeds: Sequence[int] = (13,),
    rows: int = 100,
    limit: int | None = None,
) -> Iterator[dict[str, Any]]:
    """Fit a recipe on each set and measure its explanations.

    Args:
        folders: each with train, dev and test as `bench quality` takes them.
        recipe: makes the models.
        seeds: of fits, draws and random orders.
        rows: texts that are explained, at most.
        limit: training rows that are drawn; None for all.

    Yields:
        A row of figures for each set and seed.

    Raises:
        DataError: when a set cannot be read, or has no text with an attack that is long enough.
        PluginError: when the plugin `explain` is not whole.
    """
    plugins = Plugins((PLUGIN,))
    plugins.require()
    spec = get("explainer", EXPLAINER, plugins.specs(ExplainerSpec))
    for folder in folders:
        dataset = read_dataset(folder)
        for seed in seeds:
            with TemporaryDirectory() as workdir:
                fitted = _fit(dataset, recipe, seed, rows, limit, Path(workdir))
            yield {"dataset": dataset.name, "recipe": recipe.name, "seed": seed} | _measure(
                fitted, spec, seed
            )


def _fit(
    dataset: BenchDataset,
    recipe: RecipeSpec[Any],
    seed: int,
    most: int,
    limit: int | None,
    workdir: Path,
) -> ExplainedModel:
    job: TrainJob[Any] = TrainJob(
        task=dataset.task,
        train=limit_train(dataset.train, limit, seed),
        dev=dataset.dev,
        config=recipe.configure({}),
        settings=TrainSettings(seed=seed),
        workdir=workdir,
    )
    model = recipe.fit(job)
    benign = dataset.task.labels.index(dataset.task.benign) if dataset.task.benign else 0
    test = Batch.of_examples(dataset.task.inputs, dataset.test)
    found = model.predict_proba(test).argmax(axis=1)
    flagged = np.flatnonzero(found != benign)
    texts = test.text()
    long = [int(row) for row in flagged if len(texts[row].split()) >= LEAST_WORDS]
    if not long:
        raise DataError(f"{dataset.name}: the model flags no text of {LEAST_WORDS} words or more")
    drawn = np.random.default_rng(seed).permutation(long)[:most].tolist()
    pairs = [(int(found[row]), benign) for row in drawn]
    return ExplainedModel(model, test.take(drawn), pairs, test, len(flagged))


def _measure(fitted: ExplainedModel, spec: ExplainerSpec[Any], seed: int) -> dict[str, Any]:
    own = _orders(fitted, spec, {})
    rows = SAME_COST[own.method]
    same = _orders(fitted, spec, {"method": "occlusion", "rows": rows})
    rng = np.random.default_rng(seed)
    chance = [[tuple(each) for each in rng.permutation(order)] for order in own.orders]
    figures: dict[str, Any] = {"method": own.method, "explained": len(fitted.rows)}
    for name, orders in (
        ("", own.orders),
        ("occlusion_", same.orders),
        ("random_", chance),
    ):
        deletion, insertion = _curves(fitted, orders)
        figures |= {f"{name}deletion": deletion, f"{name}insertion": insertion}
    return figures | _randomised(fitted, spec, own, rng) | _timed(fitted, spec)


@dataclass(frozen=True, slots=True)
class RankedWords:
    """The words of each text, the one that speaks most for the label first.

    Attributes:
        orders: of each text the spans of its words.
        weights: of each text what its words add, by span.
        method: how it was found.
    """

    orders: Sequence[Order]
    weights: Sequence[dict[tuple[int, int], float]]
    method: str


def _explain(
    fitted: ExplainedModel,
    spec: ExplainerSpec[Any],
    options: dict[str, Any],
    rows: tuple[Batch, Sequence[tuple[int, int]]],
) -> Sequence[Any]:
    model = fitted.model

    def decide(batch: Batch, _of: Sequence[int]) -> list[str]:
        return [model.labels[column] for column in model.predict_proba(batch).argmax(axis=1)]

    job = ExplainJob(
        model=model,
        batch=rows[0],
        pairs=rows[1],
        proba=model.predict_proba,
        decide=decide,
        decided=[model.labels[column] for column, _ in rows[1]],
    )
    return spec.explain(spec.configure(options), job)


def _orders(
    fitted: ExplainedModel, spec: ExplainerSpec[Any], options: dict[str, Any]
) -> RankedWords:
    asked = {"top": 50, "neighbours": 0, "flip": False, **options}
    found = _explain(fitted, spec, asked, (fitted.rows, fitted.pairs))
    orders, weights = list[Order](), list[dict[tuple[int, int], float]]()
    for text, each in zip(fitted.rows.text(), found, strict=True):
        known = {a.span: a.contribution for a in each.attributions if a.span is not None}
        words = {span: _weight(span, known) for span in _words(text)}
        # Equal ones in the order of the text.
        orders.append(sorted(words, key=lambda span: -words[span]))
        weights.append(words)
    return RankedWords(orders, weights, found[0].method)


def _words(text: str) -> list[tuple[int, int]]:
    spans, place = list[tuple[int, int]](), 0
    for word in text.split():
        start = text.index(word, place)
        place = start + len(word)
        spans.append((start, place))
    return spans


def _weight(span: tuple[int, int], known: dict[tuple[int, int], float]) -> float:
    """What the attributions that share characters with a word add, each by its share."""
    total = 0.0
    for (start, end), value in known.items():
        shared = min(end, span[1]) - max(start, span[0])
        if shared > 0:
            total += value * shared / (end - start)
    return total


def _curves(fitted: ExplainedModel, orders: Sequence[Order]) -> tuple[float, float]:
    """The mean areas under the deletion and the insertion curve, 0 to 1."""
    areas = [
        [_area(fitted, row, order, keep=keep) for row, order in enumerate(orders)]
        for keep in (False, True)
    ]
    return float(np.mean(areas[0])), float(np.mean(areas[1]))


def _area(fitted: ExplainedModel, row: int, order: Order, *, keep: bool) -> float:
    text, (column, _) = fitted.rows.text()[row], fitted.pairs[row]
    counts = np.linspace(0, len(order), STEPS + 1).round().astype(int)
    texts = []
    for count in counts:
        kept = sorted(order[:count] if keep else order[count:])
        texts.append(" ".join(text[start:end] for start, end in kept))
    given = fitted.rows.rows[row]
    variants = Batch.of(fitted.rows.fields, [{**given, TEXT_INPUT: each} for each in texts])
    proba = fitted.model.predict_proba(variants)[:, column]
    return float(np.trapezoid(proba, dx=1 / STEPS))


def _randomised(
    fitted: ExplainedModel,
    spec: ExplainerSpec[Any],
    own: RankedWords,
    rng: np.random.Generator,
) -> dict[str, Any]:
    """How alike the words' contributions are where the head's weights are permuted."""
    with _permuted(sole_model(fitted.model), rng) as other:
        if other is None:
            return {"randomised": None}
        changed = _orders(replace(fitted, model=other), spec, {})
    found = [
        _spearman([one[span] for span in one], [two[span] for span in one])
        for one, two in zip(own.weights, changed.weights, strict=True)
    ]
    return {"randomised": float(np.nanmean(found))}


@contextmanager
def _permuted(model: Any, rng: np.random.Generator) -> Iterator[Any]:  # noqa: ANN401 - any recipe's
    """A model with its weights permuted, within the block; None of one that shows none."""
    head, module = getattr(model, "head", None), getattr(model, "module", None)
    if head is not None:
        yield replace(model, head=replace(head, weights=rng.permuted(head.weights, axis=1)))
        return
    if module is None:
        yield None
        return
    before = {name: each.clone() for name, each in module.state_dict().items()}
    try:
        for each in module.parameters():
            flat = each.data.flatten()
            each.data = flat[rng.permutation(len(flat))].reshape(each.shape)
        yield model
    finally:
        module.load_state_dict(before)


def _spearman(one: Sequence[float], two: Sequence[float]) -> float:
    from scipy.stats import rankdata

    ranks = [rankdata(each) for each in (one, two)]
    if any(np.ptp(each) == 0 for each in ranks):
        return float("nan")
    return float(np.corrcoef(*ranks)[0, 1])


def _timed(fitted: ExplainedModel, spec: ExplainerSpec[Any]) -> dict[str, Any]:
    """Seconds of processor time to score the test part, and to explain a row as `score` does."""
    scored = _seconds(lambda: fitted.model.predict_proba(fitted.test))
    asked = {"neighbours": 0}
    explained = _seconds(lambda: _explain(fitted, spec, asked, (fitted.rows, fitted.pairs)))
    each = explained / len(fitted.rows)
    return {
        "flagged": fitted.flagged,
        "scored": len(fitted.test),
        "score_ms": 1000 * scored / len(fitted.test),
        "explain_ms": 1000 * each,
        "time_ratio": 1 + each * fitted.flagged / scored,
    }


def _seconds(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started
