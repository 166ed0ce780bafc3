"""The files of a deployment, from `packaging/kubernetes` and `packaging/systemd`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sftsec_core import __version__
from sftsec_core.packages.archive import tgz_of
from sftsec_core.packages.build import WrittenArchive, write_archive
from sftsec_core.packages.sources import read_folder, source_folder

FOLDER = "sftsec-deployment"
PARTS = ("kubernetes", "systemd")


def deployment_files() -> Mapping[str, bytes]:
    """The files by their path in the archive.

    Raises:
        IntegrityError: when this installation lacks the sources.
    """
    return {
        f"{part}/{path}": content
        for part in PARTS
        for path, content in read_folder(source_folder(part)).items()
    }


def write_deployment(folder: Path) -> WrittenArchive:
    """Write sftsec-deployment-VERSION.tgz into a folder, which is made where it is missing.

    Raises:
        IntegrityError: when this installation lacks the sources.
        OSError: when it cannot be written.
    """
    files = deployment_files()
    file = folder / f"sftsec-deployment-{__version__}.tgz"
    return write_archive(file, tgz_of(files, FOLDER), version=__version__, files=len(files))
