"""How `encoder.view: auto` is chosen, and that a saved model reads through its view."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sftsec_core.api.contracts import TrainJob
from sftsec_core.api.domain import Batch, Example
from sftsec_core.api.errors import IntegrityError
from sftsec_core.recipes.config import EncoderSettings
from sftsec_core.recipes.hybrid import load_hybrid, train_probe
from sftsec_core.recipes.view_choice import with_view
from tests.core.recipes.jobs import job_of, two_classes


def encoded(examples: list[Example]) -> list[Example]:
    """The same percent-encoded, behind a word that alone is longer then than what is read."""
    return [
        Example.of_text(
            each.uid, "".join(f"%{ord(c):02x}" for c in f"{'x' * 40} {text}"), each.label
        )
        for each in examples
        for text in [str(each.inputs["text"])]
    ]


def asks(tiny: EncoderSettings, view: str, tmp_path: Path, **more: Any) -> TrainJob[Any]:
    examples = encoded(two_classes(60))
    encoder = tiny.model_copy(update={"view": view})
    return job_of(examples[:40], tmp_path, encoder=encoder, **more)


class TestWithView:
    def test_takes_the_best_on_dev(self, tiny: EncoderSettings, tmp_path: Path) -> None:
        job = with_view(asks(tiny, "auto", tmp_path, dev=encoded(two_classes(60))[40:]))
        assert job.config.encoder.view in {"decoded", "split", "shapes"}

    def test_plain_stays_without_dev(self, tiny: EncoderSettings, tmp_path: Path) -> None:
        assert with_view(asks(tiny, "auto", tmp_path)).config.encoder.view == "plain"

    def test_named_view_is_not_tried(self, tiny: EncoderSettings, tmp_path: Path) -> None:
        job = asks(tiny, "split", tmp_path)
        assert with_view(job) is job

    def test_saved_model_reads_through_it(self, tiny: EncoderSettings, tmp_path: Path) -> None:
        model = train_probe(asks(tiny, "decoded", tmp_path))
        model.save(tmp_path)
        loaded = load_hybrid(tmp_path)
        both = Batch.of_texts(["%63url evil", "curl evil"])
        proba = loaded.predict_proba(both)
        np.testing.assert_allclose(proba[0], proba[1])
        np.testing.assert_array_equal(proba, model.predict_proba(both))

    def test_unknown_view_is_refused(self, tiny: EncoderSettings, tmp_path: Path) -> None:
        train_probe(asks(tiny, "plain", tmp_path)).save(tmp_path)
        file = tmp_path / "hybrid.json"
        saved = json.loads(file.read_text(encoding="utf-8"))
        saved["encoder"]["view"] = "later"
        file.write_text(json.dumps(saved), encoding="utf-8")
        with pytest.raises(IntegrityError, match="view 'later'"):
            load_hybrid(tmp_path)
