from __future__ import annotations

import hashlib
import json
import os
import pickle
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sftsec_core.api.domain import Batch, Decision, FittedPart, ModelRef, Vote
from sftsec_core.api.errors import (
    AmbiguousNameError,
    GateRefusedError,
    IntegrityError,
    NotFoundError,
    StoreError,
)
from sftsec_core.models.artifact import MANIFEST
from sftsec_core.registry.card import decision_of
from sftsec_core.registry.registry import ModelRegistry
from sftsec_core.registry.serving import Serving
from sftsec_core.store.store import Store
from tests.core.recipes.jobs import texts_of
from tests.core.registry.trained import (
    RECIPES,
    TASK,
    card,
    model,
    register,
    report,
    serving,
    split,
)

YES = Decision(True, (Vote("no_leak", True, "clean"),))


NO = Decision(False, (Vote("no_leak", False, "3 leaks"), Vote("other", True, "fine")))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(None, folder=tmp_path, actor="tester")
    yield opened
    opened.close()


@pytest.fixture
def registry(store: Store, tmp_path: Path) -> ModelRegistry:
    return ModelRegistry(store.models, tmp_path / "models", RECIPES)


def three(registry: ModelRegistry) -> list[ModelRef]:
    return [register(registry, f"run-{i}") for i in range(3)]


def spoil_weights(folder: Path) -> None:
    file = folder / "linear.safetensors"
    raw = bytearray(file.read_bytes())
    raw[-1] ^= 1
    file.write_bytes(raw)


def lower_threshold(folder: Path) -> None:
    file = folder / "serving.json"
    body = json.loads(file.read_text())
    body["decider"]["state"]["threshold"]["value"] = 1.0
    file.write_text(json.dumps(body))


def lower_threshold_and_forge_manifest(folder: Path) -> None:
    lower_threshold(folder)
    digest = hashlib.sha256((folder / "serving.json").read_bytes()).hexdigest()
    lines = (folder / MANIFEST).read_text().splitlines()
    forged = [f"{digest}  serving.json" if "serving" in line else line for line in lines]
    (folder / MANIFEST).write_text("\n".join(forged) + "\n")


def forge_card(folder: Path) -> None:
    (file,) = folder.glob("cards/*/card.json")
    file.write_text(file.read_text().replace('"approved": true', '"approved": false'))
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    _, *others = (file.parent / MANIFEST).read_text().splitlines()
    lines = [f"{digest}  card.json", *others]
    (file.parent / MANIFEST).write_text("\n".join(lines) + "\n")


def add_pickle(folder: Path) -> None:
    (folder / "extra.pkl").write_bytes(pickle.dumps([1]))


def add_pickle_by_another_name(folder: Path) -> None:
    (folder / "extra.json").write_bytes(pickle.dumps([1]))


def swap_weights_for_a_link(folder: Path) -> None:
    outside = folder.parent / "outside.safetensors"
    (folder / "linear.safetensors").rename(outside)
    (folder / "linear.safetensors").symlink_to(outside)


TAMPERING = [
    (spoil_weights, "linear.safetensors"),
    (lower_threshold, "serving.json"),
    (lower_threshold_and_forge_manifest, MANIFEST),
    (add_pickle, "extra.pkl"),
    (add_pickle_by_another_name, "extra.json"),
    (swap_weights_for_a_link, "linear.safetensors"),
    (lambda folder: next(folder.glob("cards/*/card.md")).unlink(), "card.md"),
    (lambda folder: next(folder.glob("cards/*/card.json")).write_text("{}"), "card.json"),
    (forge_card, MANIFEST),
    (lambda folder: shutil.rmtree(folder / "cards"), "is missing"),
    (lambda folder: (folder / "notes.txt").write_text("x"), "notes.txt"),
    (lambda folder: (folder / MANIFEST).unlink(), MANIFEST),
]


def _die(*_: object) -> None:
    raise SystemExit(os.EX_SOFTWARE)


