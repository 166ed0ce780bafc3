"""Small pictures of pages, drawn with Pillow: a card with fields, or columns of text."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from PIL import Image, ImageDraw

SIZE = (240, 160)
Colour = tuple[int, int, int]


def draw_page(seed: int, *, login: bool) -> Image.Image:
    """A page; what differs between pages of a kind are colours, places and widths."""
    random = np.random.default_rng((seed, login))
    light = [tuple(int(v) for v in random.integers(200, 256, 3)) for _ in range(2)]
    dark: Colour = tuple(int(v) for v in random.integers(0, 140, 3))  # type: ignore[assignment]
    image = Image.new("RGB", SIZE, light[0])
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 0, SIZE[0], int(random.integers(8, 20))), fill=dark)
    if login:
        _card(pen, random, light[1], dark)
    else:
        _columns(pen, random, dark)
    return image


def _card(pen: ImageDraw.ImageDraw, random: np.random.Generator, paper: Any, ink: Colour) -> None:
    left, top = int(random.integers(50, 100)), int(random.integers(24, 40))
    pen.rectangle((left, top, left + 90, top + 110), fill=(255, 255, 255), outline=ink)
    for row in (30, 55):
        pen.rectangle((left + 8, top + row, left + 82, top + row + 14), fill=paper, outline=ink)
    pen.rectangle((left + 8, top + 84, left + 82, top + 100), fill=ink)


def _columns(pen: ImageDraw.ImageDraw, random: np.random.Generator, ink: Colour) -> None:
    for column in range(int(random.integers(1, 4))):
        for row in range(30, 150, 8):
            width = int(random.integers(30, 70))
            pen.line((10 + 78 * column, row, 10 + 78 * column + width, row), fill=ink, width=2)


def encoded(image: Image.Image, form: str = "PNG", **options: Any) -> bytes:
    """The bytes of a file with this picture."""
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def write_site(folder: Path, *, rows: int, open_rows: int = 0, **task: Any) -> Path:
    """Pictures beside JSON lines that name them, and an sftsec.yaml; the path of the latter."""
    (folder / "shots").mkdir(parents=True, exist_ok=True)
    records = []
    for number in range(rows + open_rows):
        login = number % 2 == 0
        image = draw_page(number, login=login)
        (folder / "shots" / f"{number}.png").write_bytes(encoded(image))
        record = {
            "id": str(number),
            "screenshot": f"shots/{number}.png",
            "url": f"https://h{number}.example/",
        }
        if number < rows:
            record["label"] = "phishing" if login else "ordinary"
        records.append(record)
    (folder / "pages.jsonl").write_text(
        "".join(json.dumps(each) + "\n" for each in records), encoding="utf-8"
    )
    settings = {
        "plugins": ["core", "files", "vision"],
        "connectors": {
            "pages": {
                "type": "files",
                "paths": ["pages.jsonl"],
                "images": ["screenshot"],
                "output": "detections.jsonl",
            }
        },
        "tasks": {
            "pages": {
                "connector": "pages",
                "images": ["screenshot"],
                "labels": {"ordinary": ["ordinary"], "phishing": ["phishing"]},
                "benign": "ordinary",
                "steps": {"pictures": {}},
                "train": {"recipe": {"name": "vision", "size": 64, "copies": 1}},
                "gate": {"min_labels": 10, "on_few_labels": "warn"},
                **task,
            }
        },
    }
    path = folder / "sftsec.yaml"
    path.write_text(yaml.safe_dump(settings), encoding="utf-8")
    return path
