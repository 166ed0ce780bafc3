"""The audit `disguise`: how many detected attacks are still detected when they are disguised."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from statistics import median
from typing import TYPE_CHECKING, Any

from sftsec_core.api import TEXT_INPUT, AttackSpec, RiskSection, RiskTable
from sftsec_robust.attacks.registry import HELD_OUT
from sftsec_robust.kinds import text_kind
from sftsec_robust.search import Answer, Chase, attack_once, greedy_search
from sftsec_robust.settings import DisguiseSettings
from sftsec_robust.voter import VOTER

if TYPE_CHECKING:
    from sftsec_core.api import AuditInput, Example

RISK = "Disguised attacks"
_LEAST = 0.5  # of the detected attacks; a model that keeps less is no protection
_WAYS = 10
_DEFENCES = (
    "Train the recipe `hardened`, or add the step `canonical` and the transform `adversarial` to "
    "the task (plugin `robust`); set `gate.voters.max_robust_drop.drop` so that no weaker model "
    "goes live."
)


@dataclass(frozen=True, slots=True)
class _Asked:
    """The candidate, asked about rows of test with other texts."""

    given: AuditInput
    rows: Sequence[Example]

    def __call__(self, texts: Sequence[tuple[int, str]]) -> list[Answer]:
        if not texts or self.given.rescore is None:
            return []
        changed = [
            replace(self.rows[row], inputs={**self.rows[row].inputs, TEXT_INPUT: text})
            for row, text in texts
        ]
        found = self.given.rescore(changed)
        alerts = found.labels != found.benign
        return [
            Answer(float(score), bool(alert))
            for score, alert in zip(found.attack_scores, alerts, strict=True)
        ]


def disguise(config: DisguiseSettings, given: AuditInput) -> Mapping[str, Any]:
    """Attack detected attacks of test at the threshold that the model serves with.

    The figures are `recall` (of test), `rows` (that were attacked), `recall_attacked` and
    `retained` (its share of `recall`) under the search over all attacks, `retained_unseen` under
    the same search over those that no defence was made from, `fpr` and `fpr_dev`; 0 to 1.
    """
    if (reason := _unmeasurable(given)) is not None:
        return RiskSection(
            risk=RISK, outcome="not_measured", tried="Nothing.", found=reason, voter=VOTER
        ).to_json()
    rows = _detected(config, given)
    if not rows:
        return RiskSection(
            risk=RISK,
            outcome="not_measured",
            tried="Nothing.",
            found="The model detects no attack of test, so that none can be disguised.",
            voter=VOTER,
        ).to_json()
    ask = _Asked(given, rows)
    benign = _known_benign(config, given)
    chases = _chases(config, rows, ask)
    alone = _each_alone(config, given.attacks, chases, benign, ask)
    searched = _searched(config, given, given.attacks, chases, benign, ask)
    unseen = {name: spec for name, spec in given.attacks.items() if name in HELD_OUT}
    unseen_ones = _searched(config, given, unseen, chases, benign, ask)
    return _section(config, given, searched, unseen_ones, alone).to_json()


def _unmeasurable(given: AuditInput) -> str | None:
    if given.task.benign is None:
        return "The task has no benign label, so that no attack can be missed."
    if all(field.name != TEXT_INPUT for field in given.task.inputs):
        return "The task reads no text: only texts can be disguised."
    return None if given.rescore else "The model cannot be asked about other texts here."


def _detected(config: DisguiseSettings, given: AuditInput) -> list[Example]:
    """A sample of the attacks of test that the model alerts on and that have a text."""
    found = given.predictions
    hits = [
        example
        for example, attack, label in zip(
            given.split.test, found.attacks, found.labels, strict=True
        )
        if attack and label != found.benign and example.inputs.get(TEXT_INPUT)
    ]
    draw = Random(config.seed)  # noqa: S311 - a draw that can be repeated
    return draw.sample(hits, min(config.rows, len(hits)))


def _known_benign(config: DisguiseSettings, given: AuditInput) -> list[str]:
    texts = [
        str(example.inputs.get(TEXT_INPUT) or "")
        for example in given.split.train
        if example.label == given.task.benign
    ]
    draw = Random(config.seed)  # noqa: S311 - a draw that can be repeated
    return draw.sample(texts, min(config.benign, len(texts)))


def _chases(config: DisguiseSettings, rows: Sequence[Example], ask: _Asked) -> list[Chase]:
    """The rows as the search begins; one that is missed when it is read again is left out."""
    texts = [(row, str(example.inputs[TEXT_INPUT])) for row, example in enumerate(rows)]
    return [
        Chase(row, text, text_kind(text) if config.kind == "auto" else config.kind, answer.score)
        for (row, text), answer in zip(texts, ask(texts), strict=True)
        if answer.alerts
    ]


def _each_alone(
    config: DisguiseSettings,
    attacks: Mapping[str, AttackSpec[Any]],
    chases: Sequence[Chase],
    benign: Sequence[str],
    ask: _Asked,
) -> dict[str, tuple[int, int]]:
    """For each attack alone: how many rows it changes, and how many of these are then missed."""
    found = {}
    for name, spec in attacks.items():
        texts = [
            (chase.row, text)
            for chase in chases
            if chase.kind in spec.kinds
            for text in attack_once(chase, spec, benign, draws=config.draws, seed=config.seed)
        ]
        answers = ask(texts)
        pairs = zip(texts, answers, strict=True)
        missed = {row for (row, _), answer in pairs if not answer.alerts}
        found[name] = (len({row for row, _ in texts}), len(missed))
    return found


def _searched(
    config: DisguiseSettings,
    given: AuditInput,
    attacks: Mapping[str, AttackSpec[Any]],
    chases: Sequence[Chase],
    benign: Sequence[str],
    ask: _Asked,
) -> list[Chase]:
    begun = [Chase(chase.row, chase.text, chase.kind, chase.score) for chase in chases]
    greedy_search(
        begun,
        attacks,
        benign,
        ask,
        queries=config.queries,
        seed=config.seed,
        progress=given.progress,
    )
    return begun


def _section(
    config: DisguiseSettings,
    given: AuditInput,
    searched: Sequence[Chase],
    unseen: Sequence[Chase],
    alone: Mapping[str, tuple[int, int]],
) -> RiskSection:
    figures = _figures(config, given, searched, unseen)
    lost = round(1 - figures["retained"], 9)
    held = lost <= config.max_drop
    return RiskSection(
        risk=RISK,
        outcome="held" if held else "failed" if figures["retained"] < _LEAST else "warning",
        tried=(
            f"{len(searched):,} attacks of the test part that the model detects were rewritten so "
            "that they still do the same: look-alike letters, quotes, encodings, harmless text "
            "beside them and others that fit the kind of text. An attacker who sees the model's "
            f"probability had up to {config.queries} tries for each."
        ),
        found=(
            f"{figures['retained']:.0%} of them are still detected: of all attacks the model finds "
            f"{figures['recall']:.1%}, and {figures['recall_attacked']:.1%} once they are "
            "disguised. Of those disguised only in ways that the plugin's defences were not made "
            f"for, {figures['retained_unseen']:.0%} are still detected."
        ),
        advice="" if held else _DEFENCES,
        figures=figures,
        tables=(_alone_table(alone, given.attacks), _path_table(searched)),
        voter=VOTER,
    )


def _figures(
    config: DisguiseSettings,
    given: AuditInput,
    searched: Sequence[Chase],
    unseen: Sequence[Chase],
) -> dict[str, Any]:
    found = given.predictions
    alerted = found.labels != found.benign
    recall = float(alerted[found.attacks].mean())
    retained = _kept(searched)
    benign = ~found.attacks
    return {
        "rows": len(searched),
        "queries": config.queries,
        "recall": recall,
        "recall_attacked": recall * retained,
        "retained": retained,
        "retained_unseen": _kept(unseen),
        "max_drop": config.max_drop,
        "fpr": float(alerted[benign].mean()) if benign.any() else None,
        "fpr_dev": _dev_rate(given),
    }


def _kept(chases: Sequence[Chase]) -> float:
    return sum(not chase.missed for chase in chases) / max(len(chases), 1)


def _dev_rate(given: AuditInput) -> float | None:
    """The rate of false alarms on dev, where the threshold was chosen."""
    quiet = [example for example in given.split.dev if example.label == given.task.benign]
    if not quiet or given.rescore is None:
        return None
    found = given.rescore(quiet)
    return float((found.labels != found.benign).mean())


def _alone_table(
    alone: Mapping[str, tuple[int, int]], attacks: Mapping[str, AttackSpec[Any]]
) -> RiskTable:
    tried = {name: found for name, found in alone.items() if found[0]}
    ordered = sorted(tried.items(), key=lambda item: (-item[1][1] / item[1][0], item[0]))
    return RiskTable(
        title="Each disguise alone",
        columns=("disguise", "what it does", "attacks", "missed", "of them", "a defence is for it"),
        rows=tuple(
            (
                name.replace("_", " "),
                attacks[name].summary,
                rows,
                missed,
                f"{missed / rows:.0%}",
                "no" if name in HELD_OUT else "yes",
            )
            for name, (rows, missed) in ordered
        ),
        public=True,
    )


def _path_table(searched: Sequence[Chase]) -> RiskTable:
    """The ways past the model without the texts, which are made of incidents."""
    missed = [chase for chase in searched if chase.missed]
    ways = Counter(chase.path for chase in missed)
    tries = {way: median(c.queries for c in missed if c.path == way) for way in ways}
    return RiskTable(
        title="Ways past the model that the search found",
        columns=("disguises, one on the other", "attacks", "tries (median)"),
        rows=tuple(
            (", ".join(way).replace("_", " "), count, tries[way])
            for way, count in ways.most_common(_WAYS)
        ),
        public=True,
    )
