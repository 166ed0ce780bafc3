"""The audit "privacy": what a recipe's models give away of the incidents that they learned from.

The candidate's recipe is fitted several times, each time on half of the rows with half of the
canaries, and each of these models is attacked with the others. A model of fewer rows remembers each
of them better as a rule: the candidate gives away less. Its vocabulary is looked at itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Any

import numpy as np

from sftsec_core.api import RiskSection, RiskTable, Split, held_ngrams
from sftsec_privacy.canaries import REFERENCES, exposure, make_canaries
from sftsec_privacy.membership import attack, logits
from sftsec_privacy.vocabulary import invert

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sftsec_core.api import AuditInput, Example, Refit
    from sftsec_privacy.canaries import Exposure
    from sftsec_privacy.config import PrivacySettings
    from sftsec_privacy.membership import MembershipFigures
    from sftsec_privacy.vocabulary import Inversion

NAME = "Privacy of training incidents"
_LEAST_ROWS = 100
_FEWEST = 4  # models, however long they take


@dataclass(frozen=True, slots=True)
class _Shadows:
    """What the fitted models said, shape (m, n) each, of the pool and then of the canaries.

    Attributes:
        scores: logits of the label.
        member: which rows a model was fitted on.
    """

    scores: NDArray[np.float64]
    member: NDArray[np.bool_]


def privacy(config: PrivacySettings, given: AuditInput) -> Mapping[str, Any]:
    """Attack the recipe and its vocabulary.

    Returns:
        A `RiskSection`; its figures are "membership_auc" with "low" and "high", "loss_auc",
        "tpr_at_fpr_0.001" (None with fewer than 1,000 rows that are no members), "exposure" and
        "most_exposure" in bits, "ngrams", "ngrams_of_one", "rows", "shadows" and "recipe".
    """
    pool = _pool(given.split, config.rows, config.seed)
    if given.refit is None:
        return _not_measured("nothing can be fitted again here")
    if why := _why_not(config, given, pool):
        return _not_measured(why)
    planted = make_canaries(given.task, config.canaries, config.seed)
    references = make_canaries(given.task, REFERENCES, config.seed + 1) if planted else []
    shadows = _fit(config, given, given.refit, (pool, planted, references))
    n, c = len(pool), len(planted)
    found = attack(shadows.scores[:, :n], shadows.member[:, :n], config.seed)
    bits = None
    if planted:
        inside, canaries = shadows.member[:, n : n + c], shadows.scores[:, n:]
        bits = exposure(canaries[:, :c], inside, canaries[:, c:])
    ngrams = held_ngrams(given.model)
    vocabulary = None if ngrams is None else invert(ngrams, given.split.train, given.task)
    return _section(config, given, len(pool), len(shadows.scores), found, bits, vocabulary)


def _pool(split: Split, most: int, seed: int) -> list[Example]:
    """One row of each cluster, of train and test."""
    seen: set[int] = set()
    alone = []
    for each in (*split.train, *split.test):
        if each.cluster < 0 or each.cluster not in seen:
            seen.add(each.cluster)
            alone.append(each)
    order = np.random.default_rng(seed).permutation(len(alone))[:most]
    return [alone[i] for i in sorted(order.tolist())]


def _why_not(config: PrivacySettings, given: AuditInput, pool: Sequence[Example]) -> str:
    if len(pool) < _LEAST_ROWS:
        return f"there are {len(pool)} different incidents: it takes {_LEAST_ROWS}"
    rows = max(len(given.split.train), 1)
    seconds = (given.fit_seconds or 0) * config.shadows * len(pool) / 2 / rows
    if seconds > config.budget.total_seconds():
        return (
            f"{given.recipe} would train about {seconds:,.0f} s, and the budget is "
            f"{config.budget.total_seconds():,.0f} s"
        )
    return ""


def _fit(
    config: PrivacySettings,
    given: AuditInput,
    refit: Refit,
    rows: tuple[Sequence[Example], Sequence[Example], Sequence[Example]],
) -> _Shadows:
    """Fit each model on half of the pool and of the canaries, and let it answer for all rows."""
    pool, planted, references = rows
    recipe, rng = given.recipe or given.task.baseline, np.random.default_rng(config.seed)
    asked, choice = [*pool, *planted, *references], [*pool, *planted]
    labels = [given.task.labels.index(each.label) for each in asked]
    scores, members = [], []
    begun = monotonic()
    for number in range(config.shadows):
        if number > _FEWEST and _late(begun, number, config):
            break
        given.progress(number, config.shadows)
        half = np.zeros(len(asked), np.bool_)
        half[rng.permutation(len(choice))[: len(choice) // 2]] = True
        train = [each for each, inside in zip(asked, half, strict=True) if inside]
        said = refit([recipe], Split(train, given.split.dev, asked, "half"))[recipe]
        scores.append(logits(said.proba[np.arange(len(asked)), labels]))
        members.append(half)
    given.progress(config.shadows, config.shadows)
    return _Shadows(np.stack(scores), np.stack(members))


def _late(begun: float, done: int, config: PrivacySettings) -> bool:
    spent = monotonic() - begun
    return spent + spent / done > config.budget.total_seconds()


def _not_measured(why: str) -> Mapping[str, Any]:
    return RiskSection(
        risk=NAME,
        outcome="not_measured",
        tried="Nothing: the models that the attack takes were not trained.",
        found=f"Not measured: {why}.",
        advice="Raise `rows` or `budget` of `evaluation.audits.privacy`, or label more incidents.",
        voter="max_membership_auc",
    ).to_json()


def _section(
    config: PrivacySettings,
    given: AuditInput,
    rows: int,
    shadows: int,
    found: MembershipFigures,
    bits: Exposure | None,
    vocabulary: Inversion | None,
) -> Mapping[str, Any]:
    recipe = given.recipe or given.task.baseline
    leaks = bool(vocabulary and vocabulary.of_one)
    told = found.auc > config.max_auc
    figures: dict[str, Any] = {
        "recipe": recipe,
        "rows": rows,
        "shadows": shadows,
        "membership_auc": found.auc,
        "low": found.low,
        "high": found.high,
        "loss_auc": found.loss_auc,
        "tpr_at_fpr_0.001": found.tpr,
        "exposure": bits.median if bits else None,
        "most_exposure": bits.most if bits else None,
        "ngrams": vocabulary.ngrams if vocabulary else None,
        "ngrams_of_one": vocabulary.of_one if vocabulary else None,
    }
    return RiskSection(
        risk=NAME,
        outcome="warning" if told or leaks else "held",
        tried=(
            f"{shadows} models were trained by the recipe {recipe}, each on another half of "
            f"{rows:,} incidents. An attack that knows the others then guessed from each model's "
            "answers which incidents it had learned from."
        ),
        found=_words(found, bits, vocabulary),
        advice=_advice(recipe, told=told, leaks=leaks),
        figures=figures,
        tables=(_table(figures),),
        voter="max_membership_auc",
    ).to_json()


def _words(found: MembershipFigures, bits: Exposure | None, vocabulary: Inversion | None) -> str:
    words = [
        f"Of two incidents, one learned from and one not, the attack picks the right one in "
        f"{found.auc:.0%} of cases (95% interval {found.low:.0%} to {found.high:.0%}; a guess is "
        "right in 50%)."
    ]
    if found.tpr is not None:
        words.append(
            f"Where it may be wrong about one in a thousand, it names {found.tpr:.1%} of those "
            "learned from."
        )
    if bits is not None:
        words.append(
            f"A made-up secret that stood in one incident is among the {2**-bits.median:.0%} that "
            f"the model finds likeliest ({2**-bits.by_chance:.0%} by chance)."
        )
    if vocabulary is not None:
        of_one = f"{vocabulary.of_one:,}" if vocabulary.of_one else "None"
        words.append(
            f"{of_one} of the {vocabulary.ngrams:,} pieces of text in the model's files can be of "
            "one incident alone."
        )
    return " ".join(words)


def _advice(recipe: str, *, told: bool, leaks: bool) -> str:
    advice = []
    if leaks:
        advice.append("Set `min_incidents` of the recipe to 2 or more.")
    if told and recipe != "private_linear":
        advice.append(
            "Keep the model's files and its exact probabilities from people who may not know which "
            "incidents were judged; or train `private_linear`, which bounds what any attack can "
            "find out."
        )
    elif told:
        advice.append("Lower `epsilon` of `private_linear`.")
    return " ".join(advice)


def _table(figures: Mapping[str, Any]) -> RiskTable:
    interval = f"{figures['low']:.3f} to {figures['high']:.3f}"
    tpr = figures["tpr_at_fpr_0.001"]
    rows = (
        ("right of two, with the other models at hand (AUC)", figures["membership_auc"], 0.5),
        ("its 95% interval", interval, None),
        ("right of two, by the model's certainty alone (AUC)", figures["loss_auc"], 0.5),
        ("named, at 0.1% wrongly named", None if tpr is None else f"{tpr:.2%}", "0.1%"),
        ("exposure of a planted secret, bits (median)", figures["exposure"], 1.0),
        ("exposure of the worst one, bits", figures["most_exposure"], None),
        ("pieces of text of one incident alone", figures["ngrams_of_one"], 0),
    )
    return RiskTable(
        title="What the attacks found",
        columns=("attack", "figure", "where nothing leaks"),
        rows=rows,
        public=True,
    )
