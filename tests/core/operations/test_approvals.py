"""Who has to approve a model, and which approvals count."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from sftsec_core.api.contracts import TrainedModel
from sftsec_core.api.domain import Actor, Decision, ModelRef, Vote
from sftsec_core.api.errors import AuthorizationError, GateRefusedError, StoreError
from sftsec_core.config.settings import RegistrySettings
from sftsec_core.operations.approvals import approval_state, waiting_models
from sftsec_core.operations.authorize import current_user
from sftsec_core.operations.context import Context
from sftsec_core.operations.promote import promote
from sftsec_core.operations.rollback import rollback
from sftsec_core.operations.show_model import show_model
from tests.core.server.site import TASK, YES, Site, trained

NO = Decision(False, (Vote("test", False, "it is worse"),))


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site.make(tmp_path)
    yield made
    made.context.close()


def rule(site: Site, **promotion: Any) -> Context:
    """The site's context, whose promotions follow a rule; its actor asked for the trainings."""
    registry = RegistrySettings.model_validate({"promotion": promotion})
    site.context.settings = site.context.settings.model_copy(update={"registry": registry})
    return site.context


def as_(context: Context, name: str, *roles: str) -> Context:
    return context.acting_as(Actor(name, frozenset(roles or {"admin"}), "test"))


@cache
def model(seed: int) -> TrainedModel:
    """A trained model; all tests share it."""
    with TemporaryDirectory() as folder:
        return trained(Site.make(Path(folder)).context, seed)


def made(site: Site, seed: int = 0, run: str = "run-1", decision: Decision = YES) -> ModelRef:
    """A model with the gate's decision in its card, compared with what is live now."""
    live = site.context.registry.live(TASK)
    votes = [asdict(vote) for vote in decision.votes]
    gate = {"approved": decision.approved, "votes": votes}
    card = {"gate": {**gate, "incumbent": live.digest if live else None}, "run": run}
    return site.context.registry.register(
        model(seed), site.serving("linear", 0.5), card, run_id=run
    )


def live(context: Context) -> str | None:
    found = context.registry.live(TASK)
    return found.digest if found else None


class TestTwoPeople:
    def test_second_person_makes_it_live(self, site: Site) -> None:
        context, ref = rule(site, people=2), made(site)
        first = promote(as_(context, "ann"), ref.digest)
        assert first.waiting is not None
        assert first.waiting.line() == "approved by ann; it needs 1 more person"
        assert (first.live, live(context)) == (None, None)
        second = promote(as_(context, "bob"), ref.digest)
        assert second.waiting is None
        assert live(context) == ref.digest
        assert context.store.approvals.list(TASK) == []
        assert [each.actor for each in context.store.audit.tail(9, action="model.approved")] == [
            "ann",
            "bob",
        ]

    @pytest.mark.parametrize("again", ["ann", "Ann", "ANN"])
    def test_one_person_counts_once(self, site: Site, again: str) -> None:
        context, ref = rule(site, people=2), made(site)
        for name in ("ann", again, again):
            assert promote(as_(context, name), ref.digest).waiting is not None
        assert live(context) is None

    def test_forcing_takes_as_many(self, site: Site) -> None:
        context, ref = rule(site, people=2), made(site, decision=NO)
        with pytest.raises(GateRefusedError):
            promote(as_(context, "ann"), ref.digest)
        assert context.store.approvals.list(TASK) == []
        assert promote(as_(context, "ann"), ref.digest, force="incident 1").waiting is not None
        with pytest.raises(AuthorizationError):
            promote(as_(context, "bob", "operator"), ref.digest, force="incident 1")
        assert live(context) is None
        promote(as_(context, "bob"), ref.digest, force="incident 1")
        assert live(context) == ref.digest

    def test_ways_do_not_add_up(self, site: Site) -> None:
        context, ref = rule(site, people=2), made(site)
        promote(as_(context, "ann"), ref.digest)
        assert promote(as_(context, "bob"), ref.digest, force="now").waiting is not None
        assert live(context) is None

    def test_promoting_the_live_model_asks_nobody(self, site: Site) -> None:
        context = rule(site, people=1)
        ref = made(site)
        promote(context, ref.digest)
        assert promote(as_(rule(site, people=2), "ann"), ref.digest).waiting is None


