"""Who acts on the command line: a token's owner, or this machine's user with its roles."""

from __future__ import annotations

import grp
import os
from pathlib import Path
from typing import Any

import pytest

from sftsec_core.api.domain import Actor
from sftsec_core.api.errors import AuthenticationError
from sftsec_core.config.access import AccessSettings
from sftsec_core.config.settings import Settings
from sftsec_core.operations.add_token import add_token
from sftsec_core.operations.authorize import current_user
from sftsec_core.operations.context import Context
from sftsec_core.operations.identify import NOBODY, TOKEN_VARIABLE, identify, local_actor
from sftsec_core.operations.revoke_token import revoke_token
from sftsec_core.testing import MemoryConnector, MemorySource
from tests.core.operations.memory_site import MemoryPlugin, memory_context
from tests.servers.engines.certificates import make_certificates
from tests.servers.oidc import AUDIENCE, start_issuer


def settings(**users: Any) -> Settings:
    return Settings(access=AccessSettings(os_users=users))


def group() -> str:
    return f"%{grp.getgrgid(os.getegid()).gr_name}"


@pytest.fixture
def context(tmp_path: Path) -> Context:
    return memory_context(tmp_path, MemoryPlugin(lambda: MemoryConnector(MemorySource())))


class TestLocalActor:
    def test_is_admin_without_the_section(self) -> None:
        assert local_actor(Settings()).roles == {"admin"}
        assert local_actor(Settings(access=AccessSettings())).roles == {"admin"}

    def test_has_roles_of_user_and_groups(self) -> None:
        users = {current_user(): ("viewer",), group(): ("analyst",), "%no-such": ("admin",)}
        actor = local_actor(settings(**users))
        assert actor == Actor(current_user(), frozenset({"viewer", "analyst"}), "cli")

    def test_has_none_where_not_named(self) -> None:
        assert local_actor(settings(somebody_else=("admin",))).roles == frozenset()
        assert local_actor(settings()).roles == frozenset()

    def test_the_environment_does_not_name_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("USER", "LOGNAME", "SUDO_USER"):
            monkeypatch.setenv(name, "boss")
        assert local_actor(settings(boss=("admin",))).roles == frozenset()


class TestIdentify:
    def test_token_makes_its_owner_act(
        self, context: Context, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made = add_token(context, "ann", ["analyst"], tasks=["mail"])
        monkeypatch.setenv(TOKEN_VARIABLE, f" {made.token}\n")
        context.actor = NOBODY
        actor = identify(context)
        assert actor == Actor("ann", frozenset({"analyst@mail"}), "cli")
        assert context.store.tokens.list()[0].used_at is not None

    @pytest.mark.parametrize("wrong", ["mistyped", "revoked", "made-up"])
    def test_wrong_token_is_no_one(
        self, context: Context, monkeypatch: pytest.MonkeyPatch, wrong: str
    ) -> None:
        token = add_token(context, "ann", ["admin"]).token
        if wrong == "revoked":
            revoke_token(context, "ann")
        given = {"mistyped": token[:-1], "revoked": token, "made-up": "hunter2"}[wrong]
        monkeypatch.setenv(TOKEN_VARIABLE, given)
        with pytest.raises(AuthenticationError, match="is no valid token") as refused:
            identify(context)
        assert given not in str(refused.value)
        assert refused.value.exit_code == 11

    def test_issuer_names_its_owner(
        self, context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        make_certificates(tmp_path / "pem")
        with start_issuer(tmp_path / "pem") as issuer:
            oidc = {
                "issuer": issuer.url,
                "audience": AUDIENCE,
                "roles": {"soc-analysts": ["viewer"]},
                "ca_file": tmp_path / "pem" / "ca.pem",
            }
            access = AccessSettings.model_validate({"oidc": oidc})
            context.settings = context.settings.model_copy(update={"access": access})
            monkeypatch.setenv(TOKEN_VARIABLE, issuer.token())
            assert identify(context) == Actor("ann", frozenset({"viewer"}), "cli")
            monkeypatch.setenv(TOKEN_VARIABLE, issuer.token(aud="another"))
            with pytest.raises(AuthenticationError):
                identify(context)
