"""The model in memory follows the alias, and stays when the new one cannot be loaded."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from sftsec_core.api.errors import StoreError
from sftsec_core.server.model_cache import RETRY_INTERVAL_S, ModelCache
from sftsec_core.server.schemas import ScoreEvent
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
    return cache.status.model.ref.digest if cache.status.model else None


class TestRefresh:
    def test_finds_no_model_before_one_is_promoted(self, cache: ModelCache) -> None:
        before = cache.status.state
        cache.refresh()
        assert (before, cache.status.state) == ("loading", "none")

    def test_follows_the_alias_forward_and_back(
        self, own_site: Site, cache: ModelCache, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO)
        first, second = own_site.register(0), own_site.register(1, threshold=0.7)
        seen = []
        for move in (first, second):
            own_site.promote(move)
            cache.refresh()
            seen.append(digest(cache))
        own_site.context.registry.rollback(TASK, "test", "worse")
        cache.refresh()
        assert [*seen, digest(cache)] == [first.digest, second.digest, first.digest]
        assert f"model {second.digest[:12]} (linear) serves instead of {first.digest[:12]}" in (
            caplog.text
        )

    def test_does_not_load_the_same_model_again(self, own_site: Site, cache: ModelCache) -> None:
        own_site.promote(own_site.register())
        cache.refresh()
        before = cache.status.model
        cache.refresh()
        assert cache.status.model is before

    def test_uses_the_threshold_and_fields_of_training(
        self, own_site: Site, cache: ModelCache
    ) -> None:
        own_site.promote(own_site.register(threshold=0.7))
        cache.refresh()
        assert cache.status.model is not None
        batch_scorer = cache.status.model.scorer
        assert batch_scorer.threshold == 0.7
        assert batch_scorer.fields == ("email.subject", "message", "host.name")


class TestErrors:
    def test_damaged_model_leaves_old_one_serving(
        self, own_site: Site, cache: ModelCache, caplog: pytest.LogCaptureFixture
    ) -> None:
        good, bad = own_site.register(0), own_site.register(1)
        own_site.promote(good)
        cache.refresh()
        own_site.damage(bad)
        own_site.point(bad)
        for _ in range(3):
            cache.refresh()
        assert (digest(cache), cache.status.state) == (good.digest, "ready")
        assert cache.status.error is not None
        assert "linear.safetensors is not the file that was registered" in cache.status.error
        assert caplog.text.count("cannot be loaded") == 1
        assert "the previous model serves" in caplog.text
        assert cache.status.model is not None
        assert cache.status.model.scorer([ScoreEvent(fields={"message": "click"})])[0].error is None

    def test_a_damaged_first_model_is_a_failure(self, own_site: Site, cache: ModelCache) -> None:
        bad = own_site.register()
        own_site.promote(bad)
        own_site.damage(bad)
        cache.refresh()
        assert (cache.status.state, digest(cache)) == ("failed", None)

    def test_repaired_model_is_loaded_after_interval(
        self, own_site: Site, cache: ModelCache, clock: Clock
    ) -> None:
        ref = own_site.register()
        own_site.promote(ref)
        own_site.damage(ref)
        cache.refresh()
        own_site.damage(ref)  # the same bit again
        cache.refresh()
        soon = cache.status.state
        clock.now += RETRY_INTERVAL_S
        cache.refresh()
        assert (soon, cache.status.state, cache.status.error) == ("failed", "ready", None)

    def test_a_rollback_clears_the_error(self, own_site: Site, cache: ModelCache) -> None:
        good, bad = own_site.register(0), own_site.register(1)
        own_site.promote(good)
        cache.refresh()
        own_site.promote(bad)
        own_site.damage(bad)
        cache.refresh()
        before = cache.status.error
        own_site.context.registry.rollback(TASK, "test", "damaged")
        cache.refresh()
        assert before is not None
        assert (digest(cache), cache.status.error) == (good.digest, None)

    def test_a_moved_store_is_told(self, own_site: Site, cache: ModelCache, tmp_path: Path) -> None:
        own_site.promote(own_site.register())
        cache.refresh()
        store = own_site.context.store
        url = f"sqlite:///{tmp_path / 'new.db'}"
        with own_site.context.open_store(url, actor="test", even_moved=True) as target:
            store.moving.move_to(target.moving)
        cache.refresh()
        assert cache.status.state == "ready"
        assert "this store was moved to sqlite:" in str(cache.status.error)

    def test_an_unreadable_store_leaves_the_model_serving(
        self, own_site: Site, cache: ModelCache, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        own_site.promote(own_site.register())
        cache.refresh()

        def lost(_task: str) -> None:
            raise StoreError("the database does not answer")

        with monkeypatch.context() as patch:
            patch.setattr(own_site.context.registry, "live", lost)
            cache.refresh()
            assert cache.status.state == "ready"
            assert cache.status.error == "the store cannot be read: the database does not answer"
        cache.refresh()
        assert cache.status.error is None

    def test_plugin_error_is_shown_by_type(
        self, own_site: Site, cache: ModelCache, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(_ref: object) -> None:
            raise RuntimeError("the secret words of a record")

        own_site.promote(own_site.register())
        monkeypatch.setattr(own_site.context.registry, "load", broken)
        cache.refresh()
        assert cache.status.error is not None
        assert cache.status.error.endswith("cannot be loaded: RuntimeError")
