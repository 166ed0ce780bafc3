"""How the recipe `hardened` is fitted: disguised copies, windows, the worst window of an attack."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from scipy import sparse

from sftsec_core.api import Batch, TrainingError
from sftsec_robust.canonical.text import canonical_text
from sftsec_robust.copies import Disguiser
from sftsec_robust.hardened.adversarial import TrainingRow, missed_variants
from sftsec_robust.hardened.model import FEATURES, HardenedModel, hashed_ngrams, weighed
from sftsec_robust.hardened.windows import cut_windows
from sftsec_robust.kinds import text_kind

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sftsec_core.api import TextKind, TrainJob
    from sftsec_robust.settings import HardenedSettings

_SIZES: dict[TextKind, tuple[int, ...]] = {"url": (24, 48), "prose": (80,)}
_CODE_SIZES = (48, 144)
_KNOWN = 2000
_KIND_ROWS = 2000  # attacks whose kinds are looked at


class _Bags(NamedTuple):
    """Texts as windows.

    Attributes:
        features: of each window, shape (w, FEATURES).
        owner: the text of each window, shape (w,).
        y: columns of the texts' labels, shape (n,).
        weight: of the texts, shape (n,).
    """

    features: sparse.csr_matrix
    owner: NDArray[np.int64]
    y: NDArray[np.int64]
    weight: NDArray[np.float64]


def train_hardened(job: TrainJob[HardenedSettings]) -> HardenedModel:
    """Fit on the job's train part and disguised copies of it, then against what gets past.

    Raises:
        TrainingError: when the task has no benign label, or train lacks one of the sides.
    """
    rows = _rows(job)
    model = _fitted(job, rows)
    found = 0
    for number in range(job.config.adversarial_rounds):
        seed = f"{job.settings.seed}/{number}"
        variants = missed_variants(model, rows, job.config, seed)
        if not variants:
            break
        found += len(variants)
        for row, copy in variants:
            rows[row].read.append(copy)
        model = _fitted(job, rows)
    copies = sum(len(row.read) - 1 for row in rows)
    return replace(model, notes={"disguised_copies": copies, "found_by_search": found})


def _rows(job: TrainJob[HardenedSettings]) -> list[TrainingRow]:
    """The rows of both sides with their random copies.

    Raises:
        TrainingError: as `train_hardened` does.
    """
    labels, config, benign = job.task.labels, job.config, job.task.benign
    if benign is None:
        raise TrainingError("recipe 'hardened' looks for attacks: name the task's `benign` label")
    examples = [each for each in job.train if each.label in labels and each.weight > 0]
    if len({each.label == benign for each in examples}) < 2:
        raise TrainingError("recipe 'hardened' needs benign rows and attacks in train")
    texts = Batch.of_examples(job.task.inputs, examples).text()
    known = [t for t, each in zip(texts, examples, strict=True) if each.label == benign]
    disguiser = Disguiser(
        known[:_KNOWN], copies=config.copies, chain=config.chain, seed=job.settings.seed
    )
    rows = []
    for text, each in zip(texts, examples, strict=True):
        cut = text[: config.max_chars]
        copies = [cut, *disguiser.of(each.uid, cut)]
        read = list(dict.fromkeys(canonical_text(copy, config.canonical) for copy in copies))
        rows.append(TrainingRow(cut, labels.index(each.label), each.weight / len(copies), read))
    return rows


def _fitted(job: TrainJob[HardenedSettings], rows: Sequence[TrainingRow]) -> HardenedModel:
    labels, config = job.task.labels, job.config
    benign = labels.index(str(job.task.benign))
    sizes = config.windows or _sizes_for([row.text for row in rows if row.column != benign])
    bags, idf = _bags(rows, sizes, config.max_windows)
    alarm, chosen = _fit_alarm(bags, config, benign, job.settings.seed)
    kinds = _fit_kinds(bags, chosen, config, benign, len(labels))
    return HardenedModel(
        labels, benign, sizes, config.canonical, config.max_chars, idf, alarm, kinds
    )


def _sizes_for(attacks: Sequence[str]) -> tuple[int, ...]:
    """Windows about as long as what is looked for: a host's name, or a command or a sentence."""
    kinds = Counter(text_kind(text) for text in attacks[:_KIND_ROWS])
    return _SIZES.get(kinds.most_common(1)[0][0], _CODE_SIZES)


