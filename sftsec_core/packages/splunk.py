"""The app for Splunk, from the sources in `packaging/splunk_app` and `sftsec_core/sdk/portable`."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sftsec_core import __version__
from sftsec_core.packages.archive import tgz_of
from sftsec_core.packages.build import WrittenArchive, write_archive
from sftsec_core.packages.icons import icon_png
from sftsec_core.packages.sources import portable_modules, read_folder, source_folder
from sftsec_core.sdk.portable import UID_EXPRESSION, page_rules

NAME = "sftsec"
# Files with placeholders.
_TEMPLATES = {
    "app.manifest",
    "default/alert_actions.conf",
    "default/app.conf",
    "default/macros.conf",
}
_PORTABLE = "bin/sftsec_app/portable"
_PAGE_RULES = "appserver/static/labelling/rules.js"
_ICONS = {
    "appIcon.png": 36,
    "appIcon_2x.png": 72,
    "appIconAlt.png": 36,
    "appIconAlt_2x.png": 72,
}


@dataclass(frozen=True, slots=True)
class SplunkApp:
    """A built app.

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
        version: of sftsec; the app has its first three numbers, since Splunk compares numbers.

    Raises:
        IntegrityError: when this installation lacks the sources.
    """
    number = ".".join(re.findall(r"\d+", version)[:3])
    found = read_folder(sources or source_folder("splunk_app"))
    files = {
        path: _filled(found[path], number) if path in _TEMPLATES else found[path] for path in found
    }
    icons = {f"static/{name}": icon_png(size) for name, size in _ICONS.items()}
    shared = {**portable_modules(_PORTABLE), _PAGE_RULES: page_rules_module()}
    return SplunkApp(number, {**files, **shared, **icons})


def page_rules_module() -> bytes:
    """The rules of the event's fields as a JavaScript module, for the labelling page."""
    rules = json.dumps(page_rules(), indent=2)
    return f"// Made by `sftsec package splunk`.\nexport const RULES = {rules};\n".encode()


def write_app(folder: Path, app: SplunkApp) -> WrittenArchive:
    """Write sftsec-VERSION.tgz into a folder, which is made where it is missing.

    Raises:
        OSError: when that is not possible.
    """
    file = folder / f"{NAME}-{app.version}.tgz"
    return write_archive(file, app.archive, version=app.version, files=len(app.files))


def _filled(content: bytes, version: str) -> bytes:
    """Fill in the placeholders.

    Browsers cache the script of a page until the build number changes.
    """
    major, minor, patch = map(int, version.split("."))
    values = {
        b"@version@": version,
        b"@build@": str(10_000 * major + 100 * minor + patch),
        b"@uid_expression@": UID_EXPRESSION,
    }
    for placeholder, value in values.items():
        content = content.replace(placeholder, value.encode())
    return content
