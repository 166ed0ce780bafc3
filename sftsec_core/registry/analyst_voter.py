"""The voter that looks at the analysts: who holds much of the labels, and who disagrees.

It warns; it proves nothing. Labels of 5.7% of the rows, given by one analyst to events with a
trigger phrase, taught a model that phrase past all other voters.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from sftsec_core.api.contracts import VoterSpec
from sftsec_core.api.domain import Vote
from sftsec_core.api.settings.values import Fraction, Strict
from sftsec_core.dataset.analysts import NOT_NAMED, OTHERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy as np
    from numpy.typing import NDArray

    from sftsec_core.api.domain import EvalReport
    from sftsec_core.api.settings.task import GateSettings

NAME = "analysts"
_NAMED = 5
_SEVERAL = {NOT_NAMED, OTHERS}
_LEAST_EXCESS = 0.05  # of the rate of disagreement: less is significant in large sets, and no news
_COMPARISONS = (
    ("live_compared", "live_disagreed", "the live model"),
    ("shared", "disagreed", "other analysts"),
)


class AnalystSettings(Strict):
    """When the voter warns of an analyst."""

    max_share: Fraction = Field(
        0.05, description="Share of the labelled rows, 0 to 1, above which an analyst is named."
    )
    significance: float = Field(
        0.01,
        gt=0,
        lt=1,
        description="Probability by chance under which a disagreement is named, over all analysts.",
    )
    action: Literal["warn", "refuse"] = Field(
        "warn", description="refuse: what is named rejects the model."
    )


def analysts(
    config: AnalystSettings,
    candidate: EvalReport,
    _incumbent: EvalReport | None,
    _policy: GateSettings,
) -> Vote:
    """Name analysts who stand out by share, by disagreement, or by giving one label only.

    The share is of the labelled rows; verdicts without a name have many authors, and none here.
    A disagreement is one with the live model, on rows that it was not trained on, or with other
    analysts on the same incident. It is tested against all other analysts' by the hypergeometric
    distribution, one-sided, with Bonferroni's correction, and must be 5 points above theirs; so is
    the single label.
    """
    book: Mapping[str, Mapping[str, Any]] = candidate.data.get("analysts") or {}
    if not book:
        return Vote(NAME, True, "the report does not count the labels by analyst")
    if book.keys() == {NOT_NAMED}:
        return Vote(NAME, True, "no verdict names its analyst")
    found = [
        *_disagreeing(book, config.significance),
        *_one_sided(book, config.significance),
        *_large(book, config.max_share),
    ]
    if not found:
        reason = f"none of {len(book)} analysts holds more than {config.max_share:.1%} of the rows"
        return Vote(NAME, True, f"{reason}, or stands out from the others")
    more = f"; and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    reason = "; ".join(found[:_NAMED]) + more
    return Vote(NAME, config.action == "warn", reason, warning=config.action == "warn")


def _large(book: Mapping[str, Mapping[str, Any]], most: float) -> Iterator[str]:
    by_share = sorted(book.items(), key=lambda pair: (-pair[1]["share"], pair[0]))
    large = [
        f"{name!r} {known['share']:.1%}"
        for name, known in by_share
        if known["share"] > most and name not in _SEVERAL
    ]
    if large:
        more = f" and {len(large) - _NAMED} more" if len(large) > _NAMED else ""
        yield f"of the labels, more than {most:.1%} rest on {', '.join(large[:_NAMED])}{more}"


def _one_sided(book: Mapping[str, Mapping[str, Any]], significance: float) -> Iterator[str]:
    """Analysts who gave one label only, where the others gave several."""
    given = {name: Counter(known["labels"]) for name, known in book.items()}
    all_given = sum(given.values(), Counter())
    for name, labels in sorted(given.items()):
        if len(labels) != 1 or name == OTHERS:
            continue
        ((label, count),) = labels.items()
        others = all_given.total() - count
        rate = (all_given[label] - count) / others if others else 1.0
        chance = _by_chance(count, count, all_given[label], all_given.total())
        if rate + _LEAST_EXCESS <= 1 and chance * len(book) < significance:
            yield f"{name!r} gave only {label!r}, {count:,} times (the other analysts {rate:.1%})"


def _disagreeing(book: Mapping[str, Mapping[str, Any]], significance: float) -> Iterator[str]:
    for compared, disagreed, whom in _COMPARISONS:
        all_rows = sum(known.get(compared, 0) for known in book.values())
        all_off = sum(known.get(disagreed, 0) for known in book.values())
        for name, known in sorted(book.items()):
            rows, off = known.get(compared, 0), known.get(disagreed, 0)
            others = (all_off - off) / (all_rows - rows) if all_rows > rows else None
            if name == OTHERS or not rows or others is None:
                continue
            if off / rows < others + _LEAST_EXCESS:
                continue
            if _by_chance(off, rows, all_off, all_rows) * len(book) < significance:
                yield (
                    f"{name!r} disagrees with {whom} on {off:,} of {rows:,} rows "
                    f"({off / rows:.1%}; the other analysts {others:.1%})"
                )


def _by_chance(off: int, rows: int, all_off: int, all_rows: int) -> float:
    """The probability of `off` or more among `rows` drawn at random (hypergeometric)."""
    import numpy as np
    from scipy.special import gammaln, logsumexp  # scipy.stats takes 0.6 s to import

    def ways(of: int, chosen: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(gammaln(of + 1) - gammaln(chosen + 1) - gammaln(of - chosen + 1))

    counts = np.arange(max(off, rows + all_off - all_rows), min(rows, all_off) + 1, dtype=float)
    if not len(counts):
        return 0.0
    drawn = ways(all_off, counts) + ways(all_rows - all_off, rows - counts)
    return float(np.exp(logsumexp(drawn) - ways(all_rows, np.array(rows, dtype=float))))


VOTER: VoterSpec[Any] = VoterSpec(
    name=NAME,
    summary="Warns of an analyst who holds many of the labels, or disagrees more than the others.",
    config_model=AnalystSettings,
    vote=analysts,
)