class TestStaleApprovals:
    def test_of_an_earlier_run_do_not_count(self, site: Site) -> None:
        context, ref = rule(site, people=2), made(site)
        promote(as_(context, "ann"), ref.digest)
        assert made(site, run="run-2").digest == ref.digest
        assert promote(as_(context, "bob"), ref.digest).waiting is not None
        assert live(context) is None
        promote(as_(context, "ann"), ref.digest)
        assert live(context) == ref.digest

    def test_of_another_model_do_not_count(self, site: Site) -> None:
        context, ref, other = rule(site, people=2), made(site), made(site, seed=1, run="run-2")
        promote(as_(context, "ann"), other.digest)
        assert promote(as_(context, "bob"), ref.digest).waiting is not None
        assert live(context) is None

    def test_are_used_up_by_a_promotion(self, site: Site) -> None:
        context = rule(site)
        old, bad = made(site), None
        promote(context, old.digest)
        bad = made(site, seed=1, run="run-2")
        context = rule(site, people=2)
        for name in ("ann", "bob"):
            promote(as_(context, name), bad.digest)
        rollback(context, TASK, reason="worse")
        assert live(context) == old.digest
        assert promote(as_(context, "ann"), bad.digest).waiting is not None
        assert live(context) == old.digest

    def test_stale_comparison_collects_none(self, site: Site) -> None:
        context, ref = rule(site), made(site)
        promote(context, made(site, seed=1, run="run-2").digest)
        context = rule(site, people=2)
        with pytest.raises(StoreError, match="another model is live"):
            promote(as_(context, "ann"), ref.digest)
        assert context.store.approvals.list(TASK) == []


class TestRequester:
    def test_alone_does_not_suffice(self, site: Site) -> None:
        context, ref = rule(site, not_requester=True), made(site)
        first = promote(context, ref.digest)
        assert first.waiting is not None
        assert f"other than {current_user()}" in first.waiting.lacking
        assert promote(as_(context, current_user().upper()), ref.digest).waiting is not None
        assert promote(as_(context, "ann", f"operator@{TASK}"), ref.digest).waiting is None
        assert live(context) == ref.digest

    def test_is_one_of_two_people(self, site: Site) -> None:
        context, ref = rule(site, people=2, not_requester=True), made(site)
        promote(as_(context, "ann"), ref.digest)
        assert promote(context, ref.digest).waiting is None

    def test_unknown_takes_two_people(self, site: Site) -> None:
        context, ref = rule(site, not_requester=True), made(site)
        with context.store.writing() as connection:
            connection.exec_driver_sql("update registrations set requested_by = null")
        assert promote(as_(context, "ann"), ref.digest).waiting is not None
        assert promote(as_(context, "bob"), ref.digest).waiting is None

    def test_forcing_alone_does_not_suffice(self, site: Site) -> None:
        context, ref = rule(site, not_requester=True), made(site, decision=NO)
        assert promote(context, ref.digest, force="trust me").waiting is not None
        assert live(context) is None


class TestRollback:
    def test_takes_one_person_by_default(self, site: Site) -> None:
        context = rule(site)
        old = made(site)
        promote(context, old.digest)
        promote(context, made(site, seed=1, run="run-2").digest)
        assert rollback(rule(site, people=2), TASK, reason="worse").waiting is None
        assert live(context) == old.digest

    def test_takes_people_where_configured(self, site: Site) -> None:
        context = rule(site)
        old = made(site)
        promote(context, old.digest)
        new = made(site, seed=1, run="run-2")
        promote(context, new.digest)
        context = rule(site, rollback_people=2)
        first = rollback(as_(context, "ann"), TASK, reason="worse")
        assert first.waiting is not None
        assert (first.waiting.kind, live(context)) == ("rollback", new.digest)
        assert rollback(as_(context, "bob"), TASK, reason="worse").waiting is None
        assert live(context) == old.digest


class TestWaiting:
    def test_models_are_shown_with_their_state(self, site: Site) -> None:
        context, ref = rule(site, people=3), made(site)
        assert list(waiting_models(context, TASK)) == []
        promote(as_(context, "ann"), ref.digest)
        (state,) = waiting_models(context, TASK)
        assert state == approval_state(context, ref) == show_model(context, ref.digest).approval
        assert state.to_json()["approved_by"] == ["ann"]
        assert state.lacking == "2 more people"
