"""Tokens: their owners, and those that are rejected at the start."""

from __future__ import annotations

from pathlib import Path

import pytest

from sftsec_core.api.errors import ConfigError
from sftsec_core.api.settings.secrets import SecretRef
from sftsec_core.server.auth import Tokens
from tests.core.server.site import OTHER, TOKEN

TOKENS = Tokens({"splunk": TOKEN, "soar": OTHER})


class TestOwner:
    @pytest.mark.parametrize(
        ("header", "owner"),
        [
            (f"Bearer {TOKEN}", "splunk"),
            (f"bearer  {OTHER} ", "soar"),
            (f"Bearer {TOKEN}x", None),
            (f"Bearer {TOKEN[:-1]}", None),
            (f"Basic {TOKEN}", None),
            (TOKEN, None),
            ("Bearer", None),
            ("Bearer ", None),
            ("", None),
            (f"Bearer {TOKEN} {OTHER}", None),
        ],
    )
    def test_is_the_owner_of_the_token(self, header: str, owner: str | None) -> None:
        assert TOKENS.owner(header.encode()) == owner

    def test_is_none_without_an_ascii_header(self) -> None:
        assert TOKENS.owner(None) is None
        assert TOKENS.owner(b"Bearer \xff\xfe") is None

    def test_compares_every_token(
        self,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        seen: list[bytes] = []

        def counting(known: bytes, given: bytes) -> bool:
            seen.append(known)
            return known == given

        monkeypatch.setattr("sftsec_core.server.auth.hmac.compare_digest", counting)
        assert TOKENS.owner(f"Bearer {TOKEN}".encode()) == "splunk"
        assert len(seen) == 2

    def test_the_tokens_are_neither_kept_nor_shown(self) -> None:
        assert repr(TOKENS) == "Tokens(splunk, soar)"
        assert TOKEN.encode() not in b"".join(TOKENS._digests.values())


class TestReveal:
    @pytest.mark.parametrize(
        ("tokens", "told"),
        [
            ({}, "at least one token"),
            ({"splunk": "fifteen-letters"}, "the token of splunk is shorter than 16 characters"),
            ({"splunk": "a token with blanks in it"}, "holds blanks"),
            ({"splunk": "schlüssel-der-suche-1"}, "not ASCII"),
            ({"splunk": TOKEN, "soar": TOKEN}, "splunk and soar share one token"),
        ],
    )
    def test_rejects_a_weak_token_without_repeating_it(
        self, tokens: dict[str, str], told: str
    ) -> None:
        with pytest.raises(ConfigError, match=told) as caught:
            Tokens(tokens)
        assert not any(token in str(caught.value) for token in tokens.values())

    def test_missing_secret_is_named_by_reference(self, tmp_path: Path) -> None:
        with pytest.raises(
            ConfigError, match=r"sftsec\.yaml: serve\.tokens: .*env:SFTSEC_NO_TOKEN"
        ):
            Tokens.reveal({"splunk": SecretRef("env:SFTSEC_NO_TOKEN")}, tmp_path / "sftsec.yaml")


class TestMark:
    def test_changes_with_the_token_alone(self) -> None:
        first, other = "a-token-of-16-characters", "another-of-16-characters"
        tokens = Tokens({"ann": first})
        assert tokens.mark("ann") is not None
        assert tokens.mark("ann") == Tokens({"ann": first}).mark("ann")
        assert tokens.mark("ann") != Tokens({"ann": other}).mark("ann")
        assert tokens.mark("bob") is None
