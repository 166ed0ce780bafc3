"""The recipe `bytes`: strings without words, through the loop of `full`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sftsec_core.api.contracts import TrainJob
from sftsec_core.api.domain import Batch, Example
from sftsec_core.api.errors import TrainingError
from sftsec_core.models.model_format import check_files
from sftsec_core.recipes.config import BytesConfig
from sftsec_core.recipes.encoder.bytes import train_bytes
from sftsec_core.recipes.encoder.classifier import EncoderModel
from sftsec_core.recipes.encoder.full import train_full
from tests.core.recipes.jobs import ODD_TEXTS, job_of, texts_of
from tests.core.recipes.tiny_encoder import make_job, settings_of

SMALL = {"width": 32, "layers": 1, "epochs": 8, "batch_size": 16, "learning_rate": 3e-3}
WINDOWS = {"max_length": 32, "overlap": 4}
LONG = "abcdefghij" * 30 + "mn" + "abcdefghij" * 30


def urls(count: int) -> list[Example]:
    """Names of random letters; the bad ones have `xq` in the middle of a word."""
    random = np.random.default_rng(3)
    made = []
    for i in range(count):
        name = "".join(random.choice(list("abcdefghij"), 12))
        bad = i % 2
        text = f"{name[:6]}{'xq' if bad else 'mn'}{name[6:]}.example/{i % 7}"
        made.append(Example.of_text(f"u{i}", text, "malicious" if bad else "benign"))
    return made


def bytes_job(workdir: Path, *, log: Any = None, **settings: Any) -> TrainJob[Any]:
    from dataclasses import replace

    config = BytesConfig.model_validate({**SMALL, **settings})
    job = job_of(urls(160), workdir, urls(40), config)
    return replace(job, log=log) if log else job


def scores(model: EncoderModel, *texts: str) -> Any:
    return model.predict_proba(Batch.of_texts(texts))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> EncoderModel:
    return train_bytes(bytes_job(tmp_path_factory.mktemp("work"), encoder=WINDOWS))


class TestModel:
    def test_learns_a_pair_of_letters(self, trained: EncoderModel) -> None:
        held_out = urls(240)[160:]
        found = trained.predict_proba(Batch.of_texts(texts_of(held_out))).argmax(1)
        right = [trained.labels[i] for i in found] == np.array([each.label for each in held_out])
        assert np.mean(right) >= 0.95

    def test_reads_every_window(self, trained: EncoderModel) -> None:
        told = [scores(trained, LONG[:at] + "xq" + LONG[at:])[0, 1] for at in (0, 300, 602)]
        assert all(abs(each - scores(trained, LONG)[0, 1]) > 1e-4 for each in told)

    def test_scores_a_text_alike_in_company(self, trained: EncoderModel) -> None:
        texts = ("", "a", LONG, *ODD_TEXTS, *texts_of(urls(9)))
        alone = np.concatenate([scores(trained, text) for text in texts])
        np.testing.assert_allclose(scores(trained, *texts), alone, atol=1e-5)

    def test_counts_what_is_cut(self, tmp_path: Path) -> None:
        encoder = {**WINDOWS, "max_chars": 100, "max_windows": 2}
        model = train_bytes(bytes_job(tmp_path, encoder=encoder, epochs=1))
        short, long = model.unread(Batch.of_texts(["short", "x" * 1000]))
        assert short == []
        assert sum(end - start for start, end in long) >= 900

    def test_folder_stands_alone(self, trained: EncoderModel, tmp_path: Path) -> None:
        trained.save(tmp_path)
        check_files(tmp_path)
        loaded = EncoderModel.load(tmp_path)
        np.testing.assert_array_equal(scores(loaded, LONG, "xq"), scores(trained, LONG, "xq"))

    def test_serves_as_the_encoder_of_full(self, trained: EncoderModel, tmp_path: Path) -> None:
        (tmp_path / "encoder").mkdir()
        trained.module.encoder.save_pretrained(tmp_path / "encoder")  # type: ignore[operator]
        trained.tokenizer.save_pretrained(tmp_path / "encoder")
        job = make_job(settings_of(tmp_path / "encoder"), tmp_path / "work", epochs=1)
        assert train_full(job).module.tokens == "max"


class TestTraining:
    def test_resumed_run_gives_the_same_model(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("sftsec_core.recipes.encoder.loop.CHECKPOINT_EVERY_S", 0.0)

        def stop_at_21(step: int, _values: Mapping[str, float]) -> None:
            if step >= 21:
                raise KeyboardInterrupt

        whole = train_bytes(bytes_job(tmp_path / "a"))
        with pytest.raises(KeyboardInterrupt):
            train_bytes(bytes_job(tmp_path / "b", log=stop_at_21))
        assert list((tmp_path / "b" / "bytes").glob("checkpoint-*"))
        resumed = train_bytes(bytes_job(tmp_path / "b"))
        np.testing.assert_array_equal(scores(whole, LONG), scores(resumed, LONG))

    def test_keeps_the_best_on_dev(self, tmp_path: Path) -> None:
        told: list[float] = []

        def log(_step: int, values: Mapping[str, float]) -> None:
            if "dev_score" in values:
                told.append(values["dev_score"])

        train_bytes(bytes_job(tmp_path, log=log, epochs=30, patience=2, learning_rate=0.01))
        best = told.index(max(told))
        assert len(told) == min(best + 3, 30)

    def test_budget_too_small_trains_nothing(self, tmp_path: Path) -> None:
        from dataclasses import replace

        with pytest.raises(TrainingError, match="the least that teach anything"):
            train_bytes(replace(bytes_job(tmp_path), deadline_s=0.01))
        assert not list(tmp_path.rglob("checkpoint-*"))

    @pytest.mark.parametrize("loss", ["focal", "class_balanced", "ldam"])
    def test_takes_the_losses_of_full(self, loss: str, tmp_path: Path) -> None:
        model = train_bytes(bytes_job(tmp_path, loss=loss, label_smoothing=0.05))
        bad, good = scores(model, "abcdefxqghijab.example/3", "abcdefmnghijab.example/3")
        assert bad[1] > good[1]
