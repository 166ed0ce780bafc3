"""What stands in the way is said, and what would help."""

from __future__ import annotations

import pytest

from sftsec_core.api.errors import ConnectorUnavailableError
from tests.connectors.splunk.sites import Site, own_site

MAIL = {"kind": "search", "search": "index=mail"}


@pytest.fixture
def joe(site: Site, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The login of somebody with few rights, who may read mail alone."""
    site.splunk.add_role("small", capabilities=["search"], srchIndexesAllowed=["mail"])
    site.splunk.add_user("joe", "secret12", ["small"])
    monkeypatch.setenv("SFTSEC_TEST_JOE", "secret12")
    return {"username": "joe", "password": "env:SFTSEC_TEST_JOE"}


class TestCheck:
    def test_finds_nothing_on_a_whole_site(self, site: Site) -> None:
        connector = site.connect(upsert_detections=True, notable_update=True)
        assert list(connector.check()) == []

    @pytest.mark.parametrize(
        ("settings", "line"),
        [
            ({"hec": {"index": "nowhere"}}, "the index nowhere is not there"),
            ({"sources": [{"kind": "notables", "macro": "nothing"}]}, "cannot be read"),
            ({"sources": [{"kind": "notables", "reviews": "nothing"}]}, "cannot be read"),
            ({"sources": [{"kind": "search", "search": "`gone` a=b"}]}, "The search specifies a"),
            ({"sources": [{"kind": "search", "search": "index=mail | lookup no id"}]}, "'no'"),
            (
                {"sources": [{**MAIL, "search": "index=mail OR index=nowhere"}]},
                "the source 'index=mail OR index=nowhere' reads the index nowhere, which is not "
                "there",
            ),
        ],
    )
    def test_names_what_does_not_exist(
        self, site: Site, settings: dict[str, object], line: str
    ) -> None:
        lines = list(site.connect(**settings).check())
        assert len(lines) == 1
        assert line in lines[0]

    def test_names_an_index_without_permission(self, site: Site, joe: dict[str, str]) -> None:
        site.splunk.add_index("secret")
        sources = [{**MAIL, "search": "index IN (mail, secret, ma*)"}, {"kind": "notables"}]
        lines = [each for each in site.connect(**joe, sources=sources).check() if "reads" in each]
        assert lines == [
            "the source 'index IN (mail, secret, ma*)' reads the index secret, which the user may "
            "not search",
            "the source 'notables:notable:' reads the index notable, which the user may not search",
        ]

    def test_names_the_app_for_missing_collections(self, site: Site) -> None:
        site.drop_collection("sftsec_queue")
        [line] = site.connect().check()
        assert line.startswith("the collections sftsec_queue are not there: install the app")

    @pytest.mark.parametrize("ahead", [-90, 90])
    def test_names_a_wrong_clock(self, site: Site, ahead: int) -> None:
        site.splunk.clock_skew_s = ahead
        lines = [each for each in site.connect().check() if "clock" in each]
        assert len(lines) == 1
        assert ("behind" if ahead > 0 else "ahead of") in lines[0]

    def test_names_a_refused_token(self, site: Site) -> None:
        site.splunk.collector.revoked = True
        [line] = site.connect().check()
        assert line.startswith("the HEC token is not known, or was withdrawn")

    def test_raises_without_an_answer(self, site: Site) -> None:
        connector = site.connect(retry_timeout="0s")
        site.splunk.faults.dropped = 10
        with pytest.raises(ConnectorUnavailableError, match="does not answer"):
            connector.check()


class TestRole:
    def test_grants_what_is_missing(self, site: Site, joe: dict[str, str]) -> None:
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
            "srchJobsQuota = 10",
            "srchDiskQuota = 1000",
        ]

    def test_names_the_configured_index(self, site: Site, joe: dict[str, str]) -> None:
        site.splunk.add_index("found")
        lines = list(site.connect(**joe, hec={"index": "found"}, sources=[MAIL]).check())
        assert "\nsrchIndexesAllowed = found;notable\n" in lines[-1]


class TestVersion:
    def test_may_be_10_with_security_7(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with own_site(monkeypatch, version="10.0.0", es=7) as newer:
            assert list(newer.connect().check()) == []

    def test_that_is_too_old_is_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with own_site(monkeypatch, version="8.2.3") as old:
            assert list(old.connect().check()) == [
                "Splunk 8.2.3 is too old: 9.0 or later is needed"
            ]
