"""Tokens' rows: found by their ids, revoked by name, their last use kept to the minute."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sftsec_core.api.errors import AmbiguousNameError, NotFoundError
from sftsec_core.store.store import Store
from sftsec_core.store.tokens import StoredToken


def add(
    store: Store, token_id: str, name: str = "ann", lifetime: timedelta | None = None
) -> StoredToken:
    return store.tokens.add(
        token_id, name, hashed="scrypt$secret", roles=("viewer@mail",), lifetime=lifetime, by="eve"
    )


class TestTokens:
    def test_are_read_as_they_were_added(self, store: Store) -> None:
        made = add(store, "abcd22222222", lifetime=timedelta(days=1))
        assert store.tokens.get("abcd22222222") == made
        assert store.tokens.get("abcd33333333") is None
        assert store.tokens.list() == [made]
        assert "secret" not in repr(made)
        entry = store.audit.tail(1)[0]
        assert (entry.actor, entry.action, entry.object) == ("eve", "token.added", "ann")
        assert entry.details["roles"] == ["viewer@mail"]
        assert "scrypt" not in str(entry)

    def test_have_a_state_at_a_moment(self, store: Store) -> None:
        made, now = add(store, "abcd22222222", lifetime=timedelta(days=1)), store.tokens.now()
        assert made.state(now) == "valid"
        assert made.state(now + timedelta(days=1)) == "expired"
        store.tokens.revoke("ann", by="eve")
        revoked = store.tokens.get(made.id)
        assert revoked is not None
        assert revoked.state(now) == "revoked"

    def test_last_use_is_kept(self, store: Store) -> None:
        add(store, "abcd22222222")
        store.tokens.use("abcd22222222")
        first = store.tokens.list()[0].used_at
        store.tokens.use("abcd22222222")
        assert first is not None
        assert store.tokens.list()[0].used_at == first

    def test_say_whether_one_is_valid(self, store: Store) -> None:
        assert not store.tokens.any_valid()
        add(store, "abcd22222222")
        assert store.tokens.any_valid()
        assert store.tokens.any_valid("viewer")
        assert not store.tokens.any_valid("view")
        store.tokens.revoke("ann", by="eve")
        assert not store.tokens.any_valid()


class TestRevoke:
    def test_ends_all_tokens_of_an_owner(self, store: Store) -> None:
        for token_id, name in (("abcd22222222", "ann"), ("abcd33333333", "ann"), ("x" * 12, "bob")):
            add(store, token_id, name)
        assert {each.id for each in store.tokens.revoke("ann", by="eve")} == {
            "abcd22222222",
            "abcd33333333",
        }
        assert [each.action for each in store.audit.tail(2)] == ["token.revoked"] * 2
        with pytest.raises(NotFoundError, match=r"known: bob"):
            store.tokens.revoke("ann", by="eve")

    def test_takes_the_beginning_of_an_id(self, store: Store) -> None:
        add(store, "abcd22222222")
        add(store, "abcd33333333")
        with pytest.raises(AmbiguousNameError, match="several tokens"):
            store.tokens.revoke("abcd", by="eve")
        with pytest.raises(NotFoundError):
            store.tokens.revoke("abc", by="eve")
        assert [each.id for each in store.tokens.revoke("abcd3", by="eve")] == ["abcd33333333"]
