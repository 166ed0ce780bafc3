"""What a later pull takes over from an earlier one, where a connector implements `PullsParts`."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest

from sftsec_core.api.contracts import PullsParts
from sftsec_core.api.domain import Incident, Verdict
from sftsec_core.testing.connector.planted import (
    EVERYTHING,
    LABELLED,
    Planted,
    connected,
    incidents,
    pull,
)
from sftsec_core.testing.connector.planting import COUNT, late_incident

if TYPE_CHECKING:
    from datetime import datetime

    from sftsec_core.api.domain import IncidentPage, PullWindow
    from sftsec_core.testing.connector.platform import Platform

Kept = dict[str, tuple[str, list["IncidentPage"]]]


@dataclass(slots=True)
class PartsPull:
    """What one pull by parts brought, and what it leaves for the next.

    Attributes:
        pages: all, in the order of the parts.
        kept: each part's proof and pages, by name.
        read: how many incidents were pulled, rather than taken over.
    """

    pages: list[IncidentPage] = field(default_factory=list)
    kept: Kept = field(default_factory=dict)
    read: int = 0

    @property
    def told(self) -> list[Any]:
        """What it brought, to compare with another one."""
        return [_told(each) for each in incidents(self.pages)]


def pull_parts(
    platform: Platform, window: PullWindow = LABELLED, kept: Kept | None = None
) -> PartsPull:
    """Pull by parts with a connector of its own, as the next process does.

    Args:
        platform: whose connector pulls.
        window: what to pull.
        kept: of an earlier pull; None takes nothing over, as a rebuild.
    """
    made, earlier = PartsPull(), kept or {}
    with connected(platform) as connector:
        for part in _parted(connector).parts(window):
            known = earlier.get(part.name)
            if known is not None and part.holds(known[0]):
                made.kept[part.name] = known
            else:
                pages = list(part.pages(None))
                made.kept[part.name] = (part.proof(), pages)
                made.read += len(incidents(pages))
            made.pages += made.kept[part.name][1]
    return made


def _parted(connector: object) -> PullsParts:
    if not isinstance(connector, PullsParts):
        pytest.skip(f"optional: {type(connector).__name__} does not implement PullsParts")
    return connector


def _told(incident: Incident) -> Any:  # noqa: ANN401 - of comparable values
    return incident.uid, incident.at, repr(sorted(incident.fields.items())), incident.verdicts


class PartChecks:
    """The second pull of a million incidents, of which a hundredth is new, brings the hundredth.

    Only of a connector that implements `PullsParts`. Whatever changed on the platform, what is
    taken over and what is pulled make up what a pull without anything taken over brings.
    """

    def test_parts_bring_what_a_pull_brings(self, planted: Planted) -> None:
        """No incident is lost between two parts, and none is in both."""
        for window in (LABELLED, EVERYTHING):
            found = pull_parts(planted.platform, window)
            whole = incidents(pull(planted.platform, window))
            assert Counter(map(str, found.told)) == Counter(str(_told(each)) for each in whole)

    def test_part_names_are_names_of_folders(self, planted: Planted) -> None:
        """Each is kept under its name; another one's content must not lie there."""
        with connected(planted.platform) as connector:
            names = [part.name for part in _parted(connector).parts(LABELLED)]
        assert len(set(names)) == len(names)
        assert all(0 < len(name) <= 64 for name in names)
        assert all(name.replace("-", "").isalnum() and name.isascii() for name in names)

    def test_unchanged_platform_is_not_read_again(self, planted: Planted) -> None:
        """All parts hold in another process, and bring what was kept."""
        first = pull_parts(planted.platform)
        again = pull_parts(planted.platform, kept=first.kept)
        assert first.read > 0
        assert again.read == 0
        assert again.told == first.told

    def test_new_record_leaves_most_parts(self, fresh: Platform) -> None:
        """What arrived, with an older time than most, is brought without the rest."""
        Planted(fresh)
        first = pull_parts(fresh)
        if len(first.kept) < 2:
            pytest.skip("optional: so few incidents are one part")
        fresh.fill([late_incident(fresh, labelled=True)])
        again = pull_parts(fresh, kept=first.kept)
        assert again.read < len(again.told)
        assert fresh.named("incident-late") in {uid for uid, *_ in again.told}
        assert again.told == pull_parts(fresh).told

    def test_new_verdict_is_never_missed(self, fresh: Platform) -> None:
        """One on an incident that had none, and another one on one that had."""
        planted = Planted(fresh)
        judged = next(i for i in planted.incidents.values() if i.verdicts)
        unjudged = next(i for i in planted.incidents.values() if not i.verdicts)
        first = pull_parts(fresh)
        other = next(v for v in fresh.verdict_values if v != judged.verdicts[0].value)
        for number, each in enumerate((unjudged, judged)):
            at = judged.verdicts[0].at
            fresh.add_verdict(each.uid, Verdict(other, f"analyst-late-{number}", at))
            again = pull_parts(fresh, kept=first.kept)
            assert again.told != first.told
            assert again.told == pull_parts(fresh).told
            first = again

    def test_removed_incident_is_not_kept(self, fresh: Platform) -> None:
        """Retention takes it away: the next data set is without it."""
        planted = Planted(fresh)
        judged = next(i for i in planted.incidents.values() if i.verdicts)
        first = pull_parts(fresh)
        fresh.remove(judged.uid)
        again = pull_parts(fresh, kept=first.kept)
        assert fresh.named(judged.uid) not in {uid for uid, *_ in again.told}
        assert again.told == pull_parts(fresh).told

    def test_moved_window_takes_other_incidents(self, planted: Planted) -> None:
        """It begins later each day; and a longer one was configured since."""
        times = sorted(each.at for each in planted.incidents.values() if each.at)
        later = _since(LABELLED, times[COUNT // 2])
        for before, after in (
            (LABELLED, later),
            (later, LABELLED),
            (_since(later, times[1]), later),
        ):
            first = pull_parts(planted.platform, before)
            again = pull_parts(planted.platform, after, first.kept)
            assert again.told == pull_parts(planted.platform, after).told

    def test_part_resumes_after_a_page(self, planted: Planted) -> None:
        """A kill amid a part: another process reads the rest of it."""
        with connected(planted.platform) as connector:
            wholes = [list(part.pages(None)) for part in _parted(connector).parts(EVERYTHING)]
        with connected(planted.platform) as connector:
            for part, pages in zip(_parted(connector).parts(EVERYTHING), wholes, strict=True):
                for number, page in enumerate(pages):
                    rest = incidents(list(part.pages(page.cursor)))
                    assert rest == incidents(pages[number + 1 :])


def _since(window: PullWindow, at: datetime) -> PullWindow:
    return replace(window, since=at)
