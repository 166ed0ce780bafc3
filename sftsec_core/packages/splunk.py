"""The app for Splunk, from the sources in `packaging/splunk_app`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sftsec_core import __version__
from sftsec_core.packages.archive import tgz_of
from sftsec_core.packages.build import Written, write_archive
from sftsec_core.packages.icons import icon_png
from sftsec_core.packages.sources import read_folder, source_folder

NAME = "sftsec"
_VERSION, _BUILD = b"@version@", b"@build@"
_NAMES_THE_VERSION = {"app.manifest", "default/app.conf"}
_ICONS = {
    "appIcon.png": 36,
    "appIcon_2x.png": 72,
    "appIconAlt.png": 36,
    "appIconAlt_2x.png": 72,
}


@dataclass(frozen=True, slots=True)
class SplunkApp:
    """An app, ready to be installed.

    Attributes:
        version: of the app, three numbers.
        files: path in the app to content.
    """

    version: str
    files: Mapping[str, bytes]

    @property
    def archive(self) -> bytes:
        """The tar in gzip's wrapping, with the one folder `sftsec`; the same bytes each time."""
        return tgz_of(self.files, NAME)

    def unpack(self, folder: Path) -> Path:
        """Write the app as Splunk would unpack it below a folder; return the app's own.

        Raises:
            OSError: when that is not possible.
        """
        top = folder / NAME
        for path, content in self.files.items():
            file = top / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        return top


def build_app(sources: Path | None = None, version: str = __version__) -> SplunkApp:
    """Build the app.

    Args:
        sources: default: those of this installation.
        version: sftsec's; what follows its three numbers is left out, since Splunk compares
            numbers.

    Raises:
        IntegrityError: when this installation lacks the sources.
    """
    number = ".".join(re.findall(r"\d+", version)[:3])
    found = read_folder(sources or source_folder("splunk_app"))
    files = {
        path: _built(found[path], number) if path in _NAMES_THE_VERSION else found[path]
        for path in found
    }
    icons = {f"static/{name}": icon_png(size) for name, size in _ICONS.items()}
    return SplunkApp(number, {**files, **icons})


def write_app(folder: Path, app: SplunkApp) -> Written:
    """Write sftsec-VERSION.tgz into a folder, which is made where it is missing.

    Raises:
        OSError: when that is not possible.
    """
    file = folder / f"{NAME}-{app.version}.tgz"
    return write_archive(file, app.archive, version=app.version, files=len(app.files))


def _built(content: bytes, version: str) -> bytes:
    """Put in the version, and the build: browsers keep a page's script until that changes."""
    major, minor, patch = map(int, version.split("."))
    build = str(10_000 * major + 100 * minor + patch)
    return content.replace(_VERSION, version.encode()).replace(_BUILD, build.encode())
