"""`sftsec serve` as a process of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tests.core.server.site import Site

CODE = "from sftsec_core.cli import main; main()"


@contextmanager
def started(site: Site, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The process and the address that it listens on."""
    command = [sys.executable, "-c", CODE, "-c", str(site.context.file), "serve", *options]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=dict(os.environ))
    assert process.stderr is not None
    try:
        line = process.stderr.readline()
        found = re.fullmatch(r"listening on (https?://\S+:\d+); Ctrl-C stops it\n", line)
        assert found is not None, line + process.stderr.read()
        yield process, found[1]
    finally:
        process.kill()
        process.wait()
        process.stderr.close()
