"""The rounds of a federation: train, review, join, save."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sftsec_federated.exchange import Exchange, review_complaint, update_complaint
from sftsec_federated.features import SharedFeatures
from sftsec_federated.frame import Frame
from sftsec_federated.head import rows_of
from sftsec_federated.joining import bounded, counted_rows, join, trust_of
from sftsec_federated.polishing import polish
from sftsec_federated.state import FederationState, open_state

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from sftsec_federated.config import FederationSettings

# What may be changed between a kill and the rerun: it shapes no weight.
_FREE = {
    "listen", "certificate", "key", "client_ca", "state", "sites", "wait", "round_timeout",
    "linger", "min_sites", "rounds", "polish",
}  # fmt: skip


@dataclass
class Federation:
    """One federation: its settings, its state, and the exchange where the sites are."""

    settings: FederationSettings
    exchange: Exchange
    state: FederationState
    say: Callable[[str], None]

    @classmethod
    def open(cls, settings: FederationSettings, say: Callable[[str], None]) -> Federation:
        """Take up what the state folder holds, or begin.

        Raises:
            IntegrityError: when the folder is of another federation.
        """
        features = features_of(settings.terms(), settings.model_dump())
        shape = (rows_of(len(settings.labels)), features.width + 1)
        terms = settings.model_dump(mode="json", exclude=_FREE)
        exchange = Exchange()
        state = open_state(settings.state, {**terms, **settings.terms()}, shape)
        exchange.counts = state.counts
        return cls(settings, exchange, state, say)

    @property
    def plan(self) -> dict[str, Any]:
        """What a site that joins is told."""
        kept = ("places", "max_chars", "steps", "rounds", "method")
        return {**self.settings.terms(), **{name: getattr(self.settings, name) for name in kept}}

    def complaint(self, frame: Frame) -> str | None:
        """What is wrong with an answer of a site."""
        if frame.head.get("kind") == "review":
            return review_complaint(int(self._reviewed), frame)
        return update_complaint((self.state.weights.shape[0], self.state.weights.shape[1]), frame)

    def run(self) -> dict[str, Any]:
        """Run the rounds that are left, and hand out the model.

        Returns:
            What happened, as JSON.
        """
        settings, state = self.settings, self.state
        if state.round:
            self.say(f"going on after round {state.round} of {settings.rounds}")
        while state.round < settings.rounds and not self.exchange.stopped:
            sites = self.exchange.wait_for_sites(
                settings.min_sites,
                len(settings.sites),
                0.0 if state.round else settings.wait.total_seconds(),
            )
            if not self.exchange.stopped:
                self._round(sites)
        if not state.polished and not self.exchange.stopped:
            polish(self)
            state.polished = True
            state.save(settings.state)
        return self.result(self._finish())

    def result(self, fetched: Sequence[str] | set[str]) -> dict[str, Any]:
        """How it went, as JSON."""
        return {
            "rounds": self.state.rounds,
            "complete": self.state.round >= self.settings.rounds,
            "counts": dict(sorted(self.state.counts.items())),
            "class_counts": self.exchange.class_counts(),
            "fetched": sorted(fetched),
        }

    _reviewed = 0

    def _round(self, sites: Sequence[str]) -> None:
        settings, state, number = self.settings, self.state, self.state.round + 1
        self.say(f"round {number} of {settings.rounds}: {len(sites)} sites train")
        asked = Frame(
            {"id": secrets.token_hex(8), "kind": "train", "round": number},
            {"weights": state.weights},
        )
        timeout = settings.round_timeout.total_seconds()
        answers = self.exchange.ask(sites, asked, timeout)
        if len(answers) < settings.min_sites:
            self.exchange.count("round without enough updates")
            self.say(f"round {number}: {len(answers)} updates came; it is tried again")
            return
        names = sorted(answers)
        models = [answers[name].arrays["weights"] for name in names]
        trust = self._trust(names, models, timeout)
        self._join(
            number, names, models, [int(answers[name].head["rows"]) for name in names], trust
        )
        state.save(settings.state)

    def _join(
        self,
        number: int,
        names: Sequence[str],
        models: Sequence[NDArray[np.float32]],
        rows: Sequence[int],
        trust: Sequence[float],
    ) -> None:
        settings, state = self.settings, self.state
        plain = settings.method == "mean"
        weights = [float(each) for each in rows] if plain else counted_rows(rows)
        weights = [each * worth for each, worth in zip(weights, trust, strict=True)]
        kept = models if plain else bounded(models, state.weights)
        if sum(weights) > 0:
            state.weights = join(settings, kept, weights, number)
        else:
            self.exchange.count("round without a trusted update")
        state.round = number
        state.rounds.append(
            {
                "round": number,
                "sites": {
                    name: {"rows": count, "trust": round(worth, 3)}
                    for name, count, worth in zip(names, rows, trust, strict=True)
                },
            }
        )
        ignored = [name for name, worth in zip(names, trust, strict=True) if not worth]
        told = f"; {', '.join(ignored)}: ranks others' incidents no better than chance, not joined"
        self.say(f"round {number}: {len(names)} updates joined{told if ignored else ''}")

    def _trust(
        self, names: Sequence[str], models: Sequence[NDArray[np.float32]], timeout: float
    ) -> list[float]:
        """What each model is worth to the other sites; never more than in an earlier round."""
        if self.settings.method != "reviewed":
            return [1.0] * len(names)
        answers = self.reviews(names, models, timeout)
        reviews: Mapping[str, dict[str, float]] = {
            site: {
                name: area
                for name, area in zip(names, frame.head["areas"], strict=True)
                if area is not None
            }
            for site, frame in answers.items()
        }
        known = self.state.trust
        for name, worth in zip(names, trust_of(reviews, names), strict=True):
            known[name] = min(worth, known.get(name, 1.0))
        return [known[name] for name in names]

    def reviews(
        self, sites: Sequence[str], models: Sequence[NDArray[np.float32]], timeout: float
    ) -> dict[str, Frame]:
        """Ask sites how well models rank their incidents."""
        self._reviewed = len(models)
        arrays = {str(at): model for at, model in enumerate(models)}
        asked = Frame({"id": secrets.token_hex(8), "kind": "review", "models": len(models)}, arrays)
        return self.exchange.ask(sites, asked, timeout)

    def _finish(self) -> set[str]:
        if self.state.round < self.settings.rounds:
            return set()
        self.say("all rounds are joined; the sites fetch the model")
        notes = {"rounds": self.state.rounds, "method": self.settings.method}
        frame = Frame(notes, {"weights": self.state.weights})
        return self.exchange.finish(frame.to_bytes(), self.settings.linger.total_seconds())


def features_of(terms: Mapping[str, Any], plan: Mapping[str, Any]) -> SharedFeatures:
    """How each site reads an incident under a plan."""
    return SharedFeatures(
        int(plan["places"]),
        int(plan["max_chars"]),
        tuple(terms["numbers"]),
        tuple(terms["categories"]),
    )
