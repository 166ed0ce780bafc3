"""HTML to pictures by the machine's own Chromium, many pages at a time."""

from __future__ import annotations

import html
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from sftsec_core.api.errors import ConfigError
from sftsec_core.bench.page_templates import SIZE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from PIL.Image import Image

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_ACROSS, _DOWN = 4, 8  # pages of a sheet
_SCALE = 2  # a page is seen at half of its size
_TIMEOUT_S = 180
_OPTIONS = (
    "--headless",
    "--disable-gpu",
    "--hide-scrollbars",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND",
)


def find_browser() -> str:
    """Where Chromium is.

    Raises:
        ConfigError: when there is none.
    """
    found = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if found is None:
        raise ConfigError(f"rendering pages needs one of {', '.join(_BROWSERS)} on the path")
    return found


def render_pages(pages: Sequence[str], browser: str) -> Iterator[Image]:
    """Render documents, in their order; which hold no script; nothing is fetched.

    Args:
        pages: whole documents.
        browser: as `find_browser` gives it.

    Raises:
        ConfigError: when the browser fails.
    """
    step = _ACROSS * _DOWN
    for start in range(0, len(pages), step):
        yield from _render_sheet(pages[start : start + step], browser)


def _render_sheet(pages: Sequence[str], browser: str) -> Iterator[Image]:
    from PIL import Image

    wide, high = (length // _SCALE for length in SIZE)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "sheet.html").write_text(_sheet(pages, wide, high), encoding="utf-8")
        shot = folder / "sheet.png"
        command = [browser, *_OPTIONS, f"--user-data-dir={folder / 'profile'}"]
        if os.geteuid() == 0:
            command.append("--no-sandbox")  # which Chromium refuses to root; the pages are ours
        command += [f"--screenshot={shot}", f"--window-size={wide * _ACROSS},{high * _DOWN}"]
        command.append((folder / "sheet.html").as_uri())
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=_TIMEOUT_S)
            with Image.open(shot) as sheet:
                whole = sheet.convert("RGB")
        except (OSError, subprocess.SubprocessError) as error:
            raise ConfigError(f"{browser} cannot render pages: {error}") from error
    for place in range(len(pages)):
        left, top = place % _ACROSS * wide, place // _ACROSS * high
        yield whole.crop((left, top, left + wide, top + high))


def _sheet(pages: Sequence[str], wide: int, high: int) -> str:
    width, height = SIZE
    frames = "".join(
        f"<div style='width:{wide}px;height:{high}px;overflow:hidden;float:left'>"
        f"<iframe scrolling=no srcdoc='{html.escape(page)}' style='border:0;"
        f"width:{width}px;height:{height}px;transform:scale({1 / _SCALE});transform-origin:0 0'>"
        "</iframe></div>"
        for page in pages
    )
    return f"<!doctype html><meta charset=utf-8><body style='margin:0'>{frames}"
