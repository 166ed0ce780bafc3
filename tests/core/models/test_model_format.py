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


def test_a_saved_model_comes_back_with_the_same_answers(model: LinearModel, folder: Path) -> None:
    loaded = load_model(folder, KNOWN)
    texts = ["curl evil host", "git commit", ""]
    assert loaded.labels == model.labels
    np.testing.assert_array_equal(
        loaded.predict_proba(Batch.of_texts(texts)), model.predict_proba(Batch.of_texts(texts))
    )


def test_a_folder_says_what_it_holds(folder: Path) -> None:
    header = json.loads((folder / "model.json").read_text())
    assert header == {"format": 1, "recipe": "linear", "labels": ["benign", "malicious"]}
    assert {path.suffix for path in folder.iterdir()} == {".json", ".safetensors"}


def test_equal_models_are_equal_files(model: LinearModel, folder: Path, tmp_path: Path) -> None:
    save_model(model, "linear", tmp_path / "again")
    for path in folder.iterdir():
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes()


@pytest.mark.parametrize("name", ["extra.pkl", "weights.bin", "weights.pt", "run.py", "noext"])
def test_a_file_of_a_strange_kind_is_refused(folder: Path, name: str) -> None:
    (folder / name).write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(IntegrityError, match=name):
        load_model(folder, KNOWN)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("name", ["model.json", "linear.safetensors", "note.json"])
def test_a_pickle_is_refused_whatever_it_is_called(folder: Path, name: str, protocol: int) -> None:
    (folder / name).write_bytes(pickle.dumps(Bomb(), protocol=protocol))
    with pytest.raises(IntegrityError, match=name.replace(".", r"\.")):
        load_model(folder, KNOWN)


def test_a_zip_as_torch_writes_it_is_refused(folder: Path) -> None:
    with zipfile.ZipFile(folder / "linear.safetensors", "w") as archive:
        archive.writestr("data.pkl", pickle.dumps(Bomb()))
    with pytest.raises(IntegrityError, match=r"linear\.safetensors is not what"):
        load_model(folder, KNOWN)


def test_a_pickle_in_a_subfolder_is_refused(folder: Path) -> None:
    (folder / "deep" / "er").mkdir(parents=True)
    (folder / "deep" / "er" / "x.pkl").write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(IntegrityError, match=r"deep/er/x\.pkl"):
        load_model(folder, KNOWN)


def test_a_link_out_of_the_folder_is_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere.json").write_text("{}")
    (folder / "link.json").symlink_to(tmp_path / "elsewhere.json")
    with pytest.raises(IntegrityError, match=r"link\.json is not a plain file"):
        load_model(folder, KNOWN)


def test_cut_off_weights_are_refused(folder: Path) -> None:
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
def test_a_changed_header_is_refused(folder: Path, key: str, value: object, said: str) -> None:
    header = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps({**header, key: value}))
    with pytest.raises(IntegrityError, match=said):
        load_model(folder, KNOWN)


def test_settings_that_lack_something_are_refused(folder: Path) -> None:
    (folder / "linear.json").write_text("{}")
    with pytest.raises(IntegrityError, match="not a linear model"):
        load_model(folder, KNOWN)


def test_a_missing_folder_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(IntegrityError, match="no such folder"):
        load_model(tmp_path / "nowhere", KNOWN)


def test_a_model_is_never_written_over_another(model: LinearModel, folder: Path) -> None:
    with pytest.raises(IntegrityError, match="not empty"):
        save_model(model, "linear", folder)


def test_a_failed_save_leaves_nothing_behind(tmp_path: Path) -> None:
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


def test_a_model_that_writes_a_pickle_is_not_saved(tmp_path: Path) -> None:
    class Careless:
        labels = ("a", "b")

        def save(self, folder: Path) -> None:
            (folder / "model.pkl").write_bytes(pickle.dumps({}))

    with pytest.raises(IntegrityError, match=r"model\.pkl"):
        save_model(Careless(), "careless", tmp_path / "model")  # type: ignore[arg-type]
    assert not (tmp_path / "model").exists()
