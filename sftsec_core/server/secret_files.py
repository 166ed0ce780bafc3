"""Files that hold a secret: refused where others can read them and their owner could mend it."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

from sftsec_core.api.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

_OTHERS = 0o066
log = logging.getLogger(__name__)


def refuse_open(file: Path, what: str, setting: str = "") -> None:
    """Refuse a file that its group or others can read or write.

    One that is another user's, or lies on a file system that is mounted read-only, cannot be closed
    by who runs this, such as a container's secret: it is warned of.

    Args:
        file: what is not there passes: who reads it says so.
        what: it holds, for the message.
        setting: that names it, as a dotted path; "" where the caller adds it.

    Raises:
        ConfigError: when it is this user's; it says how to close it.
    """
    try:
        found = file.stat()
    except OSError:
        return
    if not found.st_mode & _OTHERS:
        return
    if found.st_uid == os.geteuid() and os.access(file, os.W_OK):
        raise ConfigError(
            f"{what} in {file} is open to other users: chmod 600 {file}", path=setting
        )
    log.warning("%s in %s is open to other users", what, file)
