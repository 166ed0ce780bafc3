"""What a warm server's processes do in its test."""

from __future__ import annotations

import os
import time


def main(told: int, text: str, *, stay: bool = False) -> None:
    """Say a text, the process and its group; then perhaps stay, with a process of its own."""
    if stay:
        os.fork()
    os.write(told, f"{text} {os.getpid()} {os.getpgrp()}\n".encode())
    while stay:
        time.sleep(60)
