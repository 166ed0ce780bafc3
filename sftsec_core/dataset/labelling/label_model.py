"""The label model: votes of labelling functions become a label's probability.

What a function says is worth P(y | what it says); to abstain says something too. It is counted on
labelled incidents; of a function that votes on too few of those, also on unlabelled ones, by what
the others make of them (Dawid and Skene, Applied Statistics 28(1), 1979; Ratner et al., Data
Programming, NeurIPS 2016). What functions say of an incident is joined as if it were independent
given the label, after what is not was discounted: a function counts by 1 over the sum of its
correlations within a label with all of them, so that two copies count as one. Logits are divided
by a temperature that is fitted on labelled incidents, each without its own count (Guo et al., On
Calibration of Modern Neural Networks, ICML 2017).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from sftsec_core.dataset.labelling.functions import ABSTAIN

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

ENOUGH = 5
"""Votes for a label on labelled incidents from which nothing else says what they are worth."""
MOST_SURE = 0.99
_PRIOR_VOTES = 2.0  # how many votes the class prior counts as
_ASSUMED = 0.2  # how far above the prior a function stands of which nothing is known
_ROUNDS, _SETTLED = 50, 1e-6
_TEMPERATURES = np.geomspace(1.0, 20.0, 61)


@dataclass(frozen=True, slots=True)
class CountedVotes:
    """Different rows of votes with how often each is there.

    Attributes:
        votes: columns of labels or `ABSTAIN`, shape (p, m).
        mass: how often each row is there with each label, shape (p, k); of unlabelled rows one
            column, shape (p, 1).
    """

    votes: NDArray[np.int8]
    mass: Floats

    @classmethod
    def of(
        cls,
        votes: NDArray[np.int8],
        y: NDArray[np.int64] | None = None,
        weights: Floats | None = None,
        k: int = 1,
    ) -> CountedVotes:
        """Count rows of votes, shape (n, m), by their labels y, shape (n,)."""
        rows, place = np.unique(votes, axis=0, return_inverse=True)
        mass = np.zeros((len(rows), k))
        column = np.zeros(len(votes), dtype=np.int64) if y is None else y
        np.add.at(mass, (place.reshape(-1), column), 1.0 if weights is None else weights)
        return cls(rows, mass)


@dataclass(frozen=True, slots=True)
class LabelModel:
    """What m functions that vote on k labels are worth.

    Attributes:
        prior: of the labels, shape (k,).
        beliefs: P(y | function j says v), shape (m, k + 1, k); v = k: it abstains.
        correlations: of what they say within a label, 0 to 1, shape (m, m).
        used: which functions are better than chance, shape (m,).
        temperature: that logits are divided by, 1 or more.
    """

    prior: Floats
    beliefs: Floats
    correlations: Floats
    used: NDArray[np.bool_]
    temperature: float = 1.0

    def posterior(self, votes: NDArray[np.int8]) -> Floats:
        """Probabilities of the labels given votes, shape (n, m): shape (n, k), below 1."""
        rows, place = np.unique(votes, axis=0, return_inverse=True)
        evidence = self.evidence(rows).sum(axis=1) / self.temperature
        found = np.minimum(_softmax(np.log(self.prior) + evidence), MOST_SURE)
        spread: Floats = found[place.reshape(-1)]
        return spread

    def labels(self, votes: NDArray[np.int8]) -> tuple[NDArray[np.int64], Floats]:
        """The label that votes come to, `ABSTAIN` for none, and its probability; shape (n,) each.

        A label for which no used function votes is none: it would be the prior's.
        """
        proba = self.posterior(votes)
        best = proba.argmax(axis=1)
        voted = ((votes == best[:, None]) & self.used).any(axis=1)
        return np.where(voted, best, ABSTAIN), np.where(voted, proba.max(axis=1), 0.0)

    def evidence(self, rows: NDArray[np.int8]) -> Floats:
        """What each function adds to the logits of rows of votes; shape (p, m, k)."""
        alike = np.where(self.used, self.correlations, 0.0).sum(axis=1)
        shares = np.where(self.used, 1.0 / np.maximum(alike, 1.0), 0.0)
        said = rows.astype(np.int64)  # ABSTAIN, -1, is the last
        ratios = np.log(self.beliefs) - np.log(self.prior)
        evidence: Floats = shares[:, None] * ratios[np.arange(rows.shape[1]), said]
        return evidence


def fit_label_model(
    labelled: CountedVotes, unlabelled: CountedVotes, prior: NDArray[np.float64]
) -> LabelModel:
    """Fit what votes are worth; the same votes always give the same model.

    Args:
        labelled: votes on labelled incidents of train, by their labels.
        unlabelled: votes on the pool.
        prior: of the labels, shape (k,), each above 0; they sum to 1.
    """
    m, k = labelled.votes.shape[1], len(prior)
    counts = _counts(labelled.votes, labelled.mass)
    number = counts[:, :k].sum(axis=(1, 2))
    used = (number < ENOUGH) | (_accuracy(counts) > _chance(counts, prior))
    model = LabelModel(prior, np.tile(prior, (m, k + 1, 1)), np.eye(m), used)
    for _ in range(_ROUNDS):
        new = _refitted(model, labelled, unlabelled, counts)
        moved = np.abs(new.beliefs - model.beliefs).max(initial=0.0)
        model = new
        if moved < _SETTLED:
            break
    model = replace(model, used=used & _above_chance(model, unlabelled, number))
    return replace(model, temperature=_temperature(model, labelled, counts))


def _refitted(
    model: LabelModel, labelled: CountedVotes, unlabelled: CountedVotes, counts: Floats
) -> LabelModel:
    """One round: what the unlabelled rows are, then what the functions are worth by that."""
    evidence = model.evidence(unlabelled.votes)
    total = np.log(model.prior) + evidence.sum(axis=1)
    k = len(model.prior)
    beliefs = np.empty_like(model.beliefs)
    for j, own in enumerate(counts):
        base = np.tile(model.prior, (k + 1, 1))
        lacking = np.maximum(ENOUGH - own.sum(axis=1), 0.0)
        few = lacking[:k] > 0
        base[:k][few] = (1 - _ASSUMED) * model.prior + _ASSUMED * np.eye(k)[few]
        # Without its own vote, which would vouch for itself.
        guess = _softmax(total - evidence[:, j]) * unlabelled.mass
        more = _counts(unlabelled.votes[:, [j]], guess)[0]
        filled = np.minimum(lacking / np.maximum(more.sum(axis=1), 1e-12), 1.0)
        seen = own + more * filled[:, None]
        beliefs[j] = _smoothed(seen, base)
    shares = _softmax(total) * unlabelled.mass
    votes = np.concatenate([labelled.votes, unlabelled.votes])
    alike = _correlations(votes, np.concatenate([labelled.mass, shares]))
    return replace(model, beliefs=beliefs, correlations=alike)


def _smoothed(counts: Floats, base: Floats) -> Floats:
    """Counts as probabilities of their last axis, with the base as `_PRIOR_VOTES` more of them."""
    whole = counts.sum(axis=-1, keepdims=True) + _PRIOR_VOTES
    smoothed: Floats = (counts + _PRIOR_VOTES * base) / whole
    return smoothed


def _counts(votes: NDArray[np.int8], mass: Floats) -> Floats:
    """How often function j says v where the label is y, shape (m, k + 1, k); mass is (p, k)."""
    k = mass.shape[1]
    found = np.zeros((votes.shape[1], k + 1, k))
    for v in range(k + 1):
        said = votes == (v if v < k else ABSTAIN)
        found[:, v] = said.T.astype(np.float64) @ mass
    return found


def _accuracy(counts: Floats) -> Floats:
    k = counts.shape[2]
    right = np.trace(counts, axis1=1, axis2=2)
    accuracy: Floats = right / np.maximum(counts[:, :k].sum(axis=(1, 2)), 1e-12)
    return accuracy


def _chance(counts: Floats, prior: Floats) -> Floats:
    """How often votes that have nothing to do with the incident would be right."""
    votes = counts[:, : len(prior)].sum(axis=2)
    chance: Floats = votes @ prior / np.maximum(votes.sum(axis=1), 1e-12)
    return chance


def _above_chance(model: LabelModel, unlabelled: CountedVotes, number: Floats) -> NDArray[np.bool_]:
    """Which functions are better than chance by what is believed of them, where few votes say."""
    k = len(model.prior)
    votes = np.stack([(unlabelled.votes == v).T @ unlabelled.mass[:, 0] for v in range(k)], axis=1)
    right = (votes * np.diagonal(model.beliefs[:, :k], axis1=1, axis2=2)).sum(axis=1)
    above: NDArray[np.bool_] = (number >= ENOUGH) | (right >= votes @ model.prior)
    return above


def _correlations(votes: NDArray[np.int8], mass: Floats) -> Floats:
    """Correlations within a label, shape (m, m); what may be chance, or less, is 0."""
    m, k = votes.shape[1], mass.shape[1]
    together = np.zeros((m, m))
    for v in (ABSTAIN, *range(k)):
        hit = (votes == v).astype(np.float64)
        for y in range(k):
            n = mass[:, y].sum()
            if n > 0:
                mean = mass[:, y] @ hit / n
                together += (hit * mass[:, [y]]).T @ hit - n * np.outer(mean, mean)
    spread = np.sqrt(np.maximum(np.diag(together), 0.0))
    scale = np.outer(spread, spread)
    found = np.divide(together, scale, out=np.zeros((m, m)), where=scale > 1e-9)
    found[found < 2.0 / np.sqrt(max(mass.sum(), 4.0))] = 0.0
    alike: Floats = np.clip(found, 0.0, 1.0)
    np.fill_diagonal(alike, 1.0)
    return alike


def _temperature(model: LabelModel, labelled: CountedVotes, counts: Floats) -> float:
    """The temperature with the smallest log loss on labelled rows, each without its own count."""
    voted = ((labelled.votes != ABSTAIN) & model.used).any(axis=1)
    rows, mass = labelled.votes[voted], labelled.mass[voted]
    if mass.sum() < ENOUGH:
        return 1.0
    loss = np.zeros(len(_TEMPERATURES))
    for y in range(len(model.prior)):
        for row, number in zip(rows, mass[:, y], strict=True):
            if number > 0:
                evidence = _without(model, row, counts, y).evidence(row[None]).sum(axis=1)
                logits = np.log(model.prior) + evidence / _TEMPERATURES[:, None]
                loss -= number * np.log(np.minimum(_softmax(logits)[:, y], MOST_SURE))
    return float(_TEMPERATURES[loss.argmin()])


def _without(model: LabelModel, row: NDArray[np.int8], counts: Floats, y: int) -> LabelModel:
    """The model as if one labelled row with label y had not been counted."""
    m = np.arange(len(row))
    fewer = counts.copy()
    fewer[m, row, y] = np.maximum(fewer[m, row, y] - 1.0, 0.0)
    few = counts.sum(axis=2, keepdims=True) < ENOUGH
    beliefs = np.where(few, model.beliefs, _smoothed(fewer, model.prior))
    return replace(model, beliefs=beliefs)


def _softmax(logits: Floats) -> Floats:
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    found: Floats = raised / raised.sum(axis=1, keepdims=True)
    return found
