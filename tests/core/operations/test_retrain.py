"""A run that ends in a promotion, and one that comes too late for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from sftsec_core.api.domain import Actor, Decision, Event, Message
from sftsec_core.api.errors import ConfigError, StoreError
from sftsec_core.config.settings import RegistrySettings
from sftsec_core.operations.context import Context
from sftsec_core.operations.promote import promote
from sftsec_core.operations.retrain import retrain
from sftsec_core.operations.show_status import show_status
from sftsec_core.operations.sign_model import sign_model
from tests.core.models.keys import make_pair
from tests.core.operations.secret_task import Observer, context


class TestRetrain:
    def test_better_model_goes_live_with_notices(self, folder: Path, observer: Observer) -> None:
        with context(folder, observer, "oracle") as work:
            outcome = retrain(work, "secret")
            live = work.registry.live("secret")
        assert outcome.promoted
        assert live is not None
        assert live.recipe == "oracle"
        assert observer.told == [
            "started retrain",
            "promoted oracle after None",
            "finished succeeded, report: True",
        ]
        assert outcome.report_file.stat().st_size > 10_000

    def test_promotion_in_between_voids_an_approval(self, folder: Path, observer: Observer) -> None:
        with context(folder, observer, "oracle") as work:
            candidate = retrain(work, "secret", promote=False)
        with context(folder, observer, "linear") as work:
            other = retrain(work, "secret").model
            again = Decision(True, candidate.decision.votes)
            assert other.digest != candidate.model.digest
            with pytest.raises(StoreError):
                work.registry.promote(
                    "secret", candidate.model.digest, again, "someone", instead_of=None
                )
            live = work.registry.live("secret")
        assert live is not None
        assert live.digest == other.digest


def with_registry(work: Context, **registry: object) -> Context:
    settings = work.settings.model_copy(update={"registry": RegistrySettings(**registry)})
    return Context(work.file, settings, work.plugins, actor=work.actor, sinks=work._sinks)


class TestSignatures:
    def test_run_without_a_key_promotes_nothing(self, folder: Path, observer: Observer) -> None:
        pair, told = make_pair(folder), list[Event]()
        required = {"require_signature": {"public_key": pair.public}}
        with context(folder, observer, "oracle") as plain:
            work = with_registry(plain, **required)
            work._sinks = (told.append,)
            outcome = retrain(work, "secret")
            assert outcome.decision.approved
            assert not outcome.promoted
            assert work.registry.live("secret") is None
            (note,) = [e.text for e in told if isinstance(e, Message) and "signed" in e.text]
            assert "sftsec model sign secret@candidate" in note
            sign_model(work, "secret@candidate", key=pair.private)
            assert promote(work, "secret@candidate").live == work.registry.live("secret")
            assert work.registry.restorable("secret") == [outcome.model.digest]
            work.close()

    def test_wrong_pair_ends_it_before_the_pull(self, folder: Path, observer: Observer) -> None:
        pair, other = make_pair(folder), make_pair(folder, "other")
        with context(folder, observer, "oracle") as plain:
            work = with_registry(
                plain,
                sign_key=str(pair.private),
                require_signature={"public_key": other.public},
            )
            with pytest.raises(ConfigError, match="is not the private key of"):
                retrain(work, "secret")
            assert work.store.runs.list(None) == []
            work.close()


class TestApprovals:
    def test_people_are_waited_for_instead(self, folder: Path, observer: Observer) -> None:
        told = list[Event]()
        with context(folder, observer, "oracle") as plain:
            work = with_registry(plain, promotion={"not_requester": True})
            work._sinks = (told.append,)
            outcome = retrain(work, "secret")
            assert (outcome.decision.approved, outcome.promoted) == (True, False)
            notes = [each.text for each in told if isinstance(each, Message)]
            assert any("sftsec model promote secret@candidate" in note for note in notes)
            (state,) = show_status(work)[0].approvals
            assert (state.digest, state.requester) == (outcome.model.digest, work.actor.name)
            mine = promote(work, "secret@candidate")
            assert mine.waiting is not None
            assert work.registry.live("secret") is None
            other = work.acting_as(Actor("ann", frozenset({"operator@secret"}), "test"))
            assert promote(other, "secret@candidate").waiting is None
            assert work.registry.restorable("secret") == [outcome.model.digest]
            work.close()
