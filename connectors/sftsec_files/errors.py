"""What can go wrong with files, besides a record that is quarantined."""

from __future__ import annotations

from sftsec_core.api.errors import ConnectorError


class SourceError(ConnectorError):
    """A path is missing, unreadable, or of a format that is not read."""


class ChangedFileError(SourceError):
    """A file is not the one that the cursor was given for."""


class MissingColumnsError(SourceError):
    """A table lacks columns that the task or the configuration names."""


class OutputError(ConnectorError):
    """Detections cannot be written."""
