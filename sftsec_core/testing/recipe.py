"""What every recipe keeps, as a test class.

A recipe's test, whole::

    class TestNaiveBayes(RecipeContract):
        def spec(self) -> RecipeSpec:
            return NAIVE_BAYES
"""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import unhexlify
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from sftsec_core.api.contracts import TrainJob
from sftsec_core.api.domain import Batch
from sftsec_core.api.settings.task import TrainSettings
from sftsec_core.testing.incidents import make_example, make_examples, make_task

if TYPE_CHECKING:
    from sftsec_core.api.contracts import RecipeSpec, TrainedModel
    from sftsec_core.api.domain import Example

# How pickles of protocol 2 to 5 begin, and the archives that torch and joblib wrap them in.
_PICKLES = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05", b"PK\x03\x04", b"\x1f\x8b")
_PICKLE_SUFFIXES = {".pkl", ".pickle", ".joblib", ".pt", ".pth", ".bin", ".ckpt", ".npy", ".npz"}
_WORD = re.compile(rb"[0-9A-Za-z+/]{16,}={0,2}")
LABELS = ("benign", "malicious")
_SAME = 1e-6  # the same texts in the same batch: only the last bits may differ
# FittedModel models by recipe and job: a slow recipe is fitted four times for the whole contract.
_FITTED: dict[tuple[object, ...], TrainedModel] = {}


