"""The model in memory follows the alias, and stays when there is nothing better."""

from __future__ import annotations

import logging

import pytest

from sftsec_core.api.errors import StoreError
from sftsec_core.server.model_cache import RETRY_S, ModelCache
from sftsec_core.server.schemas import Event
from tests.core.server.site import TASK, Site


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def cache(own_site: Site, clock: Clock) -> ModelCache:
    return ModelCache(own_site.context, TASK, clock)


def digest(cache: ModelCache) -> str | None:
    return cache.view.model.ref.digest if cache.view.model else None


def test_nothing_is_known_before_the_first_look(cache: ModelCache) -> None:
    before = cache.view.status
    cache.look()
    assert (before, cache.view.status) == ("loading", "none")


def test_the_model_follows_the_alias_forward_and_back(
    own_site: Site, cache: ModelCache, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    first, second = own_site.register(0), own_site.register(1, threshold=0.7)
    seen = []
    for move in (first, second):
        own_site.promote(move)
        cache.look()
        seen.append(digest(cache))
    own_site.context.registry.rollback(TASK, "test", "worse")
    cache.look()
    assert [*seen, digest(cache)] == [first.digest, second.digest, first.digest]
    assert f"model {second.digest[:12]} (linear) answers instead of {first.digest[:12]}" in (
        caplog.text
    )


def test_a_model_that_is_there_already_is_not_loaded_again(
    own_site: Site, cache: ModelCache
) -> None:
    own_site.promote(own_site.register())
    cache.look()
    before = cache.view.model
    cache.look()
    assert cache.view.model is before


def test_the_threshold_and_the_fields_are_those_that_the_model_was_trained_with(
    own_site: Site, cache: ModelCache
) -> None:
    own_site.promote(own_site.register(threshold=0.7))
    cache.look()
    assert cache.view.model is not None
    answer = cache.view.model.answer
    assert answer.scorer.threshold == 0.7
    assert answer.fields == ("email.subject", "message", "host.name")


def test_a_damaged_model_leaves_the_old_one_in_service_and_is_told_once(
    own_site: Site, cache: ModelCache, caplog: pytest.LogCaptureFixture
) -> None:
    good, bad = own_site.register(0), own_site.register(1)
    own_site.promote(good)
    cache.look()
    own_site.damage(bad)
    own_site.point(bad)
    for _ in range(3):
        cache.look()
    assert (digest(cache), cache.view.status) == (good.digest, "ready")
    assert cache.view.error is not None
    assert "linear.safetensors is not the file that was registered" in cache.view.error
    assert caplog.text.count("cannot be loaded") == 1
    assert "the model before it answers" in caplog.text
    assert cache.view.model is not None
    assert cache.view.model.answer([Event(fields={"message": "click"})])[0].error is None


def test_a_damaged_model_with_none_before_it_is_a_failure(
    own_site: Site, cache: ModelCache
) -> None:
    bad = own_site.register()
    own_site.promote(bad)
    own_site.damage(bad)
    cache.look()
    assert (cache.view.status, digest(cache)) == ("failed", None)


def test_a_model_that_was_mended_is_tried_again_after_a_while(
    own_site: Site, cache: ModelCache, clock: Clock
) -> None:
    ref = own_site.register()
    own_site.promote(ref)
    own_site.damage(ref)
    cache.look()
    own_site.damage(ref)  # the same bit again
    cache.look()
    soon = cache.view.status
    clock.now += RETRY_S
    cache.look()
    assert (soon, cache.view.status, cache.view.error) == ("failed", "ready", None)


def test_a_rollback_from_a_damaged_model_ends_the_trouble(
    own_site: Site, cache: ModelCache
) -> None:
    good, bad = own_site.register(0), own_site.register(1)
    own_site.promote(good)
    cache.look()
    own_site.promote(bad)
    own_site.damage(bad)
    cache.look()
    before = cache.view.error
    own_site.context.registry.rollback(TASK, "test", "damaged")
    cache.look()
    assert before is not None
    assert (digest(cache), cache.view.error) == (good.digest, None)


def test_a_store_that_cannot_be_read_leaves_the_model_in_service(
    own_site: Site, cache: ModelCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    own_site.promote(own_site.register())
    cache.look()

    def lost(_task: str) -> None:
        raise StoreError("the database does not answer")

    with monkeypatch.context() as patch:
        patch.setattr(own_site.context.registry, "live", lost)
        cache.look()
        assert cache.view.status == "ready"
        assert cache.view.error == "the store cannot be read: the database does not answer"
    cache.look()
    assert cache.view.error is None


def test_a_strangers_error_is_told_by_its_kind_alone(
    own_site: Site, cache: ModelCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_ref: object) -> None:
        raise RuntimeError("the secret words of a record")

    own_site.promote(own_site.register())
    monkeypatch.setattr(own_site.context.registry, "load", broken)
    cache.look()
    assert cache.view.error is not None
    assert cache.view.error.endswith("cannot be loaded: RuntimeError")
