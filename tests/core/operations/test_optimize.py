"""A model in 8 bits is made of a registered one, judged, and promoted like any other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sftsec_core.api.domain import Batch
from sftsec_core.api.errors import ConfigError, DataError, NotFoundError, TrainingError
from sftsec_core.operations.optimize import optimize
from sftsec_core.operations.promote import promote
from sftsec_core.operations.retrain import retrain
from sftsec_core.recipes.encoder.classifier import EncoderModel
from tests.core.operations.secret_task import Observer, context, write_incidents
from tests.core.recipes.tiny_encoder import make_tiny_encoder

GATE: dict[str, Any] = {"min_labels": 20, "beat_baseline": False}


class TestOptimize:
    def test_derived_model_is_judged_and_serves(self, tmp_path: Path, observer: Observer) -> None:
        write_incidents(tmp_path, 300)
        tiny = make_tiny_encoder(tmp_path / "tiny")
        recipe = {
            "name": "full",
            "encoder": {"path": tiny.path, "sha256": tiny.sha256, "max_length": 32},
            "epochs": 8,
            "learning_rate": 3e-3,
        }
        with context(tmp_path, observer, recipe, **GATE) as work:
            parent = retrain(work, "secret", promote=False).model
            with pytest.raises(NotFoundError, match="secret@candidate"):
                optimize(work, "nothing@live")
            made = optimize(work, "secret@candidate")
            told = made.to_json()
            assert (told["parent"], told["how"]) == (parent.digest, "int8")
            assert set(told["agreement"]) == {"dev", "test"}
            assert told["agreement"]["test"]["same"] > 0.9
            votes = {vote["voter"]: vote for vote in told["votes"]}
            assert parent.digest[:12] in votes["keeps_parent"]["reason"]
            card = work.registry.card(made.model)
            assert card["model_details"]["derived_from"]["parent"] == parent.digest
            assert made.model.aliases == ("candidate",)
            # It decides by the parent's calibrator and threshold, and its files hold no weights.
            ours, theirs = (work.registry.load(each) for each in (made.model, parent))
            assert ours.serving == theirs.serving
            assert isinstance(ours.model, EncoderModel)
            assert not (made.model.folder / "model.safetensors").exists()
            batch = Batch.of_texts(["alpha quebec 1", "romeo bravo 2"])
            assert (
                abs(ours.model.predict_proba(batch) - theirs.model.predict_proba(batch)).max() < 0.1
            )
            promote(work, "secret@candidate", force="a test of what serves")
            live = work.registry.live("secret")
            assert live is not None
            assert live.digest == made.model.digest
            with pytest.raises(TrainingError, match="in 8 bits already"):
                optimize(work, "secret")
            assert retrain(work, "secret").unchanged
        changed = context(tmp_path, observer, recipe, **GATE)
        with changed as work:
            task = work.settings.tasks["secret"]
            work.settings.tasks["secret"] = task.model_copy(update={"text": ("message", "id")})
            with pytest.raises(ConfigError, match="retrain it first"):
                optimize(work, parent.digest)

    def test_models_without_encoder_are_refused(
        self, tmp_path: Path, observer: Observer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write_incidents(tmp_path, 200)
        with context(tmp_path, observer, "linear", **GATE) as work:
            retrain(work, "secret", promote=False)
            with pytest.raises(TrainingError, match="no fine-tuned encoder to put in 8 bits"):
                optimize(work, "secret@candidate")
            monkeypatch.setattr(type(work.store.snapshots), "list", lambda *_: [])
            with pytest.raises(DataError, match="is gone, so that it cannot be judged"):
                optimize(work, "secret@candidate")
