"""Events become notifications: once, in the background, and never at the cost of a run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sftsec_core.api.domain import DriftFound, Event, ModelPromoted
from sftsec_core.config.notify import NotifySettings
from sftsec_core.notify.notifier import Notifier
from sftsec_core.store.store import Store
from tests.core.sdk.loopback import Loopback, loopback_server, send

DRIFT = DriftFound(task="mail", model="d" * 64, monitors={"(text)": 2.5}, events=500)


PROMOTION = ModelPromoted(
    task="mail", digest="m" * 64, recipe="linear", previous=None, by="ada", reason="gate"
)


@pytest.fixture
def server(certificates: Path) -> Iterator[Loopback]:
    with loopback_server(certificates) as made:
        yield made


class Site:
    """A store, and notifiers of processes that share it."""

    def __init__(self, folder: Path, server: Loopback, ca_file: Path) -> None:
        self.folder = folder
        self.webhook = {"url": f"{server.url}/hook", "secret": "env:HOOK", "ca_file": ca_file}

    def tell(self, *events: Event, places: int = 1, **settings: Any) -> list[tuple[str, str]]:
        """Tell in a process of its own; return what the audit log has of it, oldest first."""
        given = NotifySettings.model_validate({"webhook": self.webhook, **settings})
        with Store.open(None, folder=self.folder, actor="tester") as store:
            named = {f"soc{n}": given for n in range(places)}
            notifier = Notifier(named, store, self.folder, lambda _seconds: None)
            for event in events:
                notifier(event)
            notifier.close()
            return [(each.action, each.object) for each in store.audit.tail()]


@pytest.fixture
def site(
    tmp_path: Path, server: Loopback, certificates: Path, monkeypatch: pytest.MonkeyPatch
) -> Site:
    monkeypatch.setenv("HOOK", "k" * 32)
    return Site(tmp_path, server, certificates / "ca.pem")


class TestNotifier:
    def test_tells_once_within_the_cool_down(self, site: Site, server: Loopback) -> None:
        site.tell(DRIFT, DRIFT)
        assert site.tell(DRIFT) == [("notification.sent", "soc0/webhook")]
        assert len(server.requests) == 1
        site.tell(DRIFT, cool_down="0s")
        assert len(server.requests) == 2

    def test_tells_each_place_what_it_wants(self, site: Site, server: Loopback) -> None:
        site.tell(DRIFT, PROMOTION, places=2, events=["promotion"])
        assert len(server.requests) == 2
        assert all(b"sftsec.promotion" in each.body for each in server.requests)
        site.tell(DRIFT, tasks=["web"])
        assert len(server.requests) == 2

    def test_tries_again_with_the_same_number(self, site: Site, server: Loopback) -> None:
        answers = [503, 502, 200]
        server.answer = lambda handler: send(handler, b"", answers.pop(0))
        assert site.tell(DRIFT) == [("notification.sent", "soc0/webhook")]
        assert len({each.headers["webhook-id"] for each in server.requests}) == 1
        assert len(server.requests) == 3

    def test_that_fails_is_told_next_time(self, site: Site, server: Loopback) -> None:
        server.answer = lambda handler: send(handler, b"", 410)
        assert site.tell(DRIFT) == [("notification.failed", "soc0/webhook")]
        server.answer = lambda handler: send(handler, b"ok")
        assert site.tell(DRIFT)[-1] == ("notification.sent", "soc0/webhook")

    def test_goes_on_after_a_missing_secret(
        self, site: Site, server: Loopback, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("HOOK")
        assert site.tell(DRIFT, PROMOTION) == [("notification.failed", "soc0/webhook")] * 2
        assert server.requests == []

    def test_starts_no_thread_for_nothing(self, site: Site, server: Loopback) -> None:
        assert site.tell() == []
        assert server.requests == []
