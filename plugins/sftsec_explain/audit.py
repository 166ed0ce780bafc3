"""The audit `explanation`: whether the words that are told decide, and which decide everywhere.

Deletion against chance (after Petsiuk 2018, "RISE"): the words that speak most for an alert are
taken out of its text, and beside that as many others by chance. Where the first does not lower the
probability more often than the second, the explanation tells nothing. A word that stands among the
reasons of nearly all alerts is a shortcut as a rule: a footer, a host, a word of the export.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np

from sftsec_core.api import Batch, ExplainJob, RiskSection, RiskTable
from sftsec_explain.config import WordsConfig
from sftsec_explain.occlusion import words_of
from sftsec_explain.pieces import Piece, pieces_of, without
from sftsec_explain.words import weigh_pieces

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sftsec_core.api import AuditInput, Example, Predictions, Rescore
    from sftsec_core.api.domain import Inputs
    from sftsec_explain.config import ExplanationSettings
    from sftsec_explain.occlusion import Weighed

RISK = "Decisions by the wrong words"
_LEAST = 10  # alerts that are explained; of fewer nothing is said
_RECURS = 3  # alerts in which a word decides that the table shows
_SHOWN = 15
_CHANCE = 0.01


@dataclass(frozen=True, slots=True)
class _Alert:
    """An alert of test with the words that speak for it, and as many others by chance."""

    row: Example
    told: Sequence[Weighed]
    others: Sequence[Piece]


@dataclass(frozen=True, slots=True)
class _Deletion:
    """What taking words out of n alerts does.

    Attributes:
        told: attack probabilities without the words that were told, shape (n,).
        others: without others, shape (n,).
        turned: share of alerts that are none without the words that were told, 0 to 1.
        turned_by_chance: the same without others.
    """

    told: NDArray[np.float64]
    others: NDArray[np.float64]
    turned: float
    turned_by_chance: float

    def wins(self) -> tuple[int, int]:
        """In how many alerts the told words lower the probability more, and of how many."""
        differ = np.abs(self.told - self.others) > 1e-9
        return int((self.told < self.others)[differ].sum()), int(differ.sum())


def explanation(config: ExplanationSettings, given: AuditInput) -> Mapping[str, Any]:
    """Take words out of alerts of test.

    Returns:
        A `RiskSection`; its figures are "rows", "turned", "turned_by_chance", "wins" (share, 0 to
        1), "p" (of the sign test) and "most_common" (share of alerts in which one word decides).
    """
    if given.task.benign is None or given.rescore is None:
        return _not_measured("the task has no benign label, or the model cannot be asked again")
    alerts = _alerts(config, given, given.rescore)
    if len(alerts) < _LEAST:
        return _not_measured(f"{len(alerts)} alerts of test have enough words: it takes {_LEAST}")
    deleted = _delete(alerts, given.rescore)
    return _section(config, alerts, deleted).to_json()


def _not_measured(why: str) -> Mapping[str, Any]:
    return RiskSection(
        risk=RISK, outcome="not_measured", tried="Nothing.", found=f"Not measured: {why}."
    ).to_json()


def _alerts(config: ExplanationSettings, given: AuditInput, rescore: Rescore) -> list[_Alert]:
    found = given.predictions
    hits = [
        row
        for row, label in zip(given.split.test, found.labels, strict=True)
        if label != found.benign
    ]
    draw = Random(config.seed)  # noqa: S311 - a draw that can be repeated
    rows = draw.sample(hits, min(config.rows, len(hits)))
    pieces = [pieces_of(given.task.inputs, row.inputs) for row in rows]
    job = _job(given, rows, rescore)
    _, weighed = weigh_pieces(WordsConfig(flip=False, neighbours=0), job, pieces)
    out = []
    for row, own, each in zip(rows, pieces, weighed, strict=True):
        most = min(config.top, len(own) // 2)  # as many others are left to be taken out
        told = sorted((one for one in each if one.contribution > 0), key=_strength)[:most]
        taken = {piece for one in told for piece in one.pieces}
        rest = [piece for piece in own if piece not in taken]
        if told and len(rest) >= len(taken):
            out.append(_Alert(row, told, draw.sample(rest, len(taken))))
    return out


def _strength(each: Weighed) -> float:
    return -each.contribution


def _job(given: AuditInput, rows: Sequence[Example], rescore: Rescore) -> ExplainJob:
    labels, found = given.model.labels, given.predictions
    columns = [given.task.labels.index(label) for label in labels]
    benign = labels.index(str(given.task.benign))
    asked = {row.uid for row in rows}
    of = {
        row.uid: labels.index(given.task.labels[label])
        for row, label in zip(given.split.test, found.labels, strict=True)
        if row.uid in asked
    }

    def proba(batch: Batch) -> NDArray[np.float64]:
        return np.asarray(_scored(batch.rows, rows[0], rescore).proba[:, columns])

    def decide(batch: Batch, _of: Sequence[int]) -> list[str]:
        found = _scored(batch.rows, rows[0], rescore)
        return [given.task.labels[column] for column in found.labels]

    return ExplainJob(
        model=given.model,
        batch=Batch.of_examples(given.task.inputs, rows),
        pairs=[(of[row.uid], benign) for row in rows],
        proba=proba,
        decide=decide,
    )


def _scored(inputs: Sequence[Inputs], like: Example, rescore: Rescore) -> Predictions:
    return rescore([replace(like, inputs=each) for each in inputs])


def _delete(alerts: Sequence[_Alert], rescore: Rescore) -> _Deletion:
    told, others = (
        rescore([replace(alert.row, inputs=without(alert.row.inputs, taken(alert)))
                 for alert in alerts])
        for taken in (_told_pieces, lambda alert: tuple(alert.others))
    )  # fmt: skip
    return _Deletion(
        told.attack_scores,
        others.attack_scores,
        float((told.labels == told.benign).mean()),
        float((others.labels == others.benign).mean()),
    )


def _told_pieces(alert: _Alert) -> tuple[Piece, ...]:
    return tuple(piece for each in alert.told for piece in each.pieces)


def _section(
    config: ExplanationSettings, alerts: Sequence[_Alert], deleted: _Deletion
) -> RiskSection:
    from scipy.stats import binomtest

    wins, of = deleted.wins()
    p = float(binomtest(wins, of, alternative="greater").pvalue) if of else 1.0
    common = Counter(
        word for alert in alerts for word in {words_of(each).lower() for each in alert.told}
    )
    most = common.most_common(1)[0][1] / len(alerts)
    decide, shortcut = p < _CHANCE, most > config.common
    tried = (
        f"Of {len(alerts):,} alerts of the test part the words that the explanation names (at most "
        f"{config.top}) were taken out, and the model was asked again; then as many other words, "
        "drawn by chance."
    )
    return RiskSection(
        risk=RISK,
        outcome="held" if decide and not shortcut else "warning",
        tried=tried,
        found=_found(deleted, (wins, of), most, decide=decide),
        advice=_advice(decide=decide, shortcut=shortcut),
        figures={
            "rows": len(alerts),
            "turned": deleted.turned,
            "turned_by_chance": deleted.turned_by_chance,
            "wins": wins / of if of else 0.0,
            "p": p,
            "most_common": most,
        },
        tables=(_table(common, len(alerts)),),
    )


def _found(deleted: _Deletion, wins: tuple[int, int], most: float, *, decide: bool) -> str:
    told = (
        f"Without the named words {deleted.turned:.0%} of the alerts would not be raised, without "
        f"others {deleted.turned_by_chance:.0%}. The named ones lower the probability more in "
        f"{wins[0]:,} of {wins[1]:,} alerts"
    )
    sure = "" if decide else ", which chance alone explains as well"
    return f"{told}{sure}. The commonest of them is a reason of {most:.0%} of the alerts."


def _advice(*, decide: bool, shortcut: bool) -> str:
    advice = []
    if shortcut:
        advice.append(
            "Look at the table: if the first word is of a footer, a host, a sensor or a date, take "
            "that field out of `text`, or have a step remove it, and retrain."
        )
    if not decide:
        advice.append(
            "Do not rely on the words in detections: set `method: occlusion` with more `rows` "
            "under `explain`, or train `linear`, whose explanations are exact."
        )
    return " ".join(advice)


def _table(common: Counter[str], alerts: int) -> RiskTable:
    return RiskTable(
        title="Words that decide most often: are they what an analyst would go by?",
        columns=("word", "alerts", "of them"),
        rows=tuple(
            (word, count, f"{count / alerts:.0%}")
            for word, count in common.most_common(_SHOWN)
            if count >= _RECURS
        ),
        texts=True,
    )
