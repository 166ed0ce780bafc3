"""The recipe `contrastive`: it learns, repeats itself and stops at its deadline."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sftsec_core.api.contracts import TrainJob
from sftsec_core.api.domain import Batch, Example
from sftsec_core.api.errors import ConfigError, DataError
from sftsec_core.recipes.config import ContrastiveConfig, EncoderSettings
from sftsec_core.recipes.encoder import contrastive
from sftsec_core.recipes.encoder.contrastive import estimate_seconds, train_contrastive
from tests.core.recipes.jobs import job_of, many_classes, texts_of, two_classes


def small_job(
    encoder: EncoderSettings, folder: Path, examples: Sequence[Example], **more: Any
) -> TrainJob[Any]:
    config = ContrastiveConfig(encoder=encoder, steps=more.pop("steps", 4), batch_size=8)
    return replace(job_of(examples, folder, config=config), **more)


class TestContrastive:
    def test_learns_what_the_words_tell(self, tiny: EncoderSettings, tmp_path: Path) -> None:
        examples = two_classes(40)
        model = train_contrastive(small_job(tiny, tmp_path, examples[:30]))
        predicted = model.predict_proba(Batch.of_texts(texts_of(examples[30:]))).argmax(axis=1)
        assert [model.labels[i] for i in predicted] == [each.label for each in examples[30:]]
        assert model.notes == {"contrastive_steps": 4}

    def test_learns_many_and_lone_classes(self, tiny: EncoderSettings, tmp_path: Path) -> None:
        lone = Example.of_text("lone", "zebra crossing", "zoo")
        model = train_contrastive(small_job(tiny, tmp_path, [*many_classes(12), lone]))
        proba = model.predict_proba(Batch.of_texts(["zebra crossing"]))
        assert model.labels[int(proba.argmax())] == "zoo"

    def test_vectors_weigh_more_than_ngrams(self, tiny: EncoderSettings, tmp_path: Path) -> None:
        from sftsec_core.recipes.hybrid import scaled

        model = train_contrastive(small_job(tiny, tmp_path, two_classes(12), steps=1))
        vectors = scaled(model.encoder(["evil"]) - model.center, model.vector_weight)
        np.testing.assert_allclose(np.linalg.norm(vectors), 2.0, rtol=1e-5)
        np.testing.assert_allclose(np.linalg.norm(model.ngrams.transform(["evil"]).toarray()), 1.0)

    def test_embeds_by_what_it_has_learnt(self, tiny: EncoderSettings, tmp_path: Path) -> None:
        model = train_contrastive(small_job(tiny, tmp_path, two_classes(40)))
        rows = model.embed(Batch.of_texts(["curl evil", "evil beacon", "git commit"]))
        np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1.0, rtol=1e-5)
        assert rows[0] @ rows[1] > rows[0] @ rows[2]

    def test_stops_at_the_deadline(self, tiny: EncoderSettings, tmp_path: Path) -> None:
        job = small_job(tiny, tmp_path, two_classes(12), steps=10_000, deadline_s=0.2)
        assert int(train_contrastive(job).notes["contrastive_steps"]) < 10_000

    def test_a_second_fit_writes_the_same_files(
        self, tiny: EncoderSettings, tmp_path: Path
    ) -> None:
        written = []
        for name in ("first", "second"):
            (tmp_path / name).mkdir()
            train_contrastive(small_job(tiny, tmp_path, two_classes(12))).save(tmp_path / name)
            files = sorted((tmp_path / name).iterdir())
            written.append([(file.name, file.read_bytes()) for file in files])
        assert written[0] == written[1]

    def test_untrusted_rows_teach_nothing(self, tiny: EncoderSettings, tmp_path: Path) -> None:
        wrong = [replace(e, label="benign", weight=0.0) for e in two_classes(12)]
        fits = [
            train_contrastive(small_job(tiny, tmp_path, examples))
            for examples in (two_classes(12), [*two_classes(12), *wrong])
        ]
        first, second = (fit.predict_proba(Batch.of_texts(["evil beacon"])) for fit in fits)
        np.testing.assert_array_equal(first, second)

    def test_longer_windows_than_it_reads(self, tiny: EncoderSettings, tmp_path: Path) -> None:
        long = tiny.model_copy(update={"max_length": 65})
        config = ContrastiveConfig(encoder=long, steps=1)
        with pytest.raises(ConfigError, match="max_length is 65, and the encoder reads 64 tokens"):
            train_contrastive(job_of(two_classes(), tmp_path, config=config))

    def test_one_class_is_an_error(self, tiny: EncoderSettings, tmp_path: Path) -> None:
        job = small_job(tiny, tmp_path, two_classes(12)[::2])
        with pytest.raises(DataError, match="two labels or more"):
            train_contrastive(job)


class TestEstimate:
    def test_grows_with_the_steps(self, tiny: EncoderSettings, tmp_path: Path) -> None:
        few, many = (
            estimate_seconds(small_job(tiny, tmp_path, two_classes(12), steps=steps))
            for steps in (3, 3000)
        )
        assert 0 < few < many / 10

    def test_counts_windows_and_the_quicker_step(
        self, tiny: EncoderSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """By a device's clock: a cold step of 9 s, one of 3 s, one of 2 s."""
        now = [0.0]

        def tune(*_: object, log: Callable[[int, Mapping[str, float]], None], **__: object) -> None:
            for step, seconds in enumerate((9.0, 3.0, 2.0)):
                now[0] += seconds
                log(step, {})

        clock = SimpleNamespace(monotonic=lambda: now[0])
        monkeypatch.setattr(contrastive, "time", clock)
        monkeypatch.setattr(contrastive, "tune", tune)
        rows = two_classes(12)
        long = [replace(row, inputs={"text": f"{row.inputs['text']} " * 40}) for row in rows]
        config = ContrastiveConfig(encoder=tiny, steps=11, batch_size=4, frozen=0.5)
        short_s, long_s = (
            estimate_seconds(job_of(examples, tmp_path, config=config)) for examples in (rows, long)
        )
        # 12 texts are three steps of 4, and forward is half of a step.
        assert short_s == pytest.approx(9 + 10 * 2 + 1.5 * 2)
        assert long_s > 9 + 10 * 2 + 3 * 1.5 * 2
