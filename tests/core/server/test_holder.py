"""The model in memory follows the alias, and stays when there is nothing better."""

from __future__ import annotations

import logging

import pytest

from sftsec_core.api.errors import StoreError
from sftsec_core.server.model_cache import RETRY_S, Holder
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
def holder(own_site: Site, clock: Clock) -> Holder:
    return Holder(own_site.workspace, TASK, clock)


def digest(holder: Holder) -> str | None:
    return holder.view.held.ref.digest if holder.view.held else None


def test_nothing_is_known_before_the_first_look(holder: Holder) -> None:
    before = holder.view.status
    holder.look()
    assert (before, holder.view.status) == ("loading", "none")


def test_the_model_follows_the_alias_forward_and_back(
    own_site: Site, holder: Holder, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    first, second = own_site.register(0), own_site.register(1, threshold=0.7)
    seen = []
    for move in (first, second):
        own_site.promote(move)
        holder.look()
        seen.append(digest(holder))
    own_site.workspace.registry.rollback(TASK, "test", "worse")
    holder.look()
    assert [*seen, digest(holder)] == [first.digest, second.digest, first.digest]
    assert f"model {second.digest[:12]} (linear) answers instead of {first.digest[:12]}" in (
        caplog.text
    )


def test_a_model_that_is_there_already_is_not_loaded_again(own_site: Site, holder: Holder) -> None:
    own_site.promote(own_site.register())
    holder.look()
    before = holder.view.held
    holder.look()
    assert holder.view.held is before


def test_the_threshold_and_the_fields_are_those_that_the_model_was_trained_with(
    own_site: Site, holder: Holder
) -> None:
    own_site.promote(own_site.register(threshold=0.7))
    holder.look()
    assert holder.view.held is not None
    answer = holder.view.held.answer
    assert answer.scorer.threshold == 0.7
    assert answer.fields == ("email.subject", "message", "host.name")


def test_a_damaged_model_leaves_the_old_one_in_service_and_is_told_once(
    own_site: Site, holder: Holder, caplog: pytest.LogCaptureFixture
) -> None:
    good, bad = own_site.register(0), own_site.register(1)
    own_site.promote(good)
    holder.look()
    own_site.damage(bad)
    own_site.point(bad)
    for _ in range(3):
        holder.look()
    assert (digest(holder), holder.view.status) == (good.digest, "ready")
    assert holder.view.trouble is not None
    assert "linear.safetensors is not the file that was registered" in holder.view.trouble
    assert caplog.text.count("cannot be loaded") == 1
    assert "the model before it answers" in caplog.text
    assert holder.view.held is not None
    assert holder.view.held.answer([Event(fields={"message": "click"})])[0].error is None


def test_a_damaged_model_with_none_before_it_is_a_failure(own_site: Site, holder: Holder) -> None:
    bad = own_site.register()
    own_site.promote(bad)
    own_site.damage(bad)
    holder.look()
    assert (holder.view.status, digest(holder)) == ("failed", None)


def test_a_model_that_was_mended_is_tried_again_after_a_while(
    own_site: Site, holder: Holder, clock: Clock
) -> None:
    ref = own_site.register()
    own_site.promote(ref)
    own_site.damage(ref)
    holder.look()
    own_site.damage(ref)  # the same bit again
    holder.look()
    soon = holder.view.status
    clock.now += RETRY_S
    holder.look()
    assert (soon, holder.view.status, holder.view.trouble) == ("failed", "ready", None)


def test_a_rollback_from_a_damaged_model_ends_the_trouble(own_site: Site, holder: Holder) -> None:
    good, bad = own_site.register(0), own_site.register(1)
    own_site.promote(good)
    holder.look()
    own_site.promote(bad)
    own_site.damage(bad)
    holder.look()
    before = holder.view.trouble
    own_site.workspace.registry.rollback(TASK, "test", "damaged")
    holder.look()
    assert before is not None
    assert (digest(holder), holder.view.trouble) == (good.digest, None)


def test_a_store_that_cannot_be_read_leaves_the_model_in_service(
    own_site: Site, holder: Holder, monkeypatch: pytest.MonkeyPatch
) -> None:
    own_site.promote(own_site.register())
    holder.look()

    def lost(_task: str) -> None:
        raise StoreError("the database does not answer")

    with monkeypatch.context() as patch:
        patch.setattr(own_site.workspace.registry, "live", lost)
        holder.look()
        assert holder.view.status == "ready"
        assert holder.view.trouble == "the store cannot be read: the database does not answer"
    holder.look()
    assert holder.view.trouble is None


def test_a_strangers_error_is_told_by_its_kind_alone(
    own_site: Site, holder: Holder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_ref: object) -> None:
        raise RuntimeError("the secret words of a record")

    own_site.promote(own_site.register())
    monkeypatch.setattr(own_site.workspace.registry, "load", broken)
    holder.look()
    assert holder.view.trouble is not None
    assert holder.view.trouble.endswith("cannot be loaded: RuntimeError")