def _bags(
    rows: Sequence[TrainingRow], sizes: Sequence[int], max_windows: int
) -> tuple[_Bags, NDArray[np.float32]]:
    """All texts and their copies as windows, with the inverse document frequencies of these."""
    windows: list[str] = []
    owner: list[int] = []
    columns: list[int] = []
    weights: list[float] = []
    for row in rows:
        for copy in row.read:
            found = cut_windows(copy, sizes)[:max_windows]
            owner += [len(columns)] * len(found)
            windows += found
            columns.append(row.column)
            weights.append(row.weight)
    counts = hashed_ngrams(windows)
    frequency = np.bincount(counts.indices, minlength=FEATURES)
    idf = np.where(frequency > 0, np.log((1 + len(windows)) / (1 + frequency)) + 1, 0)
    features = weighed(counts, idf.astype(np.float32))
    bags = _Bags(features, np.array(owner), np.array(columns), np.array(weights))
    return bags, idf.astype(np.float32)


def _fit_alarm(
    bags: _Bags, config: HardenedSettings, benign: int, seed: int
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """The head that finds attacks, and the window of each text that it finds most suspicious.

    It is fitted on all windows first, then again on all of benign texts and the most suspicious one
    of each attack.
    """
    attack = (bags.y != benign)[bags.owner]
    share = 1 / np.sqrt(np.bincount(bags.owner))  # a long text is more than one row, not many
    weight = (bags.weight * share)[bags.owner]
    taken = np.ones(len(attack), dtype=bool)
    head = _head(bags.features, attack, weight, config, seed)
    for _ in range(config.rounds):
        worst = _worst(bags, bags.features @ head[:-1])
        taken = ~attack
        taken[worst[bags.y != benign]] = True
        head = _head(bags.features[taken], attack[taken], weight[taken], config, seed)
    return head, _worst(bags, bags.features @ head[:-1])


def _worst(bags: _Bags, scores: NDArray[np.float32]) -> NDArray[np.int64]:
    """The window of each text with the greatest score, shape (n,)."""
    order = np.lexsort((scores, bags.owner))
    last = np.flatnonzero(np.diff(bags.owner[order], append=len(bags.y)))
    return np.asarray(order[last])


def _head(
    features: sparse.csr_matrix,
    attack: NDArray[np.bool_],
    weight: NDArray[np.float64],
    config: HardenedSettings,
    seed: int,
) -> NDArray[np.float32]:
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(
        C=config.c,
        solver="liblinear",
        class_weight="balanced",
        tol=1e-2,
        random_state=seed,
    )
    model.fit(features, attack, sample_weight=weight)
    return np.append(model.coef_[0], model.intercept_[0]).astype(np.float32)


def _fit_kinds(
    bags: _Bags,
    chosen: NDArray[np.int64],
    config: HardenedSettings,
    benign: int,
    classes: int,
) -> NDArray[np.float32]:
    """The head that tells attacks apart, by each text's most suspicious window."""
    if classes == 2:
        return np.zeros((0, FEATURES + 1), dtype=np.float32)
    from sklearn.linear_model import LogisticRegression

    rows = bags.y != benign
    columns = [column for column in range(classes) if column != benign]
    out = np.zeros((len(columns), FEATURES + 1), dtype=np.float32)
    out[:, -1] = -np.inf if len(set(bags.y[rows])) < len(columns) else 0
    model: Any = LogisticRegression(C=config.c, solver="lbfgs", max_iter=200)
    present = np.unique(bags.y[rows])
    if len(present) == 1:
        out[columns.index(int(present[0])), -1] = 0
        return out
    model.fit(bags.features[chosen[rows]], bags.y[rows], sample_weight=bags.weight[rows])
    coefficients, bias = model.coef_, model.intercept_
    if len(present) == 2:
        coefficients, bias = (
            np.vstack([-coefficients, coefficients]) / 2,
            np.append(-bias, bias) / 2,
        )
    for row, column in enumerate(present):
        place = columns.index(int(column))
        out[place, :-1], out[place, -1] = coefficients[row], bias[row]
    return out
