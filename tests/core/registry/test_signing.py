"""Where a signature is required, no model without it is loaded or made live."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sftsec_core.api.domain import Decision, ModelRef, Vote
from sftsec_core.api.errors import ConfigError, IntegrityError
from sftsec_core.models.model_format import SIGNATURE
from sftsec_core.models.signature import sign_folder
from sftsec_core.registry.registry import ModelRegistry
from sftsec_core.registry.signing import SignaturePolicy
from sftsec_core.store.store import Store
from tests.core.models.keys import Pair, make_pair
from tests.core.registry.trained import RECIPES, TASK, card, model, register, serving

YES = Decision(True, (Vote("no_leak", True, "clean"),))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(None, folder=tmp_path, actor="tester")
    yield opened
    opened.close()


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    return make_pair(tmp_path)


@pytest.fixture
def registry_with(store: Store, tmp_path: Path) -> Callable[[SignaturePolicy], ModelRegistry]:
    return lambda policy: ModelRegistry(
        store.models, tmp_path / "models", RECIPES, signatures=policy
    )


Registries = Callable[[SignaturePolicy], ModelRegistry]


def promote(registry: ModelRegistry, ref: ModelRef) -> None:
    registry.promote(TASK.name, ref.digest, YES, "tester")


class TestSignKey:
    def test_signs_what_is_registered(self, registry_with: Registries, pair: Pair) -> None:
        registry = registry_with(SignaturePolicy(pair.private, pair.public))
        ref = register(registry)
        assert (ref.folder / SIGNATURE).is_file()
        promote(registry, ref)
        assert registry.load(ref).ref.digest == ref.digest

    def test_signs_again_with_a_new_card(self, registry_with: Registries, pair: Pair) -> None:
        registry = registry_with(SignaturePolicy(pair.private, pair.public))
        ref = register(registry)
        before = (ref.folder / SIGNATURE).read_bytes()
        registry.register(model(), serving("run-1"), card("run-2"), run_id="run-2")
        assert (ref.folder / SIGNATURE).read_bytes() != before
        registry.load(ref)


class TestRequiredSignature:
    def test_unsigned_model_is_named_with_the_remedy(
        self, registry_with: Registries, pair: Pair
    ) -> None:
        registry = registry_with(SignaturePolicy(public_key=pair.public))
        ref = register(registry)
        named = f"task 'commands': model {ref.digest[:12]} is not signed; .*sftsec model sign"
        for attempt in (registry.load, lambda ref: promote(registry, ref)):
            with pytest.raises(IntegrityError, match=named):
                attempt(ref)
        assert registry.live(TASK.name) is None
        sign_folder(ref.folder, pair.private)
        promote(registry, ref)
        registry.load(ref)

    def test_rollback_goes_to_signed_models_only(
        self, registry_with: Registries, pair: Pair
    ) -> None:
        open_to_all = registry_with(SignaturePolicy())
        first, second = register(open_to_all, "run-1"), register(open_to_all, "run-2")
        promote(open_to_all, first)
        promote(open_to_all, second)
        registry = registry_with(SignaturePolicy(public_key=pair.public))
        with pytest.raises(IntegrityError, match="is not signed"):
            registry.rollback(TASK.name, "tester", "why")
        sign_folder(first.folder, pair.private)
        assert registry.rollback(TASK.name, "tester", "why").digest == first.digest

    def test_signature_does_not_move_to_another_model(
        self, registry_with: Registries, pair: Pair
    ) -> None:
        registry = registry_with(SignaturePolicy(public_key=pair.public))
        first, second = register(registry, "run-1"), register(registry, "run-2")
        sign_folder(first.folder, pair.private)
        (second.folder / SIGNATURE).write_bytes((first.folder / SIGNATURE).read_bytes())
        with pytest.raises(IntegrityError, match="is not what was signed"):
            registry.load(second)

    def test_card_of_an_unsigned_model_is_shown(
        self, registry_with: Registries, pair: Pair
    ) -> None:
        registry = registry_with(SignaturePolicy(public_key=pair.public))
        assert registry.card(register(registry))["gate"]

    def test_new_card_never_ends_a_signature(self, registry_with: Registries, pair: Pair) -> None:
        registry = registry_with(SignaturePolicy(public_key=pair.public))
        ref = register(registry)
        sign_folder(ref.folder, pair.private)
        with pytest.raises(ConfigError, match=r"set registry\.sign_key"):
            registry.register(model(), serving("run-1"), card("run-2"), run_id="run-2")
        registry.load(ref)


class TestCheckKeys:
    def test_two_keys_must_be_a_pair(self, pair: Pair, tmp_path: Path) -> None:
        SignaturePolicy(pair.private, pair.public).check_keys()
        other = make_pair(tmp_path, "other")
        with pytest.raises(ConfigError, match="is not the private key of"):
            SignaturePolicy(pair.private, other.public).check_keys()

    def test_public_key_alone_must_be_one(self, tmp_path: Path) -> None:
        SignaturePolicy().check_keys()
        with pytest.raises(ConfigError, match="cannot be read"):
            SignaturePolicy(public_key=tmp_path / "none.pem").check_keys()
