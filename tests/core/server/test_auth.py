"""Tokens: their owners, and those that are rejected at the start."""

from __future__ import annotations

from pathlib import Path

import pytest

from sftsec_core.api.errors import ConfigError
from sftsec_core.api.settings.secrets import SecretRef
from sftsec_core.server.auth import Tokens, renewed_tokens
from tests.core.server.site import OTHER, TOKEN, write_secret

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

    def test_refuses_a_file_that_others_read(self, tmp_path: Path) -> None:
        file = tmp_path / "open.token"
        write_secret(file, TOKEN)
        file.chmod(0o640)
        told = r"serve\.tokens: the token of splunk in .*open\.token is open .*chmod 600"
        with pytest.raises(ConfigError, match=told):
            Tokens.reveal({"splunk": SecretRef(f"file:{file}")}, tmp_path / "sftsec.yaml")

    def test_a_file_of_octets_is_one_line(self, tmp_path: Path) -> None:
        file = tmp_path / "odd.token"
        write_secret(file, "")
        file.write_bytes(TOKEN.encode() + b"\xff")
        with pytest.raises(ConfigError, match="is not text in UTF-8") as caught:
            Tokens.reveal({"splunk": SecretRef(f"file:{file}")}, tmp_path / "sftsec.yaml")
        assert TOKEN not in str(caught.value)


class TestRenewedTokens:
    def test_takes_a_new_token_for_the_old(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        file = tmp_path / "splunk.token"
        write_secret(file, TOKEN)
        tokens = renewed_tokens({"splunk": SecretRef(f"file:{file}")}, tmp_path / "sftsec.yaml")
        old, new = f"Bearer {TOKEN}".encode(), f"Bearer {OTHER}".encode()
        for broken in ("short", "", f"{OTHER} {OTHER}"):
            file.write_text(broken, encoding="utf-8")
            tokens.refresh()
            assert tokens.value.owner(old) == "splunk"
        file.write_text(OTHER, encoding="utf-8")
        tokens.refresh()
        assert (tokens.value.owner(old), tokens.value.owner(new)) == (None, "splunk")
        assert caplog.text.count("the tokens are as before: ") == 3
        assert TOKEN not in caplog.text
        assert OTHER not in caplog.text


class TestMark:
    def test_changes_with_the_token_alone(self) -> None:
        first, other = "a-token-of-16-characters", "another-of-16-characters"
        tokens = Tokens({"ann": first})
        assert tokens.mark("ann") is not None
        assert tokens.mark("ann") == Tokens({"ann": first}).mark("ann")
        assert tokens.mark("ann") != Tokens({"ann": other}).mark("ann")
        assert tokens.mark("bob") is None
