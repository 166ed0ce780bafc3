"""What a wrong configuration is answered with."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import Field

from sftsec_core.api.errors import ConfigError
from sftsec_core.api.settings.values import Strict
from sftsec_core.config.load import find_config, load_settings, validate

GOOD = """\
version: 1
connectors:
  mail: {type: files, paths: [a.jsonl]}
tasks:
  phishing:
    connector: mail
    text: [message]
    labels: {benign: [ham], malicious: [spam]}
    benign: benign
"""


class NamedItem(Strict):
    kind: Literal["a"] = "a"
    name: str = ""


class SizedItem(Strict):
    kind: Literal["b"] = "b"
    size: int = 0


class HasItems(Strict):
    items: tuple[Annotated[NamedItem | SizedItem, Field(discriminator="kind")], ...] = Field(
        min_length=1
    )


def write(folder: Path, text: str) -> Path:
    file = folder / "sftsec.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def complaint(folder: Path, text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load_settings(write(folder, text))
    return str(caught.value)


class TestLoadSettings:
    def test_reads_a_file_with_its_defaults(self, tmp_path: Path) -> None:
        task = load_settings(write(tmp_path, GOOD)).tasks["phishing"]
        assert task.train.budget == timedelta(minutes=10)
        assert task.gate.min_labels == 100
        assert list(task.steps) == ["normalise", "redact"]

    def test_names_every_mistake_at_once(self, tmp_path: Path) -> None:
        told = complaint(tmp_path, GOOD + "    gate: {tolerance: -1}\n    split: {dev: 3}\n")
        assert "tasks.phishing.gate.tolerance" in told
        assert "tasks.phishing.split.dev" in told

    @pytest.mark.parametrize(
        ("change", "expected"),
        [
            (("connector: mail", "connector: mial"), "names connector 'mial'"),
            (("benign: benign", "benign: harmless"), "benign 'harmless' is not one of"),
            (("[spam]", "[HAM]"), "stands for both"),
            (("[message]", "[]"), "name at least one field in text, numbers, categories or images"),
            (("version: 1", "version: 2"), "version"),
        ],
    )
    def test_refuses_a_wrong_value(
        self, tmp_path: Path, change: tuple[str, str], expected: str
    ) -> None:
        assert expected in complaint(tmp_path, GOOD.replace(*change))


class TestUnknownKey:
    def test_names_line_path_and_suggestion(self, tmp_path: Path) -> None:
        told = complaint(tmp_path, GOOD + "    trian: {recipe: auto}\n")
        assert str(tmp_path / "sftsec.yaml") in told
        assert "line 10, tasks.phishing.trian: unknown key 'trian', did you mean 'train'?" in told

    def test_names_the_keys_allowed_there(self, tmp_path: Path) -> None:
        told = complaint(tmp_path, GOOD + "    gate: {min_lables: 3}\n")
        assert "tasks.phishing.gate.min_lables" in told
        assert "did you mean 'min_labels'?" in told
        assert "beat_baseline" in told


class TestListItem:
    """A list whose items are of several kinds, such as the sources of a search engine."""

    @pytest.mark.parametrize(
        ("item", "said"),
        [
            (
                {"kind": "a", "naem": "x"},
                "items.0.a.naem: unknown key 'naem', did you mean 'name'?",
            ),
            ({"kind": "b", "naem": "x"}, "items.0.b.naem: unknown key 'naem' (known: kind, size)"),
            ({"kind": "c"}, "items.0: Input tag 'c' found using 'kind' does not match any"),
        ],
    )
    def test_names_the_keys_of_its_kind(self, item: dict[str, str], said: str) -> None:
        with pytest.raises(ConfigError) as caught:
            validate(HasItems, {"items": [item]})
        assert said in str(caught.value)
        assert "at least 1 item" not in str(caught.value)

    def test_must_be_there(self) -> None:
        with pytest.raises(ConfigError, match="items: Tuple should have at least 1 item"):
            validate(HasItems, {"items": []})


class TestYaml:
    def test_duplicate_key_is_refused_by_line(self, tmp_path: Path) -> None:
        told = complaint(tmp_path, GOOD + "    text: [other]\n")
        assert "line 10: the key 'text' stands twice" in told

    def test_broken_file_is_one_line(self, tmp_path: Path) -> None:
        told = complaint(tmp_path, "version: [1\n")
        assert "sftsec.yaml" in told
        assert "\n" not in told

    def test_list_as_the_file_is_refused(self, tmp_path: Path) -> None:
        assert "the whole file" in complaint(tmp_path, "- a\n")

    def test_makes_no_python_object(self, tmp_path: Path) -> None:
        told = complaint(tmp_path, "version: !!python/object/apply:os.system ['true']\n")
        assert "could not determine a constructor" in told


class TestFindConfig:
    def test_finds_the_nearest_file_above(self, tmp_path: Path) -> None:
        file = write(tmp_path, GOOD)
        (tmp_path / "a" / "b").mkdir(parents=True)
        assert find_config(tmp_path / "a" / "b") == file

    def test_no_file_says_how_to_get_one(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match="sftsec init"):
            find_config(tmp_path)
