"""Entries of the audit log that others can check by hash."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sftsec_core.api.errors import IntegrityError
from sftsec_core.evidence.excerpt import LogEnd, build_excerpt, check_excerpt
from sftsec_core.evidence.pseudonyms import Pseudonyms
from sftsec_core.store.store import Store

RUN = "20260131T120000-1a2b3c4d"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(None, folder=tmp_path, actor="root") as opened:
        yield opened


@pytest.fixture
def made(store: Store) -> tuple[dict[str, Any], Pseudonyms]:
    """An excerpt of a log, and its pseudonyms."""
    store.audit.append("test.other", "elsewhere")
    store.audit.append("retrain.started", "triage", {"run": RUN, "resumed": False}, actor="alice")
    store.audit.append("test.other", "elsewhere")
    store.audit.append(
        "alias.moved", "triage/live", {"reason": f"run {RUN}, asked by 'alice'", "n": 0.1}
    )
    names = Pseudonyms(b"s" * 32, ["alice", str(store.audit.actor)], ["triage"])
    entries, left_out = store.audit.about([RUN], 10)
    excerpt = build_excerpt(entries, LogEnd(*store.audit.head()), {}, names, left_out=left_out)
    return json.loads(json.dumps(excerpt)), names


class TestExcerpt:
    def test_names_no_person(self, made: tuple[dict[str, Any], Pseudonyms]) -> None:
        excerpt, _ = made
        assert [entry["seq"] for entry in excerpt["entries"]] == [2, 4]
        assert "alice" not in json.dumps(excerpt)
        assert excerpt["anchor"]["seq"] == 4

    def test_is_computed_again_with_names(self, made: tuple[dict[str, Any], Pseudonyms]) -> None:
        excerpt, names = made
        assert check_excerpt(excerpt, names.replaced) == (2, 2, 0)
        assert check_excerpt(excerpt, {}) == (2, 0, 2)

    @pytest.mark.parametrize("key", ["at", "action", "object", "hash", "previous"])
    def test_changed_entry_is_named(
        self, made: tuple[dict[str, Any], Pseudonyms], key: str
    ) -> None:
        excerpt, names = made
        excerpt["entries"][1][key] = "0" * 64
        with pytest.raises(IntegrityError, match="entry 4 is not as it was written"):
            check_excerpt(excerpt, names.replaced)

    def test_changed_pseudonym_is_named(self, made: tuple[dict[str, Any], Pseudonyms]) -> None:
        excerpt, names = made
        other = dict.fromkeys(names.replaced, "mallory")
        with pytest.raises(IntegrityError, match="entry 2 is not as it was written"):
            check_excerpt(excerpt, other)
