"""The recipe "vision": a pretrained network's vectors of pictures, and the text beside them."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from sftsec_core.api import Batch, DataError, InputKind, IntegrityError
from sftsec_vision.augment import changed
from sftsec_vision.config import VisionConfig
from sftsec_vision.head import FusedHead, HeadRows, HeadTargets
from sftsec_vision.prepare import open_picture, to_square

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from sftsec_core.api import Blob, Example, TrainJob
    from sftsec_vision.network.backbone import Backbone

_BACKBONE, _HEAD, _SETTINGS = "backbone.safetensors", "head.safetensors", "vision.json"
_FOR_TUNING = 0.6  # of the time that the job may take


@dataclass(frozen=True, slots=True)
class VisionModel:
    """A fitted model.

    Attributes:
        labels: the classes.
        images: how many image inputs the task has.
        config: how the pictures are read.
        backbone: makes vectors of them; None of a task without an image.
        head: reads vectors and text.
        notes: for the run's log.
    """

    labels: tuple[str, ...]
    images: int
    config: VisionConfig
    backbone: Backbone | None
    head: FusedHead
    notes: Mapping[str, Any] = field(default_factory=dict, compare=False)

    def predict_proba(self, batch: Batch) -> NDArray[np.float64]:
        """Probabilities, shape (len(batch), len(labels)).

        Raises:
            OSError, ValueError: when a picture's file is missing, or another one.
        """
        return self.head.predict(read_rows(batch, self.backbone, self.images, self.config))

    def save(self, folder: Path) -> None:
        """Write weights as safetensors, and settings as JSON."""
        from safetensors.numpy import save_file

        settings = {
            "labels": list(self.labels),
            "images": self.images,
            "config": self.config.model_dump(mode="json", exclude={"weights", "sha256"}),
        }
        (folder / _SETTINGS).write_text(json.dumps(settings, indent=1) + "\n", encoding="utf-8")
        save_file(self.head.tensors(), folder / _HEAD)
        if self.backbone is not None:
            tensors = self.backbone.tensors()
            save_file({k: np.ascontiguousarray(v) for k, v in tensors.items()}, folder / _BACKBONE)


def fit(job: TrainJob[VisionConfig]) -> VisionModel:
    """Fit on pictures and text; one that a killed call left is resumed after its last epoch.

    Raises:
        DataError: when train has rows of one label alone.
        ConfigError, IntegrityError: when the pretrained weights cannot be read, or are others.
    """
    started, config = time.monotonic(), job.config
    train = [example for example in job.train if example.weight > 0]
    if len({example.label for example in train}) < 2:
        raise DataError("training needs incidents of two labels or more with a weight above 0")
    images = sum(each.kind is InputKind.IMAGE for each in job.task.inputs)
    backbone, notes = None, {}
    if images:
        from sftsec_vision.network.backbone import Backbone

        backbone = Backbone.pretrained(config, job.device)
        if config.tune != "none":
            notes["epochs"] = _tune(backbone, job, train)
    batch = Batch.of_examples(job.task.inputs, train)
    given = [(read_rows(batch, backbone, images, config), _targets(train, job.task.labels))]
    given += _copies(job, train, backbone, images, started)
    dev = Batch.of_examples(job.task.inputs, job.dev)
    head = FusedHead.fit(
        _joined(given),
        (read_rows(dev, backbone, images, config), _targets(job.dev, job.task.labels)),
        len(job.task.labels),
    )
    notes |= {"copies": len(given) - 1, "pictures": sum(map(_pictures, batch.images()))}
    return VisionModel(tuple(job.task.labels), images, _bare(config), backbone, head, notes)


def load(folder: Path) -> VisionModel:
    """Read what `VisionModel.save` wrote.

    Raises:
        IntegrityError: when a file is missing or holds something else.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        said = json.loads((folder / _SETTINGS).read_text(encoding="utf-8"))
        config = VisionConfig.model_construct(**said["config"])
        labels, images = tuple(said["labels"]), int(said["images"])
        head = FusedHead.from_tensors(load_file(folder / _HEAD), len(labels))
        backbone = None
        if images:
            from sftsec_vision.network.backbone import Backbone

            backbone = Backbone.of(config.backbone, load_file(folder / _BACKBONE))
    except (OSError, KeyError, TypeError, ValueError, SafetensorError) as error:
        raise IntegrityError(f"{folder}: the model cannot be read: {error}") from error
    return VisionModel(labels, images, config, backbone, head)


