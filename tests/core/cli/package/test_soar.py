"""`sftsec package soar`: the way on from the project that it writes."""

from __future__ import annotations

from click.testing import CliRunner

from sftsec_core.cli import cli
from sftsec_core.packages.soar import build_soar_app


def test_help_and_readme_show_same_steps() -> None:
    """And the SDK in them is the one that the app is built on."""
    help_ = CliRunner().invoke(cli, ["package", "soar", "--help"]).output
    files = build_soar_app().files
    step = "uvx --python 3.13 --from splunk-soar-sdk==7.0.3 soarapps package build"
    for text in (help_, files["README.md"].decode()):
        assert step in text
        assert "uv lock" in text
    assert 'dependencies = ["splunk-soar-sdk==7.0.3"]' in files["pyproject.toml"].decode()
