"""What scoring knows of earlier events: keys of a task, changed with their head or not at all."""

from __future__ import annotations

from contextlib import suppress

import pytest

from sftsec_core.api.errors import StoreError
from sftsec_core.store.context_states import ContextHead, PackedKey
from sftsec_core.store.store import Store

HEAD = ContextHead("s" * 64, "d" * 64, 1_767_225_600_000_000)


def row(number: int, state: bytes = b"\x00\xff") -> PackedKey:
    return number.to_bytes(16, "little"), 1_767_225_600_000_000 + number, state


def begin(store: Store, *rows: PackedKey, task: str = "mail") -> ContextHead:
    before = store.context_states.head(task)
    with store.writing() as connection:
        return store.context_states.replace_all(task, HEAD, rows, before, connection)


class TestContextStates:
    def test_give_back_what_was_written(self, store: Store) -> None:
        after = begin(store, *(row(n, bytes([n % 256])) for n in range(1200)))
        assert store.context_states.head("mail") == after
        assert (after.keys, after.version, after.until) == (1200, 1, HEAD.until)
        keys = [row(n)[0] for n in (0, 700, 5000)]
        assert store.context_states.load("mail", keys) == {keys[0]: b"\x00", keys[1]: b"\xbc"}

    def test_belong_to_a_task(self, store: Store) -> None:
        begin(store, row(1, b"a"))
        begin(store, row(1, b"b"), row(2), task="web")
        begin(store, row(3), task="web")
        found = [store.context_states.load(task, [row(1)[0]]) for task in ("mail", "web")]
        assert found == [{row(1)[0]: b"a"}, {}]

    def test_forget_the_longest_unseen(self, store: Store) -> None:
        head = begin(store, *(row(n) for n in range(10)))
        with store.writing() as connection:
            changed = [row(0, b"new"), row(10)]
            # The first was seen again: its time is newer than any other's.
            changed[0] = (changed[0][0], row(11)[1], b"new")
            after = store.context_states.update("mail", head, changed, 1, 9, connection)
        assert (after.keys, after.version) == (9, 2)
        left = store.context_states.load("mail", [row(n)[0] for n in range(11)])
        assert set(left) == {row(n)[0] for n in (0, 3, 4, 5, 6, 7, 8, 9, 10)}
        assert left[row(0)[0]] == b"new"

    def test_are_changed_by_one_process(self, store: Store) -> None:
        head = begin(store, row(1))
        with store.writing() as connection:
            store.context_states.update("mail", head, [row(1, b"x")], 0, 9, connection)
        with pytest.raises(StoreError, match="another process"), store.writing() as connection:
            store.context_states.update("mail", head, [row(1, b"y")], 0, 9, connection)
        assert store.context_states.load("mail", [row(1)[0]]) == {row(1)[0]: b"x"}
        with pytest.raises(StoreError, match="another process"), store.writing() as connection:
            store.context_states.replace_all("mail", HEAD, [], None, connection)

    def test_take_part_in_a_transaction(self, store: Store) -> None:
        head = begin(store, row(1, b"a"))
        with suppress(KeyError), store.writing() as connection:
            store.context_states.update("mail", head, [row(1, b"b")], 0, 9, connection)
            raise KeyError
        assert store.context_states.load("mail", [row(1)[0]]) == {row(1)[0]: b"a"}
        assert store.context_states.head("mail") == head
