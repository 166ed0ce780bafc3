"""What happens while the platform cannot be reached, and what is left open."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from sftsec_core.api.errors import ConnectorError
from sftsec_core.testing.connector.planted import EVERYTHING, Planted, connected, pull, uids
from sftsec_core.testing.connector.planting import detections_for, requests_for
from sftsec_core.testing.connector.reachable import open_descriptors, settled_descriptors

if TYPE_CHECKING:
    from sftsec_core.api.domain import IncidentPage
    from sftsec_core.testing.connector.platform import Platform

_CLOSING_S = 2.0  # a server closes its side of a connection a moment later


class OutageChecks:
    """An outage is an error of the connector, in one line: never a result, never a raw exception.

    `ConnectorUnavailableError` where a later call may succeed; `ConnectorError` otherwise.
    """

    def test_pull_from_an_unreachable_platform_is_an_error(self, planted: Planted) -> None:
        """Taken for an empty platform it would train on nothing."""
        with planted.platform.unreachable(), pytest.raises(ConnectorError) as error:
            pull(planted.platform)
        _one_line(error.value)

    def test_outage_between_two_pages_is_an_error(self, planted: Planted) -> None:
        """A quiet end would look like the end of the data; the cursor resumes afterwards."""
        platform = planted.platform
        if platform.keeps_reading:
            pytest.skip(f"optional: {type(platform).__name__} keeps reading")
        with connected(platform) as connector:
            pages = connector.pull(EVERYTHING)
            got = [next(iter(pages))]
            with platform.unreachable(), pytest.raises(ConnectorError) as error:
                _read_on(pages, got, platform.read_ahead)
        _one_line(error.value)
        rest = pull(platform, cursor=got[-1].cursor)
        assert uids([*got, *rest]) == uids(planted.pages)

    def test_push_to_an_unreachable_platform_is_an_error(self, planted: Planted) -> None:
        """Nothing is called written; the same call succeeds afterwards."""
        platform = planted.platform
        detections = detections_for(platform, list(planted.incidents.values())[:3], model="b")
        with (
            platform.unreachable(),
            pytest.raises(ConnectorError) as error,
            connected(platform) as connector,
        ):
            connector.push(detections)
        _one_line(error.value)
        with connected(platform) as connector:
            receipt = connector.push(detections)
        found = sorted([*receipt.written, *receipt.duplicates])
        mine = sorted(each.uid for each in detections)
        assert found == mine
        assert sorted(each.uid for each in platform.pushed() if each.uid in mine) == mine

    def test_request_to_an_unreachable_platform_is_an_error(self, planted: Planted) -> None:
        """Requests that no analyst sees would be taken for made."""
        planted.platform.requested()  # only where requests can be made at all
        unlabelled = [each for each in planted.incidents.values() if not each.verdicts]
        requests = requests_for(planted.platform, unlabelled[:2])
        with (
            planted.platform.unreachable(),
            pytest.raises(ConnectorError) as error,
            connected(planted.platform) as connector,
        ):
            connector.request_labels(requests)
        _one_line(error.value)

    def test_check_names_an_unreachable_platform(self, planted: Planted) -> None:
        """`sftsec connector check` is the first command of anyone whose set-up fails."""
        with planted.platform.unreachable():
            try:
                with connected(planted.platform) as connector:
                    problems = list(connector.check())
            except ConnectorError as error:
                problems = [str(error)]
        assert problems, "check() finds nothing wrong with a platform that is away"
        assert all(isinstance(each, str) and each.strip() for each in problems)

    def test_check_finds_nothing_wrong_where_all_is_well(self, planted: Planted) -> None:
        """It returns lines, one a problem; here there are none."""
        with connected(planted.platform) as connector:
            problems = connector.check()
        assert not isinstance(problems, str), "a string is a sequence of characters"
        assert list(problems) == []


class CloseChecks:
    """What a connector opened it closes."""

    def test_connector_may_be_closed_twice(self, planted: Planted) -> None:
        """The one who cleans up need not know who did so before."""
        connector = planted.platform.connect()
        connector.close()
        assert connector.close() is None  # type: ignore[func-returns-value]  # what we test

    def test_close_leaves_nothing_open(self, planted: Planted) -> None:
        """`sftsec serve` opens and closes connectors for months."""
        platform = planted.platform
        _use(platform)  # what the process opens once and keeps is no leak
        before = settled_descriptors()
        kept = [_use(platform) for _ in range(3)]
        deadline = time.monotonic() + _CLOSING_S
        while open_descriptors() > before and time.monotonic() < deadline:
            time.sleep(0.02)
        left = open_descriptors() - before
        assert left <= 0, f"{left} files or sockets are open after {len(kept)} were closed"


def _use(platform: Platform) -> object:
    """Use a connector, leave a pull half-way, close it; return it, so that it is not collected."""
    connector = platform.connect()
    connector.check()
    pages = connector.pull(EVERYTHING)
    next(iter(pages))
    connector.push(detections_for(platform, [], model="8"))
    del pages  # what a pull does when it is abandoned is done before the connector is closed
    connector.close()
    return connector


def _read_on(pages: Iterator[IncidentPage], got: list[IncidentPage], most: int) -> None:
    """Read to the end, into `got`; only so many pages can have been fetched already."""
    for number, page in enumerate(pages):
        assert number < most, "everything was read before the first page"
        got.append(page)


def _one_line(error: ConnectorError) -> None:
    assert str(error).strip(), "the error says nothing"
    assert "\n" not in str(error), "the error is longer than a line"
