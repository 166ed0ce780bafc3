"""A greedy search for rewritings that a model misses, with a budget of questions to it.

The attacker sees the score of each question and keeps the rewriting that lowers it most (black box,
as in Pierazzi et al., "Intriguing Properties of Adversarial ML Attacks in the Problem Space", 2020;
greedy as TextFooler, Jin et al., 2020). All rows are asked at once, so that a model sees batches.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any

from sftsec_core.api import AttackTarget

if TYPE_CHECKING:
    from sftsec_core.api import AttackSpec, TextKind

_TRIES = 4  # draws for a rewriting that was not asked about yet


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model says of one text: its attack probability, and whether it alerts."""

    score: float
    alerts: bool


Ask = Callable[[Sequence[tuple[int, str]]], Sequence[Answer]]
"""(numbers of rows with a text each) to the answers, in the same order."""


@dataclass(slots=True)
class Chase:
    """One row under attack.

    Attributes:
        row: its number.
        text: the best rewriting so far.
        kind: how it is interpreted.
        score: of `text`.
        missed: whether the model misses `text`.
        queries: questions that were asked about it.
        path: names of the attacks that made `text`.
    """

    row: int
    text: str
    kind: TextKind
    score: float
    missed: bool = False
    queries: int = 0
    path: tuple[str, ...] = ()
    _seen: set[str] = field(default_factory=set)
    _gains: Counter[str] = field(default_factory=Counter)
    _order: list[str] = field(default_factory=list)

    def propose(
        self, attacks: Mapping[str, AttackSpec[Any]], benign: Sequence[str], random: Random
    ) -> tuple[str, str] | None:
        """One more attack by name with its rewriting; None where all give what was asked."""
        fitting = [name for name, spec in attacks.items() if self._may(name, spec)]
        self._seen.add(self.text)
        for _ in range(_TRIES * len(fitting)):
            name = self._next(fitting, random)
            if name is None:
                return None
            spec = attacks[name]
            target = AttackTarget(self.text, self.kind, benign)
            text = spec.rewrite(spec.configure({}), target, random)
            if text not in self._seen:
                self._seen.add(text)
                return name, text
        return None

    def _may(self, name: str, spec: AttackSpec[Any]) -> bool:
        return self.kind in spec.kinds and (spec.repeats or name not in self.path)

    def _next(self, names: Sequence[str], random: Random) -> str | None:
        """Each attack once by chance, then those that lowered the score more often."""
        if not self._order and not self._gains:
            self._order = random.sample(list(names), len(names))
            self._gains.update(names)
        if self._order:
            return self._order.pop()
        weights = [self._gains[name] for name in names]
        return random.choices(names, weights)[0] if any(weights) else None

    def take(self, name: str, text: str, answer: Answer) -> None:
        """Go on from a rewriting that scores lower."""
        if answer.score >= self.score and answer.alerts:
            return
        self._gains[name] += 2
        self.text, self.score = text, answer.score
        self.path = (*self.path, name)
        self.missed = not answer.alerts


def greedy_search(
    chases: Sequence[Chase],
    attacks: Mapping[str, AttackSpec[Any]],
    benign: Sequence[str],
    ask: Ask,
    *,
    queries: int,
    seed: int,
    width: int = 5,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> None:
    """Attack rows until the model misses them or the budget is spent; changes them in place.

    Args:
        chases: rows that the model alerts on, with their scores.
        attacks: by name, with their default settings.
        benign: texts that the attacker knows.
        ask: the model.
        queries: questions a row, at most.
        seed: of all draws, with the row's number: a row's search does not depend on others.
        width: rewritings of one text that are compared before the search goes on from the best.
        progress: told how many questions of how many were asked of each row.
    """
    draws = {
        chase.row: Random(f"{seed}/{chase.row}")  # noqa: S311 - draws that can be repeated
        for chase in chases
    }
    for done in range(0, queries, width):
        open_ = [chase for chase in chases if not chase.missed]
        count = min(width, queries - done)
        asked = [
            (chase, *found)
            for chase in open_
            for _ in range(count)
            if (found := chase.propose(attacks, benign, draws[chase.row])) is not None
        ]
        if not asked:
            break
        answers = ask([(chase.row, text) for chase, _, text in asked])
        best: dict[int, tuple[Chase, str, str, Answer]] = {}
        for (chase, name, text), answer in zip(asked, answers, strict=True):
            chase.queries += 1
            known = best.get(chase.row)
            if known is None or (answer.alerts, answer.score) < (known[3].alerts, known[3].score):
                best[chase.row] = (chase, name, text, answer)
        for chase, name, text, answer in best.values():
            chase.take(name, text, answer)
        progress(min(done + width, queries), queries)


def attack_once(
    chase: Chase, spec: AttackSpec[Any], benign: Sequence[str], *, draws: int, seed: int
) -> list[str]:
    """Rewritings of a row by one attack, all different; none where it finds no place."""
    random = Random(f"{seed}/{chase.row}/{spec.name}")  # noqa: S311 - can be repeated
    target = AttackTarget(chase.text, chase.kind, benign)
    config = spec.configure({})
    found = (spec.rewrite(config, target, random) for _ in range(draws))
    return [text for text in dict.fromkeys(found) if text != chase.text]
