"""The recipe "vision": on text alone it keeps the contract, on pictures it learns from pixels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sftsec_core.api import Batch, DataError, IntegrityError, RecipeSpec
from sftsec_core.testing import RecipeContract
from tests.plugins.vision.examples import SHOT, TEXT, page_example, page_job, recipe, unseen


class TestVisionRecipe(RecipeContract):
    def spec(self) -> RecipeSpec[Any]:
        return recipe("vision")

    def settings(self) -> Mapping[str, Any]:
        return {"size": 64, "copies": 0}


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return recipe("vision").fit(page_job("vision", tmp_path_factory.mktemp("job")))


class TestPicturesOfPages:
    def test_tell_unseen_pages_apart(self, fitted: Any) -> None:
        batch, truth = unseen()
        assert np.mean(fitted.predict_proba(batch).argmax(axis=1) == truth) >= 0.9
        assert fitted.notes == {"copies": 1, "pictures": 40}

    def test_score_the_same_after_a_load(self, fitted: Any, tmp_path: Path) -> None:
        fitted.save(tmp_path)
        batch, _ = unseen(rows=6)
        loaded = recipe("vision").load(tmp_path)
        np.testing.assert_allclose(
            loaded.predict_proba(batch), fitted.predict_proba(batch), atol=1e-6
        )
        assert {each.suffix for each in tmp_path.iterdir()} == {".safetensors", ".json"}

    def test_of_a_damaged_model_are_refused(self, fitted: Any, tmp_path: Path) -> None:
        fitted.save(tmp_path)
        (tmp_path / "backbone.safetensors").write_bytes(b"x")
        with pytest.raises(IntegrityError, match="the model cannot be read"):
            recipe("vision").load(tmp_path)

    def test_may_be_missing_beside_text(self, tmp_path: Path) -> None:
        inputs = (TEXT, SHOT)
        job = page_job("vision", tmp_path, inputs=inputs)
        train = [*job.train, *(page_example(n, shot=False) for n in range(40, 50))]
        model = recipe("vision").fit(replace(job, train=train))
        rows = [page_example(7000, shot=False), page_example(7001)]
        proba = model.predict_proba(Batch.of_examples(inputs, rows))
        assert np.isfinite(proba).all()
        assert proba[1, 0] > 0.5

    def test_of_one_label_are_refused(self, tmp_path: Path) -> None:
        job = page_job("vision", tmp_path)
        with pytest.raises(DataError, match="two labels"):
            recipe("vision").fit(replace(job, train=job.train[::2]))

    def test_are_read_at_once_where_equal(self, fitted: Any) -> None:
        one = page_example(5001)
        proba = fitted.predict_proba(Batch.of_examples((SHOT,), [one, page_example(5002), one]))
        np.testing.assert_allclose(proba[0], proba[2], atol=1e-6)
        assert fitted.predict_proba(Batch.of((SHOT,), [])).shape == (0, 2)
