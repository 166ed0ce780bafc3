"""Tokens are made with roles on tasks, and only their hashes are kept."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sftsec_core.api.errors import SftsecError
from sftsec_core.operations.add_token import add_token
from sftsec_core.operations.context import Context
from sftsec_core.operations.list_tokens import list_tokens
from sftsec_core.testing import MemoryConnector, MemorySource
from tests.core.operations.memory_site import MemoryPlugin, memory_context


@pytest.fixture
def context(tmp_path: Path) -> Context:
    return memory_context(tmp_path, MemoryPlugin(lambda: MemoryConnector(MemorySource())))


class TestAddToken:
    def test_has_its_roles_on_tasks(self, context: Context) -> None:
        on_all = add_token(context, "ann", ["viewer", "analyst"])
        on_mail = add_token(context, "ann", ["analyst"], tasks=["mail"], lifetime=timedelta(1))
        assert (on_all.row.roles, on_mail.row.roles) == (("analyst", "viewer"), ("analyst@mail",))
        assert on_all.row.expires_at is None
        assert on_mail.row.expires_at == on_mail.row.created_at + timedelta(1)

    def test_leaves_the_secret_nowhere(self, context: Context) -> None:
        made = add_token(context, "ann", ["viewer"])
        secret = made.token.rpartition("_")[2]
        assert secret not in repr(made)
        context.store.close()
        for file in context.folder.rglob("*"):
            assert file.is_dir() or secret.encode() not in file.read_bytes(), file

    @pytest.mark.parametrize(
        ("given", "told"),
        [
            ({"name": "a b"}, "letters, digits"),
            ({"name": "ann\n"}, "letters, digits"),
            ({"name": ""}, "letters, digits"),
            ({"roles": []}, "at least one role"),
            ({"roles": ["root"]}, "unknown role 'root'"),
            ({"roles": ["admin@mail"], "tasks": ["mail"]}, None),
            ({"tasks": ["mial"]}, "did you mean 'mail'"),
            ({"lifetime": timedelta(0)}, "valid for some time"),
            ({"lifetime": timedelta(days=-1)}, "valid for some time"),
        ],
    )
    def test_wrong_input_makes_no_token(
        self, context: Context, given: dict[str, Any], told: str | None
    ) -> None:
        with pytest.raises(SftsecError, match=told):
            add_token(context, **{"name": "ann", "roles": ["viewer"], **given})
        assert list_tokens(context) == []
