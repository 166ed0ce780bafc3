"""What stands in the way is said, and what would help."""

from __future__ import annotations

import pytest

from sftsec_core.api.errors import ConnectorUnavailableError
from tests.connectors.splunk.sites import Site, own_site

MAIL = {"kind": "search", "search": "index=mail"}


def test_a_whole_site_has_nothing_to_complain_of(site: Site) -> None:
    connector = site.connect(upsert_detections=True, notable_update=True)
    assert list(connector.check()) == []


@pytest.fixture
def joe(site: Site, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The login of somebody with few rights, who may read mail alone."""
    site.splunk.add_role("small", capabilities=["search"], srchIndexesAllowed=["mail"])
    site.splunk.add_user("joe", "secret12", ["small"])
    monkeypatch.setenv("SFTSEC_TEST_JOE", "secret12")
    return {"username": "joe", "password": "env:SFTSEC_TEST_JOE"}


def test_what_is_missing_comes_with_the_role_that_grants_it(
    site: Site, joe: dict[str, str]
) -> None:
    lines = list(site.connect(**joe, notable_update=True, sources=[MAIL]).check())
    assert lines[:-1] == [
        "the user joe lacks the capability edit_notable_events",
        "the user may not search the index sftsec, so that copies would go unseen",
        "the user may not write to the collection sftsec_queue",
        "the user may not write to the collection sftsec_verdicts",
    ]
    assert lines[-1].splitlines()[1:] == [
        "[role_sftsec]",
        "importRoles = sftsec_connector",
        "search = enabled",
        "edit_notable_events = enabled",
        "srchIndexesAllowed = sftsec;notable",
    ]


def test_an_index_of_another_name_stands_in_the_role(site: Site, joe: dict[str, str]) -> None:
    site.splunk.add_index("found")
    lines = list(site.connect(**joe, hec={"index": "found"}, sources=[MAIL]).check())
    assert lines[-1].endswith("srchIndexesAllowed = found;notable")


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"hec": {"index": "nowhere"}}, "the index nowhere is not there"),
        ({"sources": [{"kind": "notables", "macro": "nothing"}]}, "cannot be read"),
        ({"sources": [{"kind": "notables", "reviews": "nothing"}]}, "cannot be read"),
    ],
)
def test_what_is_not_there_is_named(site: Site, settings: dict[str, object], line: str) -> None:
    lines = list(site.connect(**settings).check())
    assert len(lines) == 1
    assert line in lines[0]


def test_missing_collections_want_the_app(site: Site) -> None:
    site.drop_collection("sftsec_queue")
    [line] = site.connect().check()
    assert line.startswith("the collections sftsec_queue are not there: install the app")


@pytest.mark.parametrize("ahead", [-90, 90])
def test_a_wrong_clock_is_told_of(site: Site, ahead: int) -> None:
    site.splunk.clock_skew_s = ahead
    lines = [each for each in site.connect().check() if "clock" in each]
    assert len(lines) == 1
    assert ("behind" if ahead > 0 else "ahead of") in lines[0]


def test_a_collector_that_refuses_the_token_is_told_of(site: Site) -> None:
    site.splunk.collector.revoked = True
    [line] = site.connect().check()
    assert line.startswith("the HEC token is not known, or was withdrawn")


def test_splunk_10_with_enterprise_security_7_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    with own_site(monkeypatch, version="10.0.0", es=7) as newer:
        assert list(newer.connect().check()) == []


def test_an_old_splunk_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    with own_site(monkeypatch, version="8.2.3") as old:
        assert list(old.connect().check()) == ["Splunk 8.2.3 is too old: 9.0 or later is needed"]


def test_who_does_not_answer_is_an_error(site: Site) -> None:
    connector = site.connect(retry_timeout="0s")
    site.splunk.faults.dropped = 10
    with pytest.raises(ConnectorUnavailableError, match="does not answer"):
        connector.check()
