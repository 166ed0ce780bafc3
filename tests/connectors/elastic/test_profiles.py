"""Names for profile ids; the engine of the tests has no profiles, so its answers are scripted."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from sftsec_core.api.domain import PullWindow
from sftsec_core.sdk.errors import AccessError
from sftsec_core.sdk.retry import RetryPolicy
from sftsec_elastic.profiles import ProfileNames
from tests.connectors.elastic.alerts import AlertSite, alert, closed
from tests.connectors.search.sites import incidents, pages

RETRY = RetryPolicy(timedelta(0))
ANN, BOB = "u_abc-D_ef_0", "u_xyz_0"
AT = "2026-01-05T08:00:00Z"


class Profiles:
    """`GET /_security/profile/UIDS`, as its reference documents the answer."""

    def __init__(self, *, allowed: bool = True, **names: str) -> None:
        self.asked: list[list[str]] = []
        self._names = {ANN: "ann", BOB: "bob"} | names
        self._allowed = allowed

    def request(self, method: str, path: str, **_options: Any) -> dict[str, Any]:
        assert method == "GET"
        uids = path.removeprefix("/_security/profile/").split(",")
        self.asked.append(uids)
        if not self._allowed:
            raise AccessError("no", status=403, kind="security_exception")
        there = [uid for uid in uids if uid in self._names]
        users = {uid: {"username": self._names[uid], "realm_name": "native"} for uid in there}
        profiles = [{"uid": uid, "enabled": True, "user": user} for uid, user in users.items()]
        return {"profiles": profiles, "errors": {"count": len(uids) - len(there)}}


def names_of(profiles: Any) -> ProfileNames:
    return ProfileNames(profiles, RETRY)


class TestProfileNames:
    def test_ask_once_for_each_profile(self) -> None:
        profiles = Profiles()
        names = names_of(profiles)
        names.learn([ANN, "ann", None, 7, "u_flow"])
        names.learn([BOB, ANN, "u_gone_0"])
        names.learn([BOB, "u_gone_0"])
        assert profiles.asked == [[ANN], ["u_gone_0", BOB]]
        assert [names.name(each) for each in (ANN, BOB, "u_gone_0", "lea")] == [
            "ann", "bob", "u_gone_0", "lea",
        ]  # fmt: skip

    def test_stay_ids_without_the_privilege(self, caplog: pytest.LogCaptureFixture) -> None:
        profiles = Profiles(allowed=False)
        names = names_of(profiles)
        names.learn([ANN])
        names.learn([BOB])
        assert len(profiles.asked) == 1
        assert names.name(ANN) == ANN
        assert "read_security" in caplog.text


class TestVerdict:
    def test_names_analyst_and_assignee(self, site: AlertSite) -> None:
        assigned = {"kibana.alert.workflow_assignee_ids": [BOB]}
        tagged = {"kibana.alert.workflow_tags": ["True Positive"]}
        two = {"kibana.alert.workflow_assignee_ids": [ANN, BOB]}
        site.plant(
            a=alert(AT, "x", **closed("true_positive", user=ANN)),
            b=alert(AT, "y", **tagged, **assigned),
            c=alert(AT, "z", **tagged, **two),
        )
        connector = site.connect()
        for source in connector._alerts:
            source._profiles = names_of(Profiles())
        found = incidents(pages(connector, PullWindow(labelled=True)))
        said = {each.uid[-1]: [verdict.analyst for verdict in each.verdicts] for each in found}
        assert said == {"a": ["ann"], "b": ["bob"], "c": [None]}

    def test_keeps_the_id_of_an_unknown_profile(self, site: AlertSite) -> None:
        """The engine itself is asked, and knows no such profile."""
        site.plant(a=alert(AT, "x", **closed("true_positive", user=ANN)))
        [incident] = site.pull()
        assert [each.analyst for each in incident.verdicts] == [ANN]
