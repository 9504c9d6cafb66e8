"""Where the network says that objects are, and where they are."""

from __future__ import annotations

import numpy as np

from lab.data import Data
from lab.metrics.detection.heads import Heads, Said
from lab.pictures import Images, Picture
from lab.tasks.figures.figure import Figure
from lab.tasks.figures.mistakes import pictures_of
from lab.tasks.figures.snapshot import Snapshot

SHOWN = 8
TRUTH, ANSWER = 0, 1


class LocatedObjects(Figure, name="located_objects"):
    """Images that are held back, with the true box and the answered one, and below how much they overlap (IoU, 1: the
    same) and what the object is said to be, if that is wrong; of key points, the true ones as signs, and the answered
    ones as a skeleton, with how far they are off on average."""

    rank = 0

    def fits(self) -> bool:
        return self.inspection.heads is not None

    def draw(self, snapshot: Snapshot) -> list[Picture]:
        heads = self.inspection.heads
        assert heads is not None
        held = self.inspection.split.validation
        every = held or self.inspection.evaluation_sample
        sample = every.rows(np.arange(min(SHOWN, every.count)))
        said = heads.said(snapshot.answers(sample.numbers))
        where = "held back" if held is not None else "trained on"
        return [
            Images(
                f"Images {where}: truth and answer",
                pictures_of(sample, np.arange(sample.count)),
                captions(heads, said, sample),
                outlines=("truth", "answer"),
                boxes=boxes(said, sample) if heads.box else np.zeros((0, 6), np.float32),
                lines=skeletons(said, sample) if heads.key_points else np.zeros((0, 6), np.float32),
            )
        ]


def captions(heads: Heads, said: Said, sample: Data) -> tuple[str, ...]:
    """Below each image how well the object was located."""
    parts: list[list[str]] = [[] for _ in range(sample.count)]
    if heads.box:
        for part, overlap in zip(parts, said.overlaps(sample.targets).tolist(), strict=True):
            part.append(f"IoU {overlap:.2f}")
    if heads.key_points:
        for part, off in zip(parts, said.distances(sample.targets).mean(axis=1).tolist(), strict=True):
            part.append(f"off by {off:.1f} px")
    if heads.classes:
        answers, right = said.scores.argmax(axis=1).tolist(), said.right_classes(sample.targets).tolist()
        truths = sample.targets[:, 0, 0].astype(int).tolist()
        for part, answer, truth, same in zip(parts, answers, truths, right, strict=True):
            part.append(sample.classes[truth] if same else f"{sample.classes[truth]}? {sample.classes[answer]}")
    return tuple("\n".join(part) for part in parts)


def boxes(said: Said, sample: Data) -> np.ndarray:
    """Truths first, so that answers are drawn over them: [2 n, 6]."""
    return _rows([(TRUTH, sample.targets[:, 0, 1:5]), (ANSWER, said.boxes)])


def skeletons(said: Said, sample: Data) -> np.ndarray:
    """The limbs of the answers, then the true points, then those of the answers: [lines, 6]."""
    truth = sample.targets[:, 0, 5:].reshape(sample.count, -1, 2)
    limbs = [
        np.concatenate([said.key_points[:, one], said.key_points[:, other]], axis=1) for one, other in sample.limbs
    ]
    points = [
        (kind, np.tile(places[:, number], 2))
        for kind, places in ((TRUTH, truth), (ANSWER, said.key_points))
        for number in range(places.shape[1])
    ]
    return _rows([*((ANSWER, each) for each in limbs), *points])


def _rows(parts: list[tuple[int, np.ndarray]]) -> np.ndarray:
    """Four numbers of each image as rows with the image's number and the outline's."""
    made = [
        np.concatenate([np.stack([np.arange(len(places)), np.full(len(places), kind)], axis=1), places], axis=1)
        for kind, places in parts
    ]
    return np.concatenate(made).astype(np.float32)