class RecipeContract:
    """Inherit it, and give `spec`; `settings` to make a slow recipe small.

    Attributes:
        train_size: examples to fit on.
        tolerance: how far a text's probability may move with the texts beside it (padding and
            batching move a float).
        exact: whether a second fit writes the same files, byte for byte; False for a recipe that
            is fitted on a device that adds in another order each time.
    """

    train_size: ClassVar[int] = 60
    tolerance: float = 1e-4
    exact: bool = True

    # --- what the author gives

    def spec(self) -> RecipeSpec[Any]:
        """Give the recipe's spec."""
        raise NotImplementedError(f"{type(self).__name__}.spec()")

    def settings(self) -> Mapping[str, Any]:
        """Give the recipe's own settings, as they stand beside its name."""
        return {}

    # --- the contract

    def test_it_learns_what_a_word_gives_away(self, tmp_path: Path) -> None:
        """Nine in ten of unseen examples that their words decide."""
        unseen = make_examples(40, seed=9)
        predicted = self._proba(self._fit(tmp_path), unseen).argmax(axis=1)
        truth = [LABELS.index(example.label) for example in unseen]
        assert np.mean(predicted == truth) >= 0.9

    def test_rows_are_probabilities_in_the_order_of_the_labels(self, tmp_path: Path) -> None:
        """Shape (n, k), rows that sum to 1, columns as the task says."""
        model = self._fit(tmp_path)
        proba = self._proba(model, make_examples(5, seed=9))
        assert tuple(model.labels) == LABELS
        assert proba.shape == (5, 2)
        assert proba.min() >= 0
        np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-6)

    def test_no_texts_give_no_rows(self, tmp_path: Path) -> None:
        """A page may have nothing to score."""
        assert self._fit(tmp_path).predict_proba(Batch.of_texts([])).shape == (0, 2)

    def test_a_text_scores_the_same_alone_and_among_others(self, tmp_path: Path) -> None:
        """Neither its neighbours nor its place in the batch change a probability."""
        model = self._fit(tmp_path)
        texts = ["verify your account", "", "lunch on thursday " * 60, "Grüße \u202e \x00"]
        batch, turned = Batch.of_texts(texts), Batch.of_texts(texts[::-1])
        alone = np.concatenate([model.predict_proba(batch.take([i])) for i in range(len(texts))])
        np.testing.assert_allclose(model.predict_proba(batch), alone, atol=self.tolerance)
        np.testing.assert_allclose(model.predict_proba(turned)[::-1], alone, atol=self.tolerance)

    def test_a_saved_model_loads_to_the_same_probabilities(self, tmp_path: Path) -> None:
        """What is promoted is what was evaluated."""
        model = self._fit(tmp_path)
        loaded = self.spec().load(self._save(model, tmp_path))
        unseen = make_examples(10, seed=9)
        assert tuple(loaded.labels) == tuple(model.labels)
        np.testing.assert_allclose(
            self._proba(loaded, unseen), self._proba(model, unseen), atol=_SAME
        )

    def test_a_saved_model_is_safetensors_and_json(self, tmp_path: Path) -> None:
        """Nothing that it wrote needs unpickling: a model file must not run code."""
        folder = self._save(self._fit(tmp_path), tmp_path)
        files = [path for path in folder.rglob("*") if path.is_file()]
        assert files
        for path in files:
            assert path.suffix not in _PICKLE_SUFFIXES, path.name
            content = path.read_bytes()
            assert not content.startswith(_PICKLES), f"{path.name} looks like a pickle"
            assert not _hides_a_pickle(content), f"{path.name} holds a pickle as text"

    def test_dev_examples_are_not_trained_on(self, tmp_path: Path) -> None:
        """Dev is to choose on: trained on, it makes every choice look right."""
        marked = [make_example(f"dev-{n}", f"zyqqa zyqqo {n}", "malicious") for n in range(40)]
        model = self._train_again(tmp_path, dev=[*make_examples(20, seed=5), *marked])
        texts = ("zyqqa zyqqo", "wukki wukku")  # the one was in dev, the other nowhere
        seen, unseen = self._proba(model, [make_example(t, t, "benign") for t in texts])
        assert seen[1] - unseen[1] < 0.25, "what stands only in dev changes the model"

    def test_weights_of_examples_count(self, tmp_path: Path) -> None:
        """A label that an automation gave, or that analysts disagree on, has less weight."""
        proba = {}
        for trusted, doubted in (LABELS, LABELS[::-1]):
            train = make_examples(self.train_size)
            for number in range(15):
                text = f"zyqqa zyqqo {number}"
                train.append(make_example(f"trusted-{number}", text, trusted))
                train.append(make_example(f"doubted-{number}", text, doubted, weight=0.05))
            model = self._train_again(tmp_path / trusted, train=train)
            proba[trusted] = self._proba(model, [make_example("x", "zyqqa zyqqo", "benign")])[0, 1]
        assert proba["malicious"] > proba["benign"] + 0.1, "the weights change nothing"

    def test_the_same_job_makes_the_same_model(self, tmp_path: Path) -> None:
        """The seed is in the settings; there is no other source of chance."""
        unseen = make_examples(10, seed=9)
        first, second = self._fit(tmp_path / "a"), self._train_again(tmp_path / "b")
        np.testing.assert_allclose(
            self._proba(first, unseen), self._proba(second, unseen), atol=_SAME
        )

    def test_the_same_job_writes_the_same_files(self, tmp_path: Path) -> None:
        """A model's digest is over its files: they hold no time, no path and no run."""
        second = self._train_again(tmp_path / "b") if self.exact else self._fit(tmp_path / "b")
        for model, name in ((self._fit(tmp_path / "a"), "first"), (second, "second")):
            (tmp_path / name).mkdir()
            model.save(tmp_path / name)
        first, again = (_contents(tmp_path / name) for name in ("first", "second"))
        assert first.keys() == again.keys()
        assert [name for name in first if first[name] != again[name]] == []

    def test_a_class_without_examples_keeps_its_column(self, tmp_path: Path) -> None:
        """Two of three labels occur: the third is improbable, not missing."""
        labels = ("benign", "malicious", "unseen")
        model = self._fit(tmp_path, labels=labels)
        proba = self._proba(model, make_examples(6, seed=9))
        assert tuple(model.labels) == labels
        assert proba.shape == (6, 3)
        assert proba[:, 2].max() < 0.5

    def test_no_dev_examples_are_no_error(self, tmp_path: Path) -> None:
        """A small task may have none to spare."""
        assert tuple(self._fit(tmp_path, dev=()).labels) == LABELS

    # --- helpers

    def _fit(
        self,
        folder: Path,
        *,
        labels: tuple[str, ...] = LABELS,
        dev: Sequence[Example] | None = None,
    ) -> TrainedModel:
        key = (type(self), self.spec().name, labels, dev is None)
        if key not in _FITTED:
            _FITTED[key] = self._train_again(folder, labels=labels, dev=dev)
        return _FITTED[key]

    def _train_again(
        self,
        folder: Path,
        *,
        labels: tuple[str, ...] = LABELS,
        dev: Sequence[Example] | None = None,
        train: Sequence[Example] | None = None,
    ) -> TrainedModel:
        workdir = folder / "work"
        workdir.mkdir(parents=True)
        job = TrainJob(
            task=make_task(labels),
            train=make_examples(self.train_size) if train is None else train,
            dev=make_examples(20, seed=5) if dev is None else dev,
            config=self.spec().configure(self.settings()),
            settings=TrainSettings(),
            workdir=workdir,
        )
        return self.spec().fit(job)

    def _save(self, model: TrainedModel, folder: Path) -> Path:
        saved = folder / "saved"
        saved.mkdir()
        model.save(saved)
        return saved

    def _proba(self, model: TrainedModel, examples: Sequence[Example]) -> np.ndarray:
        return np.asarray(model.predict_proba(Batch.of_examples(make_task().inputs, examples)))


def _hides_a_pickle(content: bytes) -> bool:
    """Whether a word of a text is a pickle, or an archive, in base64 or hexadecimal digits."""
    for word in _WORD.findall(content):
        for decode in (b64decode, unhexlify):
            with suppress(ValueError):
                raw = decode(word)
                if raw.startswith(_PICKLES) and (raw.endswith(b".") or not raw.startswith(b"\x80")):
                    return True
    return False


def _contents(folder: Path) -> dict[str, bytes]:
    """The files of a folder by their relative names."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
