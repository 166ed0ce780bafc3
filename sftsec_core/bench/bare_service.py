"""What `bench serve` measures against: a bare FastAPI handler around a transformers pipeline.

    python -m sftsec_core.bench.bare_service MODEL_FOLDER MAX_LENGTH

It reads a saved `full` model, whose head stands on the mean of the tokens, prints its port on a
line of its own, and serves until it is killed. It redacts nothing, bounds nothing and asks for no
token.
"""

from __future__ import annotations

import argparse
import json
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

PATH = "/score"
SAID = "port "  # and its number, the line that is read


def load(folder: Path, max_length: int) -> Callable[[list[str]], list[dict[str, Any]]]:
    """The pipeline, with its defaults, and the head on its vectors."""
    import torch
    from safetensors.torch import load_file
    from transformers import pipeline

    head = load_file(folder / "head.safetensors")
    labels = json.loads((folder / "classifier.json").read_text("utf-8"))["labels"]
    pipe = pipeline(
        "feature-extraction",
        model=str(folder),
        tokenizer=str(folder),
        tokenize_kwargs={"truncation": True, "max_length": max_length},
    )

    def score(texts: list[str]) -> list[dict[str, Any]]:
        with torch.inference_mode():
            vectors = torch.stack([each[0].mean(0) for each in pipe(texts, return_tensors=True)])
            logits = vectors @ head["weight"].T + head["bias"]
            rows = torch.softmax(logits.double(), dim=-1).tolist()
        return [
            {"label": labels[max(range(len(row)), key=row.__getitem__)], "probabilities": row}
            for row in rows
        ]

    return score


def main() -> None:
    """Serve on a free port of loopback."""
    import uvicorn
    from fastapi import Body, FastAPI

    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("folder", type=Path)
    asked.add_argument("max_length", type=int)
    given = asked.parse_args()
    score, app = load(given.folder, given.max_length), FastAPI()

    @app.post(PATH)
    def answer(body: Any = Body()) -> dict[str, Any]:  # noqa: ANN401, B008 - as FastAPI's users write it
        return {"results": score([each["fields"]["message"] for each in body["events"]])}

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "alive"}

    listener = socket.create_server(("127.0.0.1", 0))
    print(f"{SAID}{listener.getsockname()[1]}", flush=True)
    config = uvicorn.Config(app, log_level="warning", access_log=False)
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
