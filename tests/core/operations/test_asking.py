"""Requests for verdicts where the platform, the page, both or neither can ask."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from sftsec_core.api.domain import Incident, LabelRequest, Verdict
from sftsec_core.api.errors import ConnectorError, ConnectorUnavailableError
from sftsec_core.operations.asking import RequestsOnPage, requester
from sftsec_core.operations.context import Context
from sftsec_core.testing import MemoryConnector, MemorySource, make_label_requests
from tests.core.operations.memory_site import MemoryPlugin, memory_context

SOURCE = MemorySource()


class Keeps(MemoryConnector):
    """Keeps verdicts, and forgets them; asks on its platform unless `mute` or `lost`."""

    mute = False
    lost = False
    opened = 0

    def __init__(self) -> None:
        super().__init__(SOURCE)
        type(self).opened += 1

    def add_verdicts(self, verdicts: Sequence[tuple[str, Verdict]]) -> int:
        return len(verdicts)

    def request_labels(self, requests: Sequence[LabelRequest]) -> int:
        if self.mute:
            raise ConnectorError("it cannot ask")
        if self.lost:
            raise ConnectorUnavailableError("it is away")
        return super().request_labels(requests)


@pytest.fixture(autouse=True)
def _start_afresh(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("mute", False), ("lost", False), ("opened", 0)):
        monkeypatch.setattr(Keeps, name, value)
    SOURCE.requested.clear()


@pytest.fixture
def context(tmp_path: Path) -> Iterator[Context]:
    """A site on whose page Ann may label."""
    with memory_context(tmp_path, MemoryPlugin(Keeps)) as made:
        serve = made.settings.serve.model_copy(update={"analysts": ("ann",)})
        made.settings = made.settings.model_copy(update={"serve": serve})
        yield made


def requests(*uids: str, digest: str = "") -> list[LabelRequest]:
    made = make_label_requests(uids)
    return [replace(each, task="mail", inputs_digest=digest) for each in made]


def ask(context: Context, given: Sequence[LabelRequest]) -> int:
    return requester(context, "mail", "siem", Keeps())(given)


def shown(context: Context) -> list[tuple[str, ...]]:
    return [each.uids for each in context.label_queue.waiting(["mail"])]


class TestRequester:
    def test_asks_on_both(self, context: Context) -> None:
        assert ask(context, requests("a", "b")) == 2
        assert (SOURCE.requested, shown(context)) == (["a", "b"], [("a",), ("b",)])
        assert ask(context, requests("a", "b")) == 0

    def test_shows_equal_inputs_as_copies(self, context: Context) -> None:
        ask(context, requests("a", "b", digest="d"))
        ask(context, requests("c", digest="d"))
        assert shown(context) == [("a", "b", "c")]

    def test_needs_no_platform_that_asks(
        self, context: Context, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(Keeps, "mute", True)
        assert ask(context, requests("a")) == 1
        context.settings = context.settings.model_copy(
            update={"serve": context.settings.serve.model_copy(update={"analysts": ()})}
        )
        with pytest.raises(ConnectorError, match="cannot ask"):
            ask(context, requests("b"))
        assert shown(context) == [("a",)]

    def test_lost_platform_is_an_error(
        self, context: Context, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(Keeps, "lost", True)
        with pytest.raises(ConnectorUnavailableError):
            ask(context, requests("a"))

    def test_looks_once_whether_verdicts_are_kept(self, context: Context) -> None:
        request = requester(context, "mail", "siem", Keeps())
        assert Keeps.opened == 1
        for uid in ("a", "b", "c"):
            request(requests(uid))
        assert Keeps.opened == 2


class TestRequestsOnPage:
    def test_forgets_what_was_judged_elsewhere(self, context: Context) -> None:
        ask(context, requests("a", "b"))
        context.store.label_requests.add("mail", "siem", ["a", "b"], model="0" * 64)
        context.store.verdicts.add("siem", [Incident("a", {}, (Verdict("benign"),))])
        assert RequestsOnPage.of(context, "mail", "siem") is not None
        assert shown(context) == [("b",)]