def read_rows(
    batch: Batch, backbone: Backbone | None, images: int, config: VisionConfig
) -> HeadRows:
    """What the head reads of a batch; a picture that occurs several times is looked at once."""
    texts = batch.text() if config.text and _reads_text(batch) else None
    if backbone is None:
        return HeadRows(np.empty((len(batch), 0), np.float32), texts)
    table = batch.images()
    blobs = {blob.sha256: blob for row in table for blob in row if blob is not None}
    squares = (to_square(open_picture(blob), config.size) for blob in blobs.values())
    known = dict(zip(blobs, backbone.vectors(squares), strict=True))
    return HeadRows(_wide(table, known, images, backbone.width), texts)


def _wide(
    table: Sequence[tuple[Blob | None, ...]],
    known: Mapping[str, NDArray[np.float32]],
    images: int,
    width: int,
) -> NDArray[np.float32]:
    """A row's vectors side by side; NaN for a picture that it lacks."""
    found = np.full((len(table), images, width), np.nan, np.float32)
    for place, row in enumerate(table):
        for column, blob in enumerate(row):
            if blob is not None:
                found[place, column] = known[blob.sha256]
    return found.reshape(len(table), images * width)


def _reads_text(batch: Batch) -> bool:
    return bool(batch.names(InputKind.TEXT) or batch.names(InputKind.SEQUENCE))


def _pictures(row: tuple[Blob | None, ...]) -> int:
    return sum(blob is not None for blob in row)


def _targets(examples: Sequence[Example], labels: Sequence[str]) -> HeadTargets:
    column = {label: index for index, label in enumerate(labels)}
    return HeadTargets(
        np.array([column[each.label] for each in examples], np.int64),
        np.array([each.weight for each in examples], np.float64),
    )


def _joined(parts: Sequence[tuple[HeadRows, HeadTargets]]) -> tuple[HeadRows, HeadTargets]:
    texts = [each for rows, _ in parts for each in rows.texts or ()]
    rows = HeadRows(
        np.concatenate([rows.vectors for rows, _ in parts]),
        None if parts[0][0].texts is None else texts,
    )
    y = np.concatenate([targets.y for _, targets in parts])
    weight = np.concatenate([targets.weight for _, targets in parts]) / len(parts)
    return rows, HeadTargets(y, weight)


def _copies(
    job: TrainJob[VisionConfig],
    train: Sequence[Example],
    backbone: Backbone | None,
    images: int,
    started: float,
) -> list[tuple[HeadRows, HeadTargets]]:
    """Changed copies of the training pictures beside the rows' own text, as time allows."""
    found: list[tuple[HeadRows, HeadTargets]] = []
    if backbone is None:
        return found
    batch, targets = Batch.of_examples(job.task.inputs, train), _targets(train, job.task.labels)
    table = batch.images()
    texts = batch.text() if job.config.text and _reads_text(batch) else None
    blobs = {blob.sha256: blob for row in table for blob in row if blob is not None}
    for number in range(job.config.copies if blobs else 0):
        begun = time.monotonic()
        squares = (
            _changed_square(blob, (job.settings.seed, number, index), job.config.size)
            for index, blob in enumerate(blobs.values())
        )
        known = dict(zip(blobs, backbone.vectors(squares), strict=True))
        found.append((HeadRows(_wide(table, known, images, backbone.width), texts), targets))
        job.log(number + 1, {"copy": number + 1.0})
        # As long again for the next one, and for what is done with dev and the head.
        if job.deadline_s and 3 * time.monotonic() - 2 * begun - started > job.deadline_s:
            break
    return found


def _changed_square(blob: Blob, seed: tuple[int, ...], size: int) -> NDArray[np.uint8]:
    return to_square(changed(open_picture(blob), np.random.default_rng(seed)), size)


def _tune(backbone: Backbone, job: TrainJob[VisionConfig], train: Sequence[Example]) -> int:
    """Fine-tune on each picture of each row; the epochs that were carried out."""
    from sftsec_vision.network.finetune import TunePlan, finetune

    table = Batch.of_examples(job.task.inputs, train).images()
    pairs = [(n, blob) for n, row in enumerate(table) for blob in row if blob is not None]
    if not pairs:
        return 0
    targets = _targets([train[row] for row, _ in pairs], job.task.labels)

    def picture(index: int, epoch: int) -> NDArray[np.uint8]:
        seed = (job.settings.seed, 1 + job.config.copies + epoch, index)
        return _changed_square(pairs[index][1], seed, job.config.size)

    plan = TunePlan(
        pictures=picture,
        targets=targets,
        columns=len(job.task.labels),
        seed=job.settings.seed,
        folder=job.workdir,
        deadline_s=job.deadline_s and job.deadline_s * _FOR_TUNING,
        log=job.log,
    )
    return finetune(backbone, plan, job.config)


def _bare(config: VisionConfig) -> VisionConfig:
    """The configuration without the place of the pretrained weights: a model holds its own."""
    return config.model_copy(update={"weights": None, "sha256": ""})
