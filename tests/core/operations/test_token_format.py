"""Tokens as they are written, and the hashes of their secrets."""

from __future__ import annotations

import pytest

from sftsec_core.operations.token_format import TOKEN, make_token, matches, read_token


class TestMakeToken:
    def test_makes_another_one_each_time(self) -> None:
        made = [make_token() for _ in range(3)]
        assert len({token for token, _, _ in made}) == len({each for _, each, _ in made}) == 3
        assert all(TOKEN.fullmatch(token) for token, _, _ in made)

    def test_hash_is_of_the_secret_alone(self) -> None:
        token, token_id, hashed = make_token()
        given = read_token(token)
        assert given is not None
        assert given.id == token_id
        assert matches(given.secret, hashed)
        assert not matches(given.secret[::-1], hashed)
        assert hashed.startswith("scrypt$14$8$1$")
        assert given.secret not in hashed


class TestReadToken:
    @pytest.mark.parametrize("place", [8, 20, 30, 62, -1])
    def test_finds_a_mistyped_character(self, place: int) -> None:
        token, _, _ = make_token()
        letters = list(token)
        letters[place] = "b" if letters[place] != "b" else "c"
        assert read_token("".join(letters)) is None

    @pytest.mark.parametrize("text", ["", "sftsec_", "sftsec_a_b", "eyJhbGciOiJub25lIn0.e30."])
    def test_is_none_for_what_is_none(self, text: str) -> None:
        token, _, _ = make_token()
        assert read_token(text) is None
        assert read_token(token + "\n") is None
        assert read_token(token[:-1]) is None

    def test_secret_is_not_shown(self) -> None:
        token, _, _ = make_token()
        given = read_token(token)
        assert given is not None
        assert given.secret not in repr(given)
