"""Kibana's closed cases as verdicts on the alerts that are attached to them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from sftsec_core.api.domain import Rejection, Verdict
from sftsec_core.api.settings.words import word_key
from sftsec_core.sdk.logged_states import LoggedState
from sftsec_core.sdk.records import UnusableError, parse_time, verdict_values
from sftsec_core.sdk.verdict_join import LoggedPage, LoggedVerdicts
from sftsec_search.documents import uid_of
from sftsec_search.positions import SearchPosition

if TYPE_CHECKING:
    from sftsec_elastic.config import CaseSettings
    from sftsec_elastic.kibana import Kibana
    from sftsec_search.identities import Identities
    from sftsec_search.pull import Log

_AT_ONCE = 100
_MOST = 10_000  # Kibana finds no more
_MARK = "cases"  # a position in the cases; one in the index of verdicts begins with an index


def probe_path(settings: CaseSettings) -> str:
    """A small request that takes the privilege that reading cases takes."""
    return f"/api/cases/_find?{urlencode({'owner': settings.owner, 'perPage': 1})}"


@dataclass(frozen=True, slots=True)
class ClosedCases:
    """The closed cases of the configured space.

    Attributes:
        kibana: where they are.
        settings: what on a case is a verdict.
    """

    kibana: Kibana
    settings: CaseSettings

    def read(self) -> tuple[dict[str, tuple[Verdict, ...]], tuple[Rejection, ...]]:
        """Return each judged alert's verdicts by its uid, and the cases that cannot be used.

        Raises:
            KibanaError: when it refuses.
            ConnectorUnavailableError: when it does not answer up to the bound.
        """
        found: dict[str, list[Verdict]] = {}
        rejected = []
        for case in self._cases():
            try:
                verdicts = tuple(self._verdicts(case))
            except UnusableError as error:
                rejected.append(Rejection(f"case {case.get('id')}", str(error)))
                continue
            for uid in self._alerts(case) if verdicts else ():
                found.setdefault(uid, []).extend(verdicts)
        return {uid: tuple(dict.fromkeys(found[uid])) for uid in sorted(found)}, tuple(rejected)

    def _cases(self) -> Iterator[Mapping[str, Any]]:
        """The newest closings first, so that what Kibana does not find is the oldest."""
        for page in range(1, _MOST // _AT_ONCE + 1):
            asked = {
                "status": "closed",
                "owner": self.settings.owner,
                "sortField": "closedAt",
                "sortOrder": "desc",
                "page": page,
                "perPage": _AT_ONCE,
            }
            cases = self.kibana.ask(f"/api/cases/_find?{urlencode(asked)}").get("cases", [])
            yield from cases
            if len(cases) < _AT_ONCE:
                return

    def _alerts(self, case: Mapping[str, Any]) -> Iterator[str]:
        answer = self.kibana.ask(f"/api/cases/{quote(str(case['id']), safe='')}/alerts")
        for each in answer.get("", []):
            if each.get("index") and each.get("id"):
                yield uid_of(str(each["index"]), str(each["id"]))

    def _verdicts(self, case: Mapping[str, Any]) -> Iterator[Verdict]:
        settings = self.settings
        closed_by = case.get("closed_by") or {}
        who = closed_by.get("username") or closed_by.get("full_name") or None
        at = parse_time(case.get("closed_at"), "closed_at")
        tags = verdict_values(case.get("tags") or [], "tags")
        for source, given, words in (
            ("tag", tags, settings.tags),
            ("field", self._custom_field(case), settings.words),
            ("comment", self._comment(case), settings.words),
        ):
            by_key = {word_key(word): verdict for word, verdict in words.items()}
            for word in given:
                if word_key(word) in by_key:
                    yield Verdict(by_key[word_key(word)], who, at, f"case {source} {word}")

    def _custom_field(self, case: Mapping[str, Any]) -> list[str]:
        wanted = self.settings.custom_field
        for each in case.get("customFields") or () if wanted else ():
            if each.get("key") == wanted and each.get("value") not in (None, ""):
                return verdict_values(each["value"], f"customFields {wanted}")
        return []

    def _comment(self, case: Mapping[str, Any]) -> list[str]:
        """The lines of the last comment: one of them may be a verdict, word for word."""
        if not self.settings.comment or not case.get("totalComment"):
            return []
        asked = urlencode({"perPage": _AT_ONCE, "sortOrder": "desc"})
        name = quote(str(case["id"]), safe="")
        answer = self.kibana.ask(f"/api/cases/{name}/comments/_find?{asked}")
        users = (each for each in answer.get("comments", ()) if each.get("type") == "user")
        by_time = sorted(users, key=lambda each: str(each.get("created_at", "")))
        text = str(by_time[-1].get("comment", "")) if by_time else ""
        return [line.strip(" \t.!*") for line in text.splitlines()]


class CaseLog:
    """The verdicts of cases, with those of another log before them.

    Read once, when it is made: a pull sees the cases as they were when it began.
    """

    def __init__(self, cases: ClosedCases, before: Log | None) -> None:
        self._by_uid, self._rejected = cases.read()
        self._before = before

    def of(self, uids: Sequence[str]) -> Mapping[str, tuple[Verdict, ...]]:
        """The verdicts on these alerts: the other log's, then those of cases."""
        return self._joined({} if self._before is None else self._before.of(uids), uids)

    def _joined(
        self, before: Mapping[str, tuple[Verdict, ...]], uids: Sequence[str]
    ) -> Mapping[str, tuple[Verdict, ...]]:
        both = {uid: (*before.get(uid, ()), *self._by_uid.get(uid, ())) for uid in uids}
        return {uid: verdicts for uid, verdicts in both.items() if verdicts}

    def states(self, known: Identities) -> Iterator[LoggedState] | None:
        """The state of each judged alert; None where that of the other log cannot be told."""
        before = () if self._before is None else self._before.states(known)
        return None if before is None else self._states(before)

    def _states(self, before: Iterable[LoggedState]) -> Iterator[LoggedState]:
        also = {}
        for each in before:
            if each.uid in self._by_uid:
                also[each.uid] = each.state
            else:
                yield each
        for uid, verdicts in self._by_uid.items():
            yield LoggedState(uid, repr((verdicts, also.get(uid))), _latest(verdicts))

    def read(
        self, uids: Sequence[str]
    ) -> tuple[Mapping[str, tuple[Verdict, ...]], tuple[Rejection, ...]]:
        """The verdicts on these alerts, and those of the other log that cannot be used."""
        before, rejected = ({}, ()) if self._before is None else self._before.read(uids)
        return self._joined(before, uids), rejected

    @property
    def rejected(self) -> tuple[Rejection, ...]:
        """The cases that cannot be used."""
        return self._rejected

    def pages(
        self, position: SearchPosition | None, size: int, wanted: tuple[str, ...]
    ) -> Iterator[LoggedPage[SearchPosition]]:
        """Read all judged alerts; one that both have stands in each part with its verdicts."""
        begun = position is not None and position.after[:1] == (_MARK,)
        if self._before is not None and not begun:
            yield from self._before.pages(position, size, wanted)
        after = position.after[1] if begun and position is not None else ""
        uids = [uid for uid in self._by_uid if uid > after]
        rejected = () if begun else self._rejected
        for start in range(0, len(uids) or bool(rejected), size):
            part = uids[start : start + size]
            logged = [LoggedVerdicts(uid, self._by_uid[uid]) for uid in part]
            place = SearchPosition((_MARK, part[-1] if part else after))
            yield LoggedPage(logged, place, () if start else rejected)


def _latest(verdicts: Sequence[Verdict]) -> int:
    """The time of the last verdict in milliseconds since 1970; 0 where none has one."""
    return max((int(each.at.timestamp() * 1000) for each in verdicts if each.at), default=0)
