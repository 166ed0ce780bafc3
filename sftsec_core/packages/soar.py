"""The app for Splunk SOAR, from `packaging/soar_app` and `sftsec_core/sdk/portable`.

`sftsec package soar` writes the app's project, from which Splunk's SDK builds a package. The SDK
adds the wheels of the required libraries, from a package index, and the manifest.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sftsec_core import __version__
from sftsec_core.packages.archive import tgz_of
from sftsec_core.packages.build import WrittenArchive, write_archive
from sftsec_core.packages.sources import portable_modules, read_folder, source_folder

# The SDK imports the app by its folder's name.
FOLDER = "sftsec_soar"
_VERSION = b'version = "0.0.0"  # sftsec puts its own in'
_PROJECT = "pyproject.toml"
# It makes `src` a package of its own for SOAR. It is not in the sources: an __init__.py in
# `packaging/` would hide PyPI's `packaging` from a program that runs in a checkout.
_PACKAGE = {"src/__init__.py": b'"""sftsec for Splunk SOAR."""\n'}


@dataclass(frozen=True, slots=True)
class SoarApp:
    """The project of an app, as Splunk's SDK needs it.

    Attributes:
        version: of the app, three numbers.
        files: path in the project to content.
    """

    version: str
    files: Mapping[str, bytes]

    @property
    def archive(self) -> bytes:
        """The tar in gzip's wrapping, with the one folder; the same bytes each time."""
        return tgz_of(self.files, FOLDER)


def build_soar_app(sources: Path | None = None, version: str = __version__) -> SoarApp:
    """Build the project.

    Args:
        sources: default: those of this installation.
        version: of sftsec; the app has its first three numbers, as in the app for Splunk.

    Raises:
        IntegrityError: when this installation lacks the sources.
    """
    number = ".".join(re.findall(r"\d+", version)[:3])
    found = read_folder(sources or source_folder("soar_app"))
    named = found[_PROJECT].replace(_VERSION, f'version = "{number}"'.encode())
    shared = portable_modules("src/portable")
    return SoarApp(number, {**found, **shared, **_PACKAGE, _PROJECT: named})


def write_soar_app(folder: Path, app: SoarApp) -> WrittenArchive:
    """Write sftsec-soar-VERSION.tgz into a folder, which is made where it is missing.

    Raises:
        OSError: when that is not possible.
    """
    file = folder / f"sftsec-soar-{app.version}.tgz"
    return write_archive(file, app.archive, version=app.version, files=len(app.files))
