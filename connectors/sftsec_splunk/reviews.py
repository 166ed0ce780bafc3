"""Enterprise Security's history of reviews: who judged a notable, and how that changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sftsec_core.api.domain import Verdict
from sftsec_core.sdk.records import UnusableError, parse_time
from sftsec_splunk.config import UNASSIGNED
from sftsec_splunk.kv import parts_of
from sftsec_splunk.spl import lookup_rows
from sftsec_splunk.times import sort_seconds

if TYPE_CHECKING:
    from sftsec_splunk.config import FindingsSource, NotablesSource
    from sftsec_splunk.searches import Searches

Review = Mapping[str, Any]
# The verdicts on an event, oldest first, or why they cannot be used.
Judged = tuple[Verdict, ...] | UnusableError
_AT_ONCE = 500


class Reviews:
    """Reads the lookup in which each review is a row."""

    def __init__(self, searches: Searches, config: NotablesSource | FindingsSource) -> None:
        self._searches = searches
        self._config = config

    def of(self, names: Sequence[str]) -> dict[str, Judged]:
        """The verdicts on notables, oldest first, by their event_id; or why there are none."""
        wanted = set(names)
        by_name: dict[str, list[Review]] = defaultdict(list)
        for part in parts_of(sorted(wanted), _AT_ONCE):
            search = lookup_rows(self._config.reviews, "rule_id", part)
            kept = "time, rule_id, disposition, user, comment"
            for row in self._searches.rows(f"{search} | table {kept}"):
                if row.get("rule_id") in wanted:
                    by_name[row["rule_id"]].append(row)
        return {name: self._judged(reviews) for name, reviews in by_name.items()}

    def _judged(self, reviews: Iterable[Review]) -> Judged:
        try:
            return self.verdicts(reviews)
        except UnusableError as error:
            return error

    def probe(self) -> None:
        """Try whether the lookup is there.

        Raises:
            SearchError: when it is not.
        """
        list(self._searches.rows(f"| inputlookup {self._config.reviews} | head 1"))

    def verdicts(self, reviews: Iterable[Review]) -> tuple[Verdict, ...]:
        """Reduce a history to its verdicts.

        A review repeats the disposition that it does not change: only a change is a verdict, and
        a default that comes first is none. One that removes the disposition retracts all earlier
        verdicts.

        Raises:
            UnusableError: when the time of a verdict cannot be read.
        """
        verdicts: list[Verdict] = []
        before = ""
        for review in sorted(reviews, key=_seconds):
            disposition = str(review.get("disposition") or before or UNASSIGNED)
            if disposition == before or (not before and disposition in self._config.defaults):
                before = disposition
                continue
            before = disposition
            value = self._config.values.get(disposition, disposition)
            if disposition == UNASSIGNED:
                verdicts.clear()
            elif value:
                verdicts.append(self._verdict(value, review))
        return tuple(verdicts)

    def _verdict(self, value: str, review: Review) -> Verdict:
        user = review.get("user")
        who = str(user) if user else None
        comment = review.get("comment")
        reason = str(comment) if comment else None
        automated = who is None or who in self._config.automation
        return Verdict(value, who, parse_time(review.get("time"), "time"), reason, automated)


def _seconds(review: Review) -> float:
    return sort_seconds(review.get("time"))
