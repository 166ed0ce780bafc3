"""Tokens: who may ask, and what is refused before anybody asks."""

from __future__ import annotations

from pathlib import Path

import pytest

from sftsec_core.api.errors import ConfigError
from sftsec_core.api.settings.secrets import SecretRef
from sftsec_core.server.auth import Tokens
from tests.core.server.site import OTHER, TOKEN

TOKENS = Tokens({"splunk": TOKEN, "soar": OTHER})


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
def test_a_header_belongs_to_the_owner_of_its_token(header: str, owner: str | None) -> None:
    assert TOKENS.owner(header.encode()) == owner


def test_no_header_and_one_that_is_not_ascii_belong_to_nobody() -> None:
    assert TOKENS.owner(None) is None
    assert TOKENS.owner(b"Bearer \xff\xfe") is None


def test_every_token_is_compared_wherever_the_right_one_stands(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[bytes] = []

    def counting(known: bytes, given: bytes) -> bool:
        seen.append(known)
        return known == given

    monkeypatch.setattr("sftsec_core.server.auth.hmac.compare_digest", counting)
    assert TOKENS.owner(f"Bearer {TOKEN}".encode()) == "splunk"
    assert len(seen) == 2


def test_the_tokens_are_neither_kept_nor_shown() -> None:
    assert repr(TOKENS) == "Tokens(splunk, soar)"
    assert TOKEN.encode() not in b"".join(TOKENS._digests.values())


@pytest.mark.parametrize(
    ("tokens", "told"),
    [
        ({}, "at least one token"),
        ({"splunk": "fifteen-letters"}, "the token of splunk is shorter than 16 characters"),
        ({"splunk": "a token with blanks in it"}, "holds blanks"),
        ({"splunk": "schlüssel-der-suche-1"}, "not ASCII"),
        ({"splunk": TOKEN, "soar": TOKEN}, "splunk and soar have one token"),
    ],
)
def test_a_token_that_protects_nothing_is_refused_and_not_repeated(
    tokens: dict[str, str], told: str
) -> None:
    with pytest.raises(ConfigError, match=told) as caught:
        Tokens(tokens)
    assert not any(token in str(caught.value) for token in tokens.values())


def test_a_reference_that_leads_nowhere_names_the_file_and_the_reference(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"sftsec\.yaml: serve\.tokens: .*env:SFTSEC_NO_TOKEN"):
        Tokens.reveal({"splunk": SecretRef("env:SFTSEC_NO_TOKEN")}, tmp_path / "sftsec.yaml")
