"""Tokens are verified once, and looked at again after a few seconds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sftsec_core.operations import token_verifier
from sftsec_core.operations.token_format import make_token, matches, read_token
from sftsec_core.operations.token_verifier import RECHECK_S, TokenVerifier
from sftsec_core.store.store import Store


@dataclass(slots=True)
class Clock:
    """Seconds, for the verifier, and the same moment for the store."""

    seconds: float = 0.0
    start: datetime = field(default=datetime(2026, 11, 27, 12, tzinfo=UTC))

    def __call__(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return self.start + timedelta(seconds=self.seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[Store]:
    with Store.open(None, folder=tmp_path, actor="test", clock=clock.now) as made:
        yield made


@pytest.fixture
def hashes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The secrets that a slow hash was computed of."""
    done: list[str] = []

    def counted(secret: str, hashed: str) -> bool:
        done.append(secret)
        return matches(secret, hashed)

    monkeypatch.setattr(token_verifier, "matches", counted)
    return done


def added(store: Store, name: str = "ann", lifetime: timedelta | None = None) -> str:
    token, token_id, hashed = make_token()
    store.tokens.add(token_id, name, hashed=hashed, roles=["analyst"], lifetime=lifetime, by="root")
    return token


def forged(token: str) -> str:
    """A token of the same id, whole, with another secret."""
    from sftsec_core.operations.token_format import PREFIX, _checksum

    given = read_token(token)
    assert given is not None
    secret = given.secret[::-1]
    return f"{PREFIX}{given.id}_{secret}{_checksum(given.id, secret)}"


class TestFind:
    def test_hashes_a_token_once(self, store: Store, clock: Clock, hashes: list[str]) -> None:
        token, verifier = added(store), TokenVerifier(store.tokens, clock)
        for _ in range(300):
            found = verifier.find(token)
            clock.seconds += 1
            assert found is not None
            assert (found.name, found.roles) == ("ann", ("analyst",))
        assert len(hashes) == 1

    def test_wrong_secret_costs_one_hash(
        self, store: Store, clock: Clock, hashes: list[str]
    ) -> None:
        wrong, verifier = forged(added(store)), TokenVerifier(store.tokens, clock)
        assert [verifier.find(wrong) for _ in range(5)] == [None] * 5
        assert len(hashes) == 1

    def test_unknown_token_costs_no_hash(
        self, store: Store, clock: Clock, hashes: list[str]
    ) -> None:
        verifier = TokenVerifier(store.tokens, clock)
        token, _, _ = make_token()
        assert verifier.find(token) is None
        assert verifier.find("nonsense") is None
        assert hashes == []

    def test_revoked_token_ends_within_seconds(self, store: Store, clock: Clock) -> None:
        token, verifier = added(store), TokenVerifier(store.tokens, clock)
        assert verifier.find(token) is not None
        store.tokens.revoke("ann", by="root")
        clock.seconds += RECHECK_S
        assert verifier.find(token) is None
        assert verifier.cached(token) is None

    def test_expired_token_ends_at_once(self, store: Store, clock: Clock) -> None:
        token = added(store, lifetime=timedelta(seconds=1))
        verifier = TokenVerifier(store.tokens, clock)
        assert verifier.find(token) is not None
        clock.seconds += 1
        assert verifier.find(token) is None
        assert verifier.cached(token) is None

    def test_new_owner_needs_no_restart(self, store: Store, clock: Clock) -> None:
        verifier = TokenVerifier(store.tokens, clock)
        assert verifier.find(added(store, "ann")) is not None
        assert verifier.find(added(store, "bob")) is not None

    def test_memory_of_tokens_is_bounded(
        self, store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(token_verifier, "MOST", 2)
        verifier = TokenVerifier(store.tokens, clock)
        made = [added(store, f"p{number}") for number in range(4)]
        assert all(verifier.find(token) for token in made)
        assert [verifier.cached(token) is not None for token in made] == [False, False, True, True]
        assert not any(token in repr(verifier._known) for token in made)


class TestCached:
    def test_is_none_before_a_look(self, store: Store, clock: Clock) -> None:
        token, verifier = added(store), TokenVerifier(store.tokens, clock)
        assert verifier.cached(token) is None
        verifier.find(token)
        assert verifier.cached(token) is not None
        clock.seconds += RECHECK_S
        assert verifier.cached(token) is None
        assert verifier.cached("\xff") is None
