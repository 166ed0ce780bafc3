"""Texts for property tests: what rewritings change, among what they must not."""

from __future__ import annotations

import time
from collections.abc import Callable

from hypothesis import strategies as st

from sftsec_core.dataset.rewrites.draw import KeyedDraw

KEYS = st.integers(0, 1 << 32).map(lambda number: KeyedDraw.of(13, f"{number:032x}", 0))
LARGE = 1_000_000  # characters
MOST_SECONDS = 10.0  # for a large text, on a machine that has other work; alone it takes about one
HARD_LINES = (
    "a", "a\n", "10.0.0.1 ", "\\a1'\"", "http://", "/?a=1&%41", "<USER:", "ls -l -a ",
    "/home/ab/ /home/cd/ ",
)  # fmt: skip
ATOMS = st.sampled_from(
    (
        "10.1.2.3", "192.168.7.9", "172.20.1.1", "8.8.8.8", "172.32.0.1", "10.0.0.0/8", "1.10.0.1",
        "10.2.3.4.example", "<IP:0a1b2c3d>", "<USER:00ff00ff>", r"\\FILES03\c$", r"\\backup\x",
        "/home/ann7/a", "/home/mary", r"C:\Users\Bob\x.exe", r"C:\Users\Public\x", "mary", "ls",
        "-l", "-a", "curl", "-k", "-s", "-o", "x.sh", "https://Host.example/a/b?x=1&y=2#z",
        '"https://h.example/?q=a%20b&r=<EMAIL:12345678>&s=3"', "GET /p?a=1&b=2 HTTP/1.1",
        "powershell.exe", "-nop", "-w", "hidden", "-enc", "SQBFAFgA", "New-Object", "'x y'", '"q"',
        "|", ";", ">", "&&", "\n", "é", "\ud800", "x=1&y=2",
    )
)  # fmt: skip
TEXTS = st.lists(st.one_of(ATOMS, st.text(max_size=6)), max_size=14).map(" ".join)


def slowest(change: Callable[[str], object]) -> float:
    """The seconds of the slowest of the large texts, CPU time of this process."""
    times = []
    for line in HARD_LINES:
        text = line * (LARGE // len(line))
        started = time.process_time()
        change(text)
        times.append(time.process_time() - started)
    return max(times)
