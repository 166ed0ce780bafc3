"""What sftsec.yaml may say of tasks, `serve` and GPUs."""

from __future__ import annotations

from pathlib import Path

import pytest

from sftsec_core.api.errors import ConfigError
from sftsec_core.config.load import load_settings
from sftsec_core.config.settings import Settings

SECRET = "winter-is-coming-4711"


HEAD = "version: 1\nserve:\n"


def write(folder: Path, serve: str) -> Path:
    file = folder / "sftsec.yaml"
    file.write_text(HEAD + "".join(f"  {line}\n" for line in serve.splitlines()), "utf-8")
    return file


def complaint(folder: Path, serve: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load_settings(write(folder, serve))
    return str(caught.value)


class TestTasks:
    @pytest.mark.parametrize(
        "name", ["../up", "..", "a/b", "a@live", "--json", "a\x1b[31m", "x" * 65, "a ", ""]
    )
    def test_have_names_that_folders_may_have(self, name: str) -> None:
        task = {"connector": "c", "text": ["m"], "labels": {"a": ["a"], "b": ["b"]}, "benign": "a"}
        one = {"connectors": {"c": {"type": "files"}}}
        with pytest.raises(ValueError, match="is no name of a task"):
            Settings.model_validate(one | {"tasks": {name: task}})
        assert list(Settings.model_validate(one | {"tasks": {"Fälle 2": task}}).tasks) == [
            "Fälle 2"
        ]


class TestServe:
    def test_listens_on_loopback_by_default(self, tmp_path: Path) -> None:
        serve = load_settings(write(tmp_path, "tokens: {splunk: 'env:A'}")).serve
        assert (serve.host, serve.port, serve.max_batch, serve.max_body_bytes) == (
            "127.0.0.1", 8765, 1000, 8 * 2**20,
        )  # fmt: skip
        assert not serve.behind_proxy

    def test_batches_wait_for_milliseconds(self, tmp_path: Path) -> None:
        serve = load_settings(write(tmp_path, "batch_wait: 20ms")).serve
        assert serve.batch_wait.total_seconds() == 0.02
        assert serve.model_dump()["batch_wait"] == "20ms"
        assert "batch_wait" in complaint(tmp_path, "batch_wait: 2s")

    def test_paths_are_relative_to_the_configuration(self, tmp_path: Path) -> None:
        serve = load_settings(write(tmp_path, "certificate: server.pem\nkey: server.key")).serve
        assert (serve.certificate, serve.key) == (tmp_path / "server.pem", tmp_path / "server.key")

    @pytest.mark.parametrize(
        "tokens",
        [
            SECRET,
            f"[{SECRET}]",
            f"{{splunk: {SECRET}}}",
            "{splunk: 47110815471108154711}",
            f"{{'{SECRET} as a name': 'env:A'}}",
        ],
    )
    def test_refuses_a_token_without_repeating_it(self, tmp_path: Path, tokens: str) -> None:
        told = complaint(tmp_path, f"tokens: {tokens}")
        assert "serve.tokens" in told
        assert SECRET not in told
        assert "4711" not in told

    @pytest.mark.parametrize(
        ("serve", "told"),
        [
            ("tasks: [mial]", "serve.tasks: unknown task 'mial'"),
            ("certificate: server.pem", "certificate and key go together"),
            ("port: 70000", "serve.port"),
            ("hots: x", "did you mean 'host'?"),
            ("max_batch: 0", "serve.max_batch"),
        ],
    )
    def test_nonsense_is_refused(self, tmp_path: Path, serve: str, told: str) -> None:
        assert told in complaint(tmp_path, serve)


class TestGpu:
    def test_yaml_numbers_are_device_names(self, tmp_path: Path) -> None:
        file = tmp_path / "sftsec.yaml"
        file.write_text("gpu: {allow: [0, 0:1, 1:0, GPU-8f2c, MIG-11/2/0], min_free: 8GiB}\n")
        gpu = load_settings(file).gpu
        assert gpu.allow == ("0", "0:1", "1:0", "GPU-8f2c", "MIG-11/2/0")
        assert gpu.min_free == 8 * 2**30

    @pytest.mark.parametrize("name", ["one", "true", "-1", "1.5", "8f2c"])
    def test_no_other_name_is_taken(self, tmp_path: Path, name: str) -> None:
        file = tmp_path / "sftsec.yaml"
        file.write_text(f"gpu: {{allow: [{name}]}}\n")
        with pytest.raises(ConfigError, match=r"write an index \(0; 0:1 for a MIG slice\)"):
            load_settings(file)
