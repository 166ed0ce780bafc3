"""The recipe "phash" finds copies, and says what it does not know."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sftsec_core.api import Batch, DataError, IntegrityError
from sftsec_vision.phash import BITS, picture_hash
from tests.plugins.vision.examples import SHOT, page_example, page_job, recipe, unseen
from tests.plugins.vision.pages import draw_page


class TestPictureHash:
    def test_stays_near_after_scaling(self) -> None:
        page = draw_page(4, login=True)
        own, other = picture_hash(page), picture_hash(draw_page(4, login=False))
        scaled = picture_hash(page.resize((120, 80)))
        assert (own != scaled).sum() <= 6 < (own != other).sum()
        assert own.shape == (BITS,)


class TestPhashRecipe:
    def test_knows_a_copy_of_a_page(self, tmp_path: Path) -> None:
        job = page_job("phash", tmp_path)
        model = recipe("phash").fit(job)
        proba = model.predict_proba(Batch.of_examples((SHOT,), job.train))
        truth = [model.labels.index(each.label) for each in job.train]
        assert (proba.argmax(axis=1) == truth).mean() >= 0.95
        np.testing.assert_allclose(proba.sum(axis=1), 1)

    def test_gives_shares_without_a_picture(self, tmp_path: Path) -> None:
        job = page_job("phash", tmp_path)
        model = recipe("phash").fit(replace(job, train=[*job.train[:30], *job.train[31::2]]))
        empty = Batch.of_examples((SHOT,), [page_example(1, shot=False)])
        assert model.predict_proba(empty)[0, 0] == pytest.approx(20 / 35)

    def test_scores_the_same_after_a_load(self, tmp_path: Path) -> None:
        model = recipe("phash").fit(page_job("phash", tmp_path / "job"))
        model.save(tmp_path)
        batch, _ = unseen()
        loaded = recipe("phash").load(tmp_path)
        np.testing.assert_array_equal(loaded.predict_proba(batch), model.predict_proba(batch))

    def test_refuses_what_it_cannot_read(self, tmp_path: Path) -> None:
        job = page_job("phash", tmp_path)
        with pytest.raises(DataError, match="pictures of two labels"):
            recipe("phash").fit(replace(job, train=job.train[::2]))
        with pytest.raises(IntegrityError, match="cannot be read"):
            recipe("phash").load(tmp_path)
