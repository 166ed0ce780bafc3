"""The sources of a package: in the wheel, or in a checkout's `packaging/`."""

from __future__ import annotations

from pathlib import Path

from sftsec_core.api.errors import IntegrityError

_HERE = Path(__file__).resolve().parent


def source_folder(name: str) -> Path:
    """Find the sources of a package.

    A checkout's own come first, so that an editable installation builds from them.

    Args:
        name: the folder's name below `packaging/`.

    Raises:
        IntegrityError: when this installation holds none.
    """
    places = (_HERE.parents[1] / "packaging" / name, _HERE / name)
    for folder in places:
        if folder.is_dir():
            return folder
    raise IntegrityError(
        f"this installation of sftsec lacks the sources of {name}: install sftsec again"
    )


def portable_modules(folder: str) -> dict[str, bytes]:
    """The modules that an app shares with the connector, as they are.

    Args:
        folder: in the app, with slashes.
    """
    found = read_folder(_HERE.parent / "sdk" / "portable")
    return {f"{folder}/{path}": content for path, content in found.items()}


def read_folder(folder: Path) -> dict[str, bytes]:
    """Read the files of a package's sources: path with slashes to content.

    Left out are `_dev`, stubs for type checkers, and files that editors and systems leave behind.
    """
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not any(map(_is_left_out, path.relative_to(folder).parts))
    }


def _is_left_out(part: str) -> bool:
    return part in {"_dev", "__pycache__"} or part.startswith(".") or part.endswith(("~", ".pyi"))
