from __future__ import annotations

import json
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sftsec_core.api.domain import Batch
from sftsec_core.api.errors import IntegrityError
from sftsec_core.models.model_format import load_model, save_model
from sftsec_core.recipes.linear import LinearModel, train_linear
from sftsec_core.recipes.specs import RECIPES
from tests.core.recipes.jobs import job_of, two_classes

KNOWN = {recipe.name: recipe for recipe in RECIPES}


class Bomb:
    """What an attacker would hide in a model file."""

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return _fail_the_test, ("a pickle was loaded",)


def _fail_the_test(reason: str) -> None:
    raise AssertionError(reason)


@pytest.fixture
def model(tmp_path: Path) -> LinearModel:
    return train_linear(job_of(two_classes(), tmp_path))


@pytest.fixture
def folder(model: LinearModel, tmp_path: Path) -> Path:
    save_model(model, "linear", tmp_path / "model")
    return tmp_path / "model"


class TestRoundTrip:
    def test_gives_the_same_answers(self, model: LinearModel, folder: Path) -> None:
        loaded = load_model(folder, KNOWN)
        texts = ["curl evil host", "git commit", ""]
        assert loaded.labels == model.labels
        np.testing.assert_array_equal(
            loaded.predict_proba(Batch.of_texts(texts)), model.predict_proba(Batch.of_texts(texts))
        )

    def test_folder_says_what_it_holds(self, folder: Path) -> None:
        header = json.loads((folder / "model.json").read_text())
        assert header == {"format": 1, "recipe": "linear", "labels": ["benign", "malicious"]}
        assert {path.suffix for path in folder.iterdir()} == {".json", ".safetensors"}

    def test_equal_models_are_equal_files(
        self, model: LinearModel, folder: Path, tmp_path: Path
    ) -> None:
        save_model(model, "linear", tmp_path / "again")
        for path in folder.iterdir():
            assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes()


class TestLoadModel:
    @pytest.mark.parametrize("name", ["extra.pkl", "weights.bin", "weights.pt", "run.py", "noext"])
    def test_refuses_a_strange_kind_of_file(self, folder: Path, name: str) -> None:
        (folder / name).write_bytes(pickle.dumps(Bomb()))
        with pytest.raises(IntegrityError, match=name):
            load_model(folder, KNOWN)

    @pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
    @pytest.mark.parametrize("name", ["model.json", "linear.safetensors", "note.json"])
    def test_refuses_a_pickle_by_any_name(self, folder: Path, name: str, protocol: int) -> None:
        (folder / name).write_bytes(pickle.dumps(Bomb(), protocol=protocol))
        with pytest.raises(IntegrityError, match=name.replace(".", r"\.")):
            load_model(folder, KNOWN)

    def test_refuses_a_zip_of_torch(self, folder: Path) -> None:
        with zipfile.ZipFile(folder / "linear.safetensors", "w") as archive:
            archive.writestr("data.pkl", pickle.dumps(Bomb()))
        with pytest.raises(IntegrityError, match=r"linear\.safetensors is not what"):
            load_model(folder, KNOWN)

    def test_refuses_a_pickle_in_a_subfolder(self, folder: Path) -> None:
        (folder / "deep" / "er").mkdir(parents=True)
        (folder / "deep" / "er" / "x.pkl").write_bytes(pickle.dumps(Bomb()))
        with pytest.raises(IntegrityError, match=r"deep/er/x\.pkl"):
            load_model(folder, KNOWN)

    def test_refuses_a_link_out_of_it(self, folder: Path, tmp_path: Path) -> None:
        (tmp_path / "elsewhere.json").write_text("{}")
        (folder / "link.json").symlink_to(tmp_path / "elsewhere.json")
        with pytest.raises(IntegrityError, match=r"link\.json is not a plain file"):
            load_model(folder, KNOWN)

    def test_refuses_cut_off_weights(self, folder: Path) -> None:
        weights = folder / "linear.safetensors"
        weights.write_bytes(weights.read_bytes()[:-100])
        with pytest.raises(IntegrityError, match="safetensors"):
            load_model(folder, KNOWN)

    @pytest.mark.parametrize(
        ("key", "value", "said"),
        [
            ("format", 2, "reads format 1"),
            ("recipe", "liner", "did you mean 'linear'"),
            ("recipe", None, "unknown recipe"),
            ("labels", ["malicious", "benign"], "labels"),
        ],
    )
    def test_refuses_a_changed_header(
        self, folder: Path, key: str, value: object, said: str
    ) -> None:
        header = json.loads((folder / "model.json").read_text())
        (folder / "model.json").write_text(json.dumps({**header, key: value}))
        with pytest.raises(IntegrityError, match=said):
            load_model(folder, KNOWN)

    def test_refuses_incomplete_settings(self, folder: Path) -> None:
        (folder / "linear.json").write_text("{}")
        with pytest.raises(IntegrityError, match="not a linear model"):
            load_model(folder, KNOWN)

    def test_names_a_missing_folder(self, tmp_path: Path) -> None:
        with pytest.raises(IntegrityError, match="no such folder"):
            load_model(tmp_path / "nowhere", KNOWN)


class TestSaveModel:
    def test_never_writes_over_another(self, model: LinearModel, folder: Path) -> None:
        with pytest.raises(IntegrityError, match="not empty"):
            save_model(model, "linear", folder)

    def test_leaves_nothing_after_a_failure(self, tmp_path: Path) -> None:
        class Broken:
            labels = ("a", "b")

            def predict_proba(self, batch: Batch) -> object:
                raise NotImplementedError

            def save(self, folder: Path) -> None:
                (folder / "half.safetensors").write_bytes(b"")
                raise OSError("disk full")

        with pytest.raises(OSError, match="disk full"):
            save_model(Broken(), "broken", tmp_path / "out" / "model")  # type: ignore[arg-type]
        assert list((tmp_path / "out").iterdir()) == []

    def test_refuses_a_model_writing_a_pickle(self, tmp_path: Path) -> None:
        class Careless:
            labels = ("a", "b")

            def save(self, folder: Path) -> None:
                (folder / "model.pkl").write_bytes(pickle.dumps({}))

        with pytest.raises(IntegrityError, match=r"model\.pkl"):
            save_model(Careless(), "careless", tmp_path / "model")  # type: ignore[arg-type]
        assert not (tmp_path / "model").exists()