class TestRegister:
    def test_model_loads_and_answers_as_before(self, registry: ModelRegistry) -> None:
        ref = register(registry)
        loaded = registry.load(ref)
        texts = texts_of(split().test)
        assert np.array_equal(
            loaded.model.predict_proba(Batch.of_texts(texts)),
            model().predict_proba(Batch.of_texts(texts)),
        )
        assert loaded.serving.task == TASK
        assert loaded.serving.decider == report().candidate.decider
        assert loaded.parts.decider.threshold == report().candidate.threshold
        assert (ref.task, ref.recipe, ref.run_id, ref.aliases) == (
            "commands", "linear", "run-1", ("candidate",)
        )  # fmt: skip

    def test_digest_is_of_a_checkable_manifest(
        self,
        registry: ModelRegistry,
    ) -> None:
        ref = register(registry)
        manifest = (ref.folder / MANIFEST).read_bytes()
        assert hashlib.sha256(manifest).hexdigest() == ref.digest == ref.folder.name
        names = [line.split("  ")[1] for line in manifest.decode().splitlines()]
        assert names == sorted(names)
        present = {path.name for path in ref.folder.iterdir()} - {MANIFEST, "cards"}
        assert set(names) == present >= {"model.json", "serving.json"}
        (told,) = (ref.folder / "cards").iterdir()
        assert hashlib.sha256((told / MANIFEST).read_bytes()).hexdigest() == told.name
        for folder in (ref.folder, told):
            subprocess.run(["sha256sum", "--quiet", "-c", MANIFEST], cwd=folder, check=True)

    def test_card_keeps_the_gates_decision(self, registry: ModelRegistry) -> None:
        ref = register(registry)
        assert decision_of(registry.card(ref)).approved
        (text,) = ref.folder.glob("cards/*/card.md")
        assert "# Model card" in text.read_text()

    def test_same_model_twice_is_one(self, registry: ModelRegistry) -> None:
        same = card()
        refs = [registry.register(model(), serving(), same, run_id="r") for _ in range(2)]
        assert refs[0] == refs[1]
        assert len(registry.models()) == 1
        assert len(registry.runs(refs[0])) == 1

    def test_model_of_two_runs_keeps_both_cards(self, registry: ModelRegistry) -> None:
        first = register(registry, "run-1")
        told = registry.card(first)
        second = registry.register(
            model(), serving("run-1"), card("run-2", gate=NO), run_id="run-2"
        )
        assert (second.digest, second.run_id) == (first.digest, "run-2")
        assert [made.run_id for made in registry.runs(second)] == ["run-1", "run-2"]
        assert not decision_of(registry.card(second)).approved
        assert registry.card(first) == told
        assert len(list((second.folder / "cards").iterdir())) == 2
        registry.load(second)

    def test_newest_model_is_the_candidate(self, registry: ModelRegistry) -> None:
        refs = three(registry)
        assert registry.resolve("commands@candidate").digest == refs[2].digest

    def test_leaves_only_models_behind(self, registry: ModelRegistry, tmp_path: Path) -> None:
        refs = three(registry)
        left = {path.name for path in (tmp_path / "models").iterdir()}
        assert left == {ref.digest for ref in refs} | {".lock"}

    def test_refuses_a_model_with_a_pickle(self, registry: ModelRegistry, tmp_path: Path) -> None:
        class Pickler:
            labels = TASK.labels
            predict_proba = model().predict_proba

            def save(self, folder: Path) -> None:
                (folder / "model.pkl").write_bytes(pickle.dumps({"weights": 1}))

        with pytest.raises(IntegrityError, match=r"model\.pkl"):
            registry.register(Pickler(), Serving.of(report(), TASK), card(), run_id="r")
        assert registry.models() == []
        assert [path.name for path in (tmp_path / "models").iterdir()] == [".lock"]


class TestLoad:
    def test_names_a_decider_not_enabled(self, registry: ModelRegistry) -> None:
        other = replace(serving(), decider=FittedPart("conformal", {"alpha": 0.1}))
        ref = registry.register(model(), other, card(), run_id="run-1")
        with pytest.raises(NotFoundError, match="unknown decider 'conformal'"):
            registry.load(ref)

    def test_refuses_a_damaged_decider(self, registry: ModelRegistry) -> None:
        other = replace(serving(), decider=FittedPart("threshold", {"value": 0.5}))
        ref = registry.register(model(), other, card(), run_id="run-1")
        with pytest.raises(IntegrityError, match=r"serving\.json is damaged"):
            registry.load(ref)

    @pytest.mark.parametrize(("tamper", "named"), TAMPERING)
    def test_refuses_tampering_and_names_the_file(
        self, registry: ModelRegistry, tamper: object, named: str
    ) -> None:
        ref = register(registry)
        registry.verify(ref)
        assert callable(tamper)
        tamper(ref.folder)
        for attempt in (registry.verify, registry.load, registry.card):
            with pytest.raises(IntegrityError, match=named.replace(".", r"\.")):
                attempt(ref)
        with pytest.raises(IntegrityError, match=named.replace(".", r"\.")):
            registry.promote(TASK.name, ref.digest, YES, "ann")
        assert registry.live(TASK.name) is None

    def test_refuses_a_missing_folder(self, registry: ModelRegistry, tmp_path: Path) -> None:
        ref = register(registry)
        with pytest.raises(IntegrityError, match="is missing"):
            registry.load(replace(ref, folder=tmp_path / "nowhere"))


