"""Where servers of tests keep what nobody will read again: in memory, where there is room.

A server syncs what it writes, or has files made and removed by the thousand; on a disk that others
use too a test waits for that longer than for all the rest.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

_MEMORY = Path("/dev/shm")
_ROOM = 2 << 30  # bytes; a database takes 8 MB, an engine some 50 MB, and a session has few


def memory_folder() -> Path | None:
    """A folder in memory to make folders in; None where that lacks or is small."""
    if not os.access(_MEMORY, os.W_OK) or shutil.disk_usage(_MEMORY).free < _ROOM:
        return None
    return _MEMORY
