"""Folders of many kinds of models: what is read of them, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.torch import load_file, save_file

from sftsec_core.api.domain import Batch, Example
from sftsec_core.api.errors import ConfigError, IntegrityError, SftsecError
from sftsec_core.recipes.config import EncoderSettings
from sftsec_core.recipes.encoder.architecture import (
    check_architecture,
    check_reading,
    filling_id,
    positions_of,
    reads_causally,
)
from sftsec_core.recipes.encoder.classifier import EncoderModel
from sftsec_core.recipes.encoder.encoder import load_encoder, load_tokenizer
from sftsec_core.recipes.encoder.full import train_full
from sftsec_core.recipes.encoder.lora import train_lora
from sftsec_core.recipes.hybrid import train_probe
from sftsec_core.recipes.reading import Reading
from tests.core.recipes.jobs import job_of, texts_of, two_classes
from tests.core.recipes.tiny_encoder import (
    BAD,
    LABELS,
    PROBES,
    make_examples,
    make_job,
    settings_of,
)
from tests.core.recipes.tiny_models import DECODERS, KINDS, POSITIONS, make_model

LONG = " ".join(f"{word} {i}" for i, word in enumerate(BAD * 6))


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, EncoderSettings]:
    root = tmp_path_factory.mktemp("models")
    return {kind: make_model(root / kind, kind) for kind in KINDS}


def change(settings: EncoderSettings, target: Path, **values: Any) -> EncoderSettings:
    """A copy of a folder whose configuration says something else; None takes a key away."""
    target.mkdir()
    for path in Path(settings.path).iterdir():
        (target / path.name).write_bytes(path.read_bytes())
    config = {**json.loads((target / "config.json").read_text(encoding="utf-8")), **values}
    config = {key: value for key, value in config.items() if value is not None}
    (target / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return settings_of(target)


def scores(model: EncoderModel, *texts: str) -> Any:
    return model.predict_proba(Batch.of_texts(texts))


@pytest.mark.parametrize("kind", KINDS)
class TestEveryKind:
    def test_is_told_causal_by_trying(self, kind: str, folders: dict[str, EncoderSettings]) -> None:
        assert reads_causally(load_encoder(Path(folders[kind].path))) == (kind in DECODERS)

    @pytest.mark.parametrize("train", [train_full, train_lora])
    def test_scores_a_text_alike_in_company(
        self, kind: str, train: Any, folders: dict[str, EncoderSettings], tmp_path: Path
    ) -> None:
        """And a saved one answers as it did: of short, empty and windowed texts."""
        model = train(make_job(folders[kind], tmp_path / "work", epochs=1))
        texts = (*PROBES, LONG)
        together = scores(model, *texts)
        alone = np.concatenate([scores(model, text) for text in texts])
        np.testing.assert_allclose(together, alone, atol=1e-6)
        assert np.ptp(together[:, 0]) > 1e-4  # texts are told apart at all
        (tmp_path / "model").mkdir()
        model.save(tmp_path / "model")
        np.testing.assert_array_equal(
            scores(EncoderModel.load(tmp_path / "model"), *texts), together
        )


class TestDecoders:
    @pytest.mark.parametrize("kind", ["llama", "gpt2"])
    def test_learn_what_the_end_tells(
        self, kind: str, folders: dict[str, EncoderSettings], tmp_path: Path
    ) -> None:
        model = train_full(make_job(folders[kind], tmp_path, epochs=20))
        rows = make_examples(60)
        found = scores(model, *texts_of(rows)).argmax(1)
        assert np.mean([LABELS[i] for i in found] == np.array([row.label for row in rows])) >= 0.9

    def test_classifier_is_read_as_its_body(
        self, folders: dict[str, EncoderSettings], tmp_path: Path
    ) -> None:
        plain, topped = (
            train_full(make_job(folders[kind], tmp_path / kind, epochs=1))
            for kind in ("llama", "llama-classifier")
        )
        np.testing.assert_array_equal(scores(plain, *PROBES), scores(topped, *PROBES))

    @pytest.mark.parametrize("train", [train_full, train_lora])
    def test_resumed_run_gives_the_same_model(
        self,
        train: Any,
        folders: dict[str, EncoderSettings],
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr("sftsec_core.recipes.encoder.loop.CHECKPOINT_EVERY_S", 0.0)
        long = [Example.of_text(f"l{i}", f"{LONG} {i}", "malicious") for i in range(3)]
        rows = [*make_examples(40), *long]

        def stop_at_9(step: int, _values: object) -> None:
            if step == 9:
                raise KeyboardInterrupt

        whole = train(make_job(folders["llama"], tmp_path / "a", train=rows))
        with pytest.raises(KeyboardInterrupt):
            train(make_job(folders["llama"], tmp_path / "b", train=rows, log=stop_at_9))
        resumed = train(make_job(folders["llama"], tmp_path / "b", train=rows))
        np.testing.assert_array_equal(scores(whole, *PROBES), scores(resumed, *PROBES))

    @pytest.mark.parametrize("kind", ["llama", "gpt2"])
    def test_adapters_are_in_every_layer(
        self, kind: str, folders: dict[str, EncoderSettings], tmp_path: Path
    ) -> None:
        from sftsec_core.recipes.encoder.lora import LORA

        encoder = load_encoder(Path(folders[kind].path))
        layers = {
            name
            for name, module in encoder.named_modules()
            if type(module).__name__ in {"Linear", "Conv1D"}
        }
        wrapped = LORA.wrap(encoder, make_job(folders[kind], tmp_path))
        adapted = {
            name.partition(".lora_A")[0].removeprefix("model.")
            for name, _ in wrapped.named_parameters()
            if "lora_A" in name
        }
        assert adapted == layers
        assert len(layers) >= 8

    def test_frozen_one_serves_a_probe(
        self, folders: dict[str, EncoderSettings], tmp_path: Path
    ) -> None:
        job = job_of(two_classes(), tmp_path, encoder=folders["gpt2"])
        assert train_probe(job).predict_proba(Batch.of_texts(["", LONG])).shape == (2, 2)


class TestRefusals:
    @pytest.mark.parametrize(
        ("values", "told"),
        [
            (
                {"model_type": "t5"},
                r"config\.json is of an encoder-decoder \(t5\): give an encoder",
            ),
            ({"model_type": "vit"}, r"a model that reads no text \(vit\)"),
            ({"model_type": "wav2vec99"}, "names no model that is known: give an encoder"),
            ({"model_type": None, "architectures": None}, "names no model that is known"),
            ({"quantization_config": {"quant_method": "gptq", "bits": 4}}, "quantized weights"),
        ],
    )
    def test_name_the_file_and_what_is_allowed(
        self, values: dict[str, Any], told: str, folders: dict[str, EncoderSettings], tmp_path: Path
    ) -> None:
        settings = change(folders["llama"], tmp_path / "changed", **values)
        with pytest.raises(IntegrityError, match=told):
            train_full(make_job(settings, tmp_path / "work"))

    def test_code_of_the_folder_is_never_run(
        self, folders: dict[str, EncoderSettings], tmp_path: Path
    ) -> None:
        own = {"auto_map": {"AutoModel": "mine.Model"}}
        settings = change(folders["llama"], tmp_path / "changed", **own)
        (tmp_path / "changed" / "mine.py").write_text("raise SystemExit('it ran')", "utf-8")
        settings = settings_of(tmp_path / "changed")
        with pytest.raises(IntegrityError, match="'auto_map'"):
            train_full(make_job(settings, tmp_path / "work"))

    def test_missing_weights_are_not_made_up(
        self, folders: dict[str, EncoderSettings], tmp_path: Path
    ) -> None:
        settings = change(folders["llama"], tmp_path / "changed", num_hidden_layers=3)
        with pytest.raises(IntegrityError, match=r"model\.safetensors lacks layers\.2"):
            train_full(make_job(settings, tmp_path / "work"))

    def test_weights_of_another_shape(
        self, folders: dict[str, EncoderSettings], tmp_path: Path
    ) -> None:
        settings = change(folders["llama"], tmp_path / "changed", intermediate_size=80)
        with pytest.raises(IntegrityError, match=r"does not fit its config\.json"):
            train_full(make_job(settings, tmp_path / "work"))

    def test_sharded_weights_say_how_to_join(self, tmp_path: Path) -> None:
        settings = make_model(tmp_path / "model", "llama")
        weights = tmp_path / "model" / "model.safetensors"
        weights.rename(weights.with_name("model-00001-of-00001.safetensors"))
        weights.with_name("model.safetensors.index.json").write_text("{}", encoding="utf-8")
        with pytest.raises(IntegrityError, match=r"in several files.*max_shard_size"):
            train_full(make_job(settings, tmp_path / "work"))

    def test_folder_without_a_tokenizer(self, tmp_path: Path) -> None:
        make_model(tmp_path / "model", "llama")
        for path in (tmp_path / "model").glob("tokenizer*"):
            path.unlink()
        with pytest.raises(SftsecError, match=r"no tokenizer that can be read.*tokenizer\.json"):
            train_full(make_job(settings_of(tmp_path / "model"), tmp_path / "work"))

    def test_tokens_without_vectors(self, tmp_path: Path) -> None:
        settings = make_model(tmp_path / "model", "llama", vocab_size=200)
        with pytest.raises(IntegrityError, match=r"tokens up to 257.*vocab_size 200"):
            train_full(make_job(settings, tmp_path / "work"))

    @pytest.mark.parametrize(
        ("values", "told"),
        [
            ({"hidden_size": "32"}, r"config\.json names no model|config\.json is damaged"),
            ({"dtype": "float99"}, r"config\.json is damaged \(AttributeError"),
            ({"num_hidden_layers": 0}, "a model without layers"),
            ({"num_attention_heads": 0}, r"does not fit its config\.json \(ZeroDivisionError"),
            ({"hidden_act": "nope"}, r"does not fit its config\.json \(KeyError"),
        ],
    )
    def test_damaged_configuration_is_told(
        self, values: dict[str, Any], told: str, folders: dict[str, EncoderSettings], tmp_path: Path
    ) -> None:
        settings = change(folders["bert-classifier"], tmp_path / "changed", **values)
        with pytest.raises(IntegrityError, match=told) as raised:
            load_encoder(Path(settings.path))
        assert "\n" not in str(raised.value)

    @pytest.mark.parametrize(
        ("damage", "told"),
        [
            (lambda raw: raw[:-100], r"model\.safetensors is damaged"),
            (lambda _: b"", r"model\.safetensors is damaged"),
            (lambda raw: raw[:-100] + b"\xff" * 100, "not finite"),
            (lambda raw: raw.replace(b'"F32"', b'"I32"'), "in I32: give weights in F32, F16"),
        ],
    )
    def test_damaged_weights_are_told(
        self,
        damage: Callable[[bytes], bytes],
        told: str,
        folders: dict[str, EncoderSettings],
        tmp_path: Path,
    ) -> None:
        change(folders["llama"], tmp_path / "changed")
        weights = tmp_path / "changed" / "model.safetensors"
        weights.write_bytes(damage(weights.read_bytes()))
        with pytest.raises(IntegrityError, match=told):
            load_encoder(tmp_path / "changed")

    def test_half_weights_are_read(
        self, folders: dict[str, EncoderSettings], tmp_path: Path
    ) -> None:
        import torch

        change(folders["llama"], tmp_path / "changed", dtype="float16")
        file = tmp_path / "changed" / "model.safetensors"
        whole = load_file(file)
        save_file({name: each.half() for name, each in whole.items()}, file, {"format": "pt"})
        found = load_encoder(tmp_path / "changed").state_dict()
        assert {each.dtype for each in found.values()} == {torch.float32}
        norm = found["norm.weight"]
        assert torch.equal(norm, whole["model.norm.weight"].half().float())

    def test_vocabulary_of_special_tokens_alone(self, tmp_path: Path) -> None:
        from transformers import BertTokenizer

        BertTokenizer().save_pretrained(tmp_path)
        with pytest.raises(IntegrityError, match="holds no vocabulary of a tokenizer"):
            load_tokenizer(tmp_path)

    @pytest.mark.parametrize("kind", ["gpt2", "roberta-classifier"])
    def test_windows_longer_than_it_reads(
        self, kind: str, folders: dict[str, EncoderSettings]
    ) -> None:
        encoder, tokenizer = (
            load(Path(folders[kind].path)) for load in (load_encoder, load_tokenizer)
        )
        assert positions_of(encoder) == POSITIONS
        check_reading(encoder, tokenizer, Reading(POSITIONS))
        with pytest.raises(ConfigError, match=f"is {POSITIONS + 1}, and the encoder reads"):
            check_reading(encoder, tokenizer, Reading(POSITIONS + 1))


class TestFillingId:
    def test_is_one_that_has_a_vector(self, folders: dict[str, EncoderSettings]) -> None:
        encoder = load_encoder(Path(folders["llama"].path))
        tokenizer = load_tokenizer(Path(folders["llama"].path))
        assert (tokenizer.pad_token_id, filling_id(tokenizer, encoder)) == (None, 0)
        tokenizer.add_special_tokens({"pad_token": "<added>"})
        assert (tokenizer.pad_token_id, filling_id(tokenizer, encoder)) == (258, 0)

    def test_is_the_paddings_own(self, folders: dict[str, EncoderSettings]) -> None:
        folder = Path(folders["bert-classifier"].path)
        assert filling_id(load_tokenizer(folder), load_encoder(folder)) == 1


def test_configuration_is_given_back(folders: dict[str, EncoderSettings]) -> None:
    assert check_architecture(Path(folders["qwen2"].path)).model_type == "qwen2"
