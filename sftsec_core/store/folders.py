"""Paths as the store keeps them: relative to the state folder, so that it can be moved."""

from __future__ import annotations

from pathlib import Path


class Folders:
    """Translates between real paths and stored ones."""

    def __init__(self, root: Path) -> None:
        """Take the state folder as the root."""
        self.root = root.absolute()

    def kept(self, path: Path) -> str:
        """Return how to store a path: relative inside the state folder, else absolute."""
        whole = path.absolute()
        return str(whole.relative_to(self.root)) if whole.is_relative_to(self.root) else str(whole)

    def found(self, stored: str) -> Path:
        """Return the real path of a stored one."""
        return self.root / stored