class TestPromote:
    def test_moves_live_and_returns_the_previous(self, registry: ModelRegistry) -> None:
        first, second, _ = three(registry)
        assert registry.promote(TASK.name, first.digest, YES, "ann") is None
        previous = registry.promote(TASK.name, second.digest, YES, "ann")
        assert previous is not None
        assert previous.digest == first.digest
        live = registry.live(TASK.name)
        assert live is not None
        assert live.digest == second.digest

    def test_names_the_votes_against_it(
        self,
        registry: ModelRegistry,
    ) -> None:
        ref = register(registry)
        with pytest.raises(GateRefusedError, match="no_leak: 3 leaks"):
            registry.promote(TASK.name, ref.digest, NO, "ann")
        assert registry.live(TASK.name) is None

    @pytest.mark.parametrize(
        "decision", [Decision(False, ()), Decision(True, ()), Decision(True, NO.votes)]
    )
    def test_needs_a_decision_with_its_votes(
        self, registry: ModelRegistry, decision: Decision
    ) -> None:
        ref = register(registry)
        with pytest.raises(GateRefusedError):
            registry.promote(TASK.name, ref.digest, decision, "ann")

    def test_force_needs_a_written_reason(self, registry: ModelRegistry, store: Store) -> None:
        ref = register(registry)
        with pytest.raises(GateRefusedError, match="written reason"):
            registry.promote(TASK.name, ref.digest, NO, "ann", force="  ")
        registry.promote(TASK.name, ref.digest, NO, "ann", force="outage, see INC-7")
        ((digest, _, by, reason),) = store.models.alias_history(TASK.name, "live")
        assert (digest, by) == (ref.digest, "ann")
        assert reason == "forced against no_leak: outage, see INC-7"

    def test_of_the_live_changes_nothing(self, registry: ModelRegistry, store: Store) -> None:
        ref = register(registry)
        registry.promote(TASK.name, ref.digest, YES, "ann")
        again = registry.promote(TASK.name, ref.digest, YES, "bob")
        assert again is not None
        assert again.digest == ref.digest
        assert len(store.models.alias_history(TASK.name, "live")) == 1

    def test_finds_no_other_tasks_model(self, registry: ModelRegistry) -> None:
        ref = register(registry)
        with pytest.raises(NotFoundError):
            registry.promote("other", ref.digest, YES, "ann")

    def test_refuses_a_decision_on_outdated_state(
        self, registry: ModelRegistry, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first, second, third = three(registry)
        registry.promote(TASK.name, first.digest, YES, "ann")
        verify = registry.verify

        def meanwhile(ref: ModelRef) -> None:
            verify(ref)
            monkeypatch.undo()
            registry.promote(TASK.name, third.digest, YES, "bob")

        monkeypatch.setattr(registry, "verify", meanwhile)
        with pytest.raises(StoreError, match="meanwhile"):
            registry.promote(TASK.name, second.digest, YES, "ann")
        live = registry.live(TASK.name)
        assert live is not None
        assert live.digest == third.digest
        assert [entry[2] for entry in store.models.alias_history(TASK.name, "live")] == [
            "bob",
            "ann",
        ]

    def test_replaces_only_the_compared_model(self, registry: ModelRegistry) -> None:
        first, second, third = three(registry)
        registry.promote(TASK.name, first.digest, YES, "ann", instead_of=None)
        registry.promote(TASK.name, second.digest, YES, "bob", instead_of=first.digest)
        for outdated in (first.digest, None):
            with pytest.raises(StoreError, match="meanwhile"):
                registry.promote(TASK.name, third.digest, YES, "ann", instead_of=outdated)
        live = registry.live(TASK.name)
        assert live is not None
        assert live.digest == second.digest


class TestRollback:
    def test_pops_the_history_like_a_stack(self, registry: ModelRegistry) -> None:
        a, b, c = three(registry)
        for ref in (a, b, c):
            registry.promote(TASK.name, ref.digest, YES, "ann")
        assert registry.rollback(TASK.name, "ann", "alert storm").digest == b.digest
        assert registry.rollback(TASK.name, "ann", "still bad").digest == a.digest
        registry.promote(TASK.name, c.digest, YES, "ann")
        assert registry.rollback(TASK.name, "ann", "again").digest == a.digest
        with pytest.raises(NotFoundError, match="earlier live model"):
            registry.rollback(TASK.name, "ann", "nothing is left")

    def test_is_recorded_with_its_reason(self, registry: ModelRegistry, store: Store) -> None:
        a, b, _ = three(registry)
        for ref in (a, b):
            registry.promote(TASK.name, ref.digest, YES, "ann")
        registry.rollback(TASK.name, "bob", "alert storm")
        newest = store.models.alias_history(TASK.name, "live")[0]
        assert (newest[0], newest[2], newest[3]) == (a.digest, "bob", "rolled back: alert storm")

    def test_is_not_guessed_from_a_reason(
        self,
        registry: ModelRegistry,
    ) -> None:
        a, b, _ = three(registry)
        registry.promote(TASK.name, a.digest, YES, "ann")
        registry.promote(TASK.name, b.digest, NO, "ann", force="rolled back: no")
        assert registry.rollback(TASK.name, "ann", "x").digest == a.digest

    def test_to_a_damaged_model_changes_nothing(
        self,
        registry: ModelRegistry,
    ) -> None:
        a, b, _ = three(registry)
        for ref in (a, b):
            registry.promote(TASK.name, ref.digest, YES, "ann")
        spoil_weights(a.folder)
        with pytest.raises(IntegrityError):
            registry.rollback(TASK.name, "ann", "x")
        live = registry.live(TASK.name)
        assert live is not None
        assert live.digest == b.digest


class TestResolve:
    def test_takes_alias_digest_and_prefix(self, registry: ModelRegistry) -> None:
        ref = register(registry)
        registry.promote(TASK.name, ref.digest, YES, "ann")
        for name in ("commands@live", "live", "candidate", ref.digest, ref.digest[:8].upper()):
            assert registry.resolve(name).digest == ref.digest
        assert registry.resolve("live", TASK.name).digest == ref.digest

    @pytest.mark.parametrize("name", ["commands@liv", "liv", "0123", "ffff", "ab", "other@live"])
    def test_unknown_name_tells_what_is_known(self, registry: ModelRegistry, name: str) -> None:
        ref = register(registry)
        registry.promote(TASK.name, ref.digest, YES, "ann")
        if ref.digest.startswith(name):
            pytest.skip("the digest happens to begin so")
        with pytest.raises(NotFoundError, match="commands@live"):
            registry.resolve(name)

    def test_shared_prefix_is_ambiguous(
        self, registry: ModelRegistry, store: Store, tmp_path: Path
    ) -> None:
        ref = register(registry)
        twin = ref.digest[:10] + "0" * 54
        store.models.add(replace(ref, digest=twin, folder=tmp_path / "models" / twin))
        with pytest.raises(AmbiguousNameError, match=ref.digest[:12]):
            registry.resolve(ref.digest[:10])
        assert registry.resolve(ref.digest[:12]).digest == ref.digest


class TestKilledRegistration:
    def test_leftovers_are_removed_by_the_next(
        self, registry: ModelRegistry, tmp_path: Path
    ) -> None:
        leftover = tmp_path / "models" / ".staging-dead" / "model"
        leftover.mkdir(parents=True)
        (leftover / "half.safetensors").write_bytes(b"half")
        ref = register(registry)
        assert not leftover.parent.exists()
        registry.verify(ref)

    def test_published_model_is_taken_over(
        self, registry: ModelRegistry, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        same = card()
        with monkeypatch.context() as patched:
            patched.setattr(type(registry._table), "add", _die)
            with pytest.raises(SystemExit):
                registry.register(model(), serving(), same, run_id="r")
        assert registry.models() == []
        ref = registry.register(model(), serving(), same, run_id="r")
        registry.verify(ref)
        assert [found.digest for found in registry.models()] == [ref.digest]
