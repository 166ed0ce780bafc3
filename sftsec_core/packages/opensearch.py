"""The package for OpenSearch and Wazuh, from the sources in `packaging/opensearch_package`.

Nothing installs it as a whole: an administrator imports its saved objects in Dashboards, and sends
the monitor, the retention policy and the roles to the cluster.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from sftsec_core import __version__
from sftsec_core.packages.archive import zip_of
from sftsec_core.packages.build import WrittenArchive, write_archive
from sftsec_core.packages.saved_objects import SavedObjects
from sftsec_core.packages.sources import read_folder, source_folder

NAME = "sftsec"
OBJECTS = "saved_objects.ndjson"
_DESCRIBED = "saved_objects.yml"
_VERSION = b"@version@"


@dataclass(frozen=True, slots=True)
class OpenSearchPackage:
    """A built package.

    Attributes:
        version: three numbers.
        files: path in the package to content.
    """

    version: str
    files: Mapping[str, bytes]

    @property
    def top(self) -> str:
        """The folder that the zip holds."""
        return f"{NAME}-opensearch-{self.version}"

    @property
    def archive(self) -> bytes:
        """The zip; the same bytes each time."""
        return zip_of(self.files, self.top)


def build_opensearch_package(
    sources: Path | None = None, version: str = __version__
) -> OpenSearchPackage:
    """Build the package.

    Args:
        sources: default: those of this installation.
        version: sftsec's; what follows its three numbers is left out.

    Raises:
        IntegrityError: when this installation lacks the sources.
        ValidationError: when the description of the saved objects is wrong.
    """
    number = ".".join(re.findall(r"\d+", version)[:3])
    files = read_folder(sources or source_folder("opensearch_package"))
    described = SavedObjects.model_validate(yaml.safe_load(files.pop(_DESCRIBED)))
    files = {path: text.replace(_VERSION, number.encode()) for path, text in files.items()}
    return OpenSearchPackage(number, {**files, OBJECTS: described.ndjson(NAME)})


def write_opensearch_package(folder: Path, package: OpenSearchPackage) -> WrittenArchive:
    """Write the zip into a folder, which is made where it is missing; whole or not at all.

    Raises:
        OSError: when that is not possible.
    """
    file = folder / f"{package.top}.zip"
    return write_archive(file, package.archive, version=package.version, files=len(package.files))
