"""N-grams and the frozen encoder's vectors under one head, or the vectors alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import f1_score

from sftsec_core.api.contracts import TrainJob
from sftsec_core.api.domain import Batch, Example, Inputs
from sftsec_core.api.errors import DataError, IntegrityError
from sftsec_core.models.model_format import load_model, save_model
from sftsec_core.recipes.config import EncoderSettings, HybridConfig
from sftsec_core.recipes.embeddings import POOLINGS, remembered_embeddings
from sftsec_core.recipes.hybrid import (
    HybridModel,
    load_hybrid,
    scaled_beside,
    train_hybrid,
    train_probe,
)
from sftsec_core.recipes.saved_encoders import check_encoders
from sftsec_core.recipes.specs import RECIPES
from tests.core.recipes.jobs import ODD_TEXTS, job_of, many_classes, texts_of, two_classes
from tests.core.recipes.long_texts import training_scripts
from tests.core.recipes.mixed import MIXED, TEXT, mixed_examples, mixed_job, right_of
from tests.core.recipes.tiny_encoder import PROBES
from tests.core.recipes.tiny_models import make_model

KNOWN = {recipe.name: recipe for recipe in RECIPES}


@pytest.fixture
def second(tmp_path: Path) -> EncoderSettings:
    """Of another width, and a decoder of bytes."""
    return make_model(tmp_path / "second", "gpt2", n_embd=48)


@pytest.fixture(scope="module")
def packaged(tmp_path_factory: pytest.TempPathFactory) -> HybridModel:
    return train_hybrid(job_of(two_classes(24), tmp_path_factory.mktemp("work")))


@pytest.fixture(scope="module")
def probe(tmp_path_factory: pytest.TempPathFactory) -> HybridModel:
    return train_probe(job_of(two_classes(24), tmp_path_factory.mktemp("work")))


class TestBound:
    def test_rows_beyond_it_are_named(self, packaged: HybridModel, probe: HybridModel) -> None:
        texts = ["short", "word " * 300, "word " * 1200, "w" * 100_001]
        batch = Batch.of_texts(texts)
        # Eight windows of 126 tokens that share 16; the n-grams read 100,000 characters.
        assert probe.reads_whole(batch).tolist()[:3] == [True, True, False]
        assert packaged.reads_whole(batch).tolist() == [True, True, False, False]
        assert packaged.unread(batch)[3] == [(75_000, 75_001), (100_000, 100_001)]


class TestPooling:
    def test_is_chosen_on_dev_and_kept(self, tiny: EncoderSettings, tmp_path: Path) -> None:
        train, dev = training_scripts()[:30], training_scripts()[30:]
        model = train_probe(job_of(train, tmp_path, dev=dev, encoder=tiny))
        for pooling in POOLINGS:
            one = train_probe(
                job_of(train, tmp_path, encoder=tiny.model_copy(update={"pooling": pooling}))
            )
            assert one.encoders[0].embedder.poolings == (pooling,)
            assert macro_f1(model, dev) >= macro_f1(one, dev)
        model.save(tmp_path)
        texts = Batch.of_examples(job_of(dev, tmp_path).task.inputs, dev)
        np.testing.assert_array_equal(
            load_hybrid(tmp_path).predict_proba(texts), model.predict_proba(texts)
        )


def macro_f1(model: HybridModel, dev: list[Example]) -> float:
    proba = model.predict_proba(Batch.of_texts(texts_of(dev)))
    predicted = [model.labels[i] for i in proba.argmax(1)]
    return float(f1_score([example.label for example in dev], predicted, average="macro"))


class TestLearning:
    def test_learns_with_the_packaged_encoder(self, packaged: HybridModel) -> None:
        proba = packaged.predict_proba(
            Batch.of_texts(["curl evil host malicious", "read the report benign"])
        )
        assert proba[0, 1] > 0.5 > proba[1, 1]
        np.testing.assert_allclose(proba.sum(axis=1), 1)

    def test_meaning_reaches_words_never_seen(self, tmp_path: Path) -> None:
        good = ["the invoice is attached", "see the bill for March", "payment of your order"]
        bad = ["a puppy plays outside", "the cat sleeps", "horses eat grass"]
        examples = [Example.of_text(f"g{i}", text, "money") for i, text in enumerate(good)]
        examples += [Example.of_text(f"b{i}", text, "animals") for i, text in enumerate(bad)]
        model = train_hybrid(job_of(examples, tmp_path))
        proba = model.predict_proba(Batch.of_texts(["a zebra", "your salary"]))
        assert proba[0, 0] > proba[1, 0]

    def test_learns_many_and_lone_classes(self, tiny: EncoderSettings, tmp_path: Path) -> None:
        lone = Example.of_text("lone", "zebra crossing", "zoo")
        examples = [*many_classes(120), lone]
        model = train_hybrid(job_of(examples, tmp_path, encoder=tiny))
        predicted = model.predict_proba(Batch.of_texts(texts_of(examples))).argmax(axis=1)
        assert [model.labels[i] for i in predicted] == [example.label for example in examples]

    def test_same_seed_gives_same_answers(self, tiny: EncoderSettings, tmp_path: Path) -> None:
        one, other = (
            train_hybrid(job_of(two_classes(), tmp_path, encoder=tiny, seed=3)) for _ in range(2)
        )
        texts = texts_of(two_classes())
        np.testing.assert_array_equal(
            one.predict_proba(Batch.of_texts(texts)), other.predict_proba(Batch.of_texts(texts))
        )

    def test_one_label_alone_is_refused(self, tmp_path: Path) -> None:
        job = job_of(two_classes(), tmp_path)
        job = replace(job, train=[e for e in job.train if e.label == "benign"])
        with pytest.raises(DataError, match="two labels"):
            train_hybrid(job)


class TestScoring:
    def test_odd_texts_are_trained_on_and_scored(
        self, tiny: EncoderSettings, tmp_path: Path
    ) -> None:
        odd = [Example.of_text(f"o{i}", text, "malicious") for i, text in enumerate(ODD_TEXTS)]
        model = train_hybrid(job_of([*two_classes(), *odd], tmp_path, encoder=tiny))
        assert np.isfinite(model.predict_proba(Batch.of_texts(ODD_TEXTS))).all()
        assert model.predict_proba(Batch.of_texts([])).shape == (0, 2)

    def test_pieces_change_no_score(
        self, tiny: EncoderSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        model = train_hybrid(job_of(two_classes(), tmp_path, encoder=tiny))
        texts = texts_of(two_classes())
        whole = model.predict_proba(Batch.of_texts(texts))
        monkeypatch.setattr("sftsec_core.recipes.hybrid._SCORED_AT_ONCE", 7)
        np.testing.assert_allclose(model.predict_proba(Batch.of_texts(texts)), whole, atol=1e-9)


class TestSavedModel:
    def test_loaded_answers_the_same(self, packaged: HybridModel, tmp_path: Path) -> None:
        save_model(packaged, "hybrid", tmp_path / "model")
        texts = [*ODD_TEXTS, "git commit"]
        loaded = load_model(tmp_path / "model", KNOWN)
        np.testing.assert_array_equal(
            loaded.predict_proba(Batch.of_texts(texts)),
            packaged.predict_proba(Batch.of_texts(texts)),
        )

    def test_holds_no_copy_of_the_encoder(self, packaged: HybridModel, tmp_path: Path) -> None:
        save_model(packaged, "hybrid", tmp_path / "model")
        size = sum(path.stat().st_size for path in (tmp_path / "model").iterdir())
        assert size < 1_000_000

    def test_with_another_encoder_is_refused(self, tiny: EncoderSettings, tmp_path: Path) -> None:
        save_model(
            train_hybrid(job_of(two_classes(), tmp_path, encoder=tiny)),
            "hybrid",
            tmp_path / "model",
        )
        settings = tmp_path / "model" / "hybrid.json"
        weights = json.loads(settings.read_text())["encoder"]["sha256"]
        settings.write_text(settings.read_text().replace(weights, "0" * 64))
        with pytest.raises(IntegrityError, match="SHA-256"):
            load_model(tmp_path / "model", KNOWN)

    def test_without_its_tensors_is_refused(self, tiny: EncoderSettings, tmp_path: Path) -> None:
        model = train_hybrid(job_of(two_classes(), tmp_path, encoder=tiny))
        folder = tmp_path / "model"
        folder.mkdir()
        model.save(folder)
        (folder / "hybrid.safetensors").unlink()
        with pytest.raises(IntegrityError, match="safetensors"):
            load_hybrid(folder)


class TestProbe:
    def test_learns_from_the_vectors_alone(self, probe: HybridModel) -> None:
        assert probe.ngrams is None
        proba = probe.predict_proba(Batch.of_texts(["wget payload malicious", "open mail benign"]))
        assert proba[0, 1] > 0.5 > proba[1, 1]

    def test_loaded_answers_the_same(self, probe: HybridModel, tmp_path: Path) -> None:
        save_model(probe, "probe", tmp_path / "model")
        loaded = load_model(tmp_path / "model", {recipe.name: recipe for recipe in RECIPES})
        texts = ["wget payload", "", "مرحبا"]
        np.testing.assert_array_equal(
            loaded.predict_proba(Batch.of_texts(texts)), probe.predict_proba(Batch.of_texts(texts))
        )


class TestNumbersBesideText:
    def test_learns_from_them(self, tiny: EncoderSettings, tmp_path: Path) -> None:
        config = HybridConfig(encoder=tiny)
        text = replace(MIXED, inputs=(TEXT,))
        blind = train_hybrid(mixed_job(tmp_path, config, task=text))
        sees = train_hybrid(mixed_job(tmp_path, config))
        unseen = mixed_examples(200, seed=1)
        assert right_of(blind, unseen) < 0.65
        assert right_of(sees, unseen) > 0.72
        assert right_of(train_probe(mixed_job(tmp_path, config)), unseen) > 0.72

    def test_loaded_answers_the_same(self, tiny: EncoderSettings, tmp_path: Path) -> None:
        model = train_hybrid(mixed_job(tmp_path, HybridConfig(encoder=tiny)))
        save_model(model, "hybrid", tmp_path / "model")
        loaded = load_model(tmp_path / "model", KNOWN)
        odd: Inputs = {"text": "port scan", "count": float("inf"), "host": "new"}
        batch = Batch.of(MIXED.inputs, [*(e.inputs for e in mixed_examples(9)), odd, {}])
        np.testing.assert_array_equal(loaded.predict_proba(batch), model.predict_proba(batch))

    def test_pieces_change_no_score(
        self, tiny: EncoderSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        model = train_hybrid(mixed_job(tmp_path, HybridConfig(encoder=tiny)))
        batch = Batch.of_examples(MIXED.inputs, mixed_examples(20, seed=1))
        whole = model.predict_proba(batch)
        monkeypatch.setattr("sftsec_core.recipes.hybrid._SCORED_AT_ONCE", 7)
        np.testing.assert_allclose(model.predict_proba(batch), whole, atol=1e-6)

    def test_text_alone_saves_no_block(self, packaged: HybridModel, tmp_path: Path) -> None:
        packaged.save(tmp_path)
        assert "dense" not in json.loads((tmp_path / "hybrid.json").read_text())


class TestSecondEncoder:
    @pytest.fixture
    def both(self, tiny: EncoderSettings, second: EncoderSettings, tmp_path: Path) -> HybridModel:
        (tmp_path / "work").mkdir()
        job = job_of(two_classes(), tmp_path / "work", encoder=tiny, second_encoder=second)
        return train_hybrid(job)

    @pytest.mark.parametrize("train", [train_probe, train_hybrid])
    def test_loaded_answers_the_same(
        self,
        train: Callable[[TrainJob[HybridConfig]], HybridModel],
        tiny: EncoderSettings,
        second: EncoderSettings,
        tmp_path: Path,
    ) -> None:
        model = train(job_of(two_classes(), tmp_path, encoder=tiny, second_encoder=second))
        (tmp_path / "model").mkdir()
        model.save(tmp_path / "model")
        batch = Batch.of_texts([*ODD_TEXTS, *texts_of(two_classes(6))])
        loaded = load_hybrid(tmp_path / "model")
        np.testing.assert_array_equal(loaded.predict_proba(batch), model.predict_proba(batch))
        assert len(loaded.encoders) == 2

    def test_each_gives_as_much(self) -> None:
        random = np.random.default_rng(0)
        first, other = (random.normal(size=(5, 2, d)).astype(np.float32) for d in (3, 40))
        rows = scaled_beside([first * 1000, other], 2.0)
        assert rows.shape == (5, 86)
        np.testing.assert_allclose(np.linalg.norm(rows[:, :6], axis=1), 2**0.5, rtol=1e-5)
        np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 2.0, rtol=1e-5)

    def test_adds_what_the_first_cannot_tell(
        self, tiny: EncoderSettings, second: EncoderSettings, tmp_path: Path
    ) -> None:
        """The first knows lower case alone; the second reads bytes."""
        train = [
            Example.of_text(f"{i}", f"run {'task' if i % 2 else 'TASK'} now {i}", "ab"[i % 2])
            for i in range(60)
        ]
        alone = train_probe(job_of(train, tmp_path, encoder=tiny))
        both = train_probe(job_of(train, tmp_path, encoder=tiny, second_encoder=second))
        texts = Batch.of_texts(["run task now x", "run TASK now x"])
        small, capital = (each[1] for each in alone.predict_proba(texts))
        assert small == capital
        small, capital = (each[1] for each in both.predict_proba(texts))
        assert small > capital

    def test_swapped_one_is_refused(
        self, both: HybridModel, second: EncoderSettings, tmp_path: Path
    ) -> None:
        (tmp_path / "model").mkdir()
        both.save(tmp_path / "model")
        check_encoders(tmp_path / "model")
        tokenizer = Path(second.path) / "tokenizer.json"
        tokenizer.write_text(tokenizer.read_text(encoding="utf-8") + " ", encoding="utf-8")
        for check in (check_encoders, load_hybrid):
            with pytest.raises(IntegrityError, match=r"tokenizer\.json is not the file"):
                check(tmp_path / "model")

    def test_wrong_digest_trains_nothing(
        self, tiny: EncoderSettings, second: EncoderSettings, tmp_path: Path
    ) -> None:
        other = second.model_copy(update={"sha256": "0" * 64})
        with pytest.raises(IntegrityError, match="nothing was loaded"):
            train_probe(job_of(two_classes(), tmp_path, encoder=tiny, second_encoder=other))

    def test_what_either_cuts_is_told(
        self, tiny: EncoderSettings, second: EncoderSettings, tmp_path: Path
    ) -> None:
        short = second.model_copy(update={"max_windows": 1})
        model = train_probe(job_of(two_classes(), tmp_path, encoder=tiny, second_encoder=short))
        text = "word " * 20
        (unread,) = model.unread(Batch.of_texts([text]))
        assert unread == [(second.max_length, len(text))]

    def test_vectors_of_both_are_remembered(
        self, tiny: EncoderSettings, second: EncoderSettings, tmp_path: Path
    ) -> None:
        job = job_of(two_classes(), tmp_path, encoder=tiny, second_encoder=second)
        plain = train_probe(job).predict_proba(Batch.of_texts(PROBES))
        with remembered_embeddings():
            for _ in range(2):
                again = train_probe(job).predict_proba(Batch.of_texts(PROBES))
        np.testing.assert_allclose(again, plain, atol=1e-6)
