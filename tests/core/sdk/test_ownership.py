"""A seal proves that a site wrote a document, and nothing else does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from sftsec_core.api.domain import Detection
from sftsec_core.sdk.ownership import Ownership, same_json

DOCUMENT: dict[str, Any] = {
    "uid": "a",
    "probability": 1e-05,
    "fields": {"n": [1, 2.0], "text": "é"},
}
SITE = Ownership(b"\x01" * 32)


class TestSeal:
    def test_holds_for_the_same_document(self) -> None:
        seal = SITE.seal(DOCUMENT)
        turned = dict(reversed(DOCUMENT.items()))
        assert len(seal) == 64
        assert SITE.is_sealed(turned, seal)
        assert Ownership(b"\x01" * 32).is_sealed(DOCUMENT, seal), "in another process"

    @pytest.mark.parametrize(
        "change", [{"uid": "b"}, {"fields": {"text": "é"}}, {"probability": 2e-05}, {"more": None}]
    )
    def test_breaks_under_another_text(self, change: dict[str, Any]) -> None:
        assert not SITE.is_sealed({**DOCUMENT, **change}, SITE.seal(DOCUMENT))

    def test_of_another_site_is_none(self) -> None:
        for other in (Ownership(b"\x02" * 32), Ownership.ephemeral(), Ownership.ephemeral()):
            assert not SITE.is_sealed(DOCUMENT, other.seal(DOCUMENT))

    @pytest.mark.parametrize("seal", [None, "", "é", 7, ["a"], {"a": 1}, "0" * 64])
    def test_of_any_other_kind_is_none(self, seal: object) -> None:
        assert not SITE.is_sealed(DOCUMENT, seal)

    def test_is_none_for_what_json_lacks(self) -> None:
        assert not SITE.is_sealed({"half": "\ud800"}, "0" * 64)
        assert not same_json("\ud800", "\ud800")

    def test_shows_no_secret(self) -> None:
        assert repr(SITE) == object.__repr__(SITE)


class TestKnown:
    def test_asks_the_outbox_for_some(self) -> None:
        asked: list[Sequence[str]] = []
        one = Detection("a", "i", "mail", "m", "spam", 0.9, 0.5)

        def outbox(uids: Sequence[str]) -> dict[str, Detection]:
            asked.append(uids)
            return {"a": one}

        site = Ownership(b"\x01" * 32, outbox)
        assert site.known(["a", "b"]) == {"a": one}
        assert site.known([]) == {}
        assert asked == [["a", "b"]]
        assert SITE.known(["a"]) == {}
