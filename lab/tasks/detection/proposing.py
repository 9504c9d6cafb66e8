"""Boxes that are looked at one after the other: the experiment behind `propose`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kernels.language import Kernel
from lab.data.data import BOX_COLUMNS
from lab.errors import InvalidValue
from lab.graph.tensor import Tensor
from lab.metrics.detection import intersection_over_union
from lab.nets.adjustable_numbers import AdjustableNumbers
from lab.nets.network import Network
from lab.pictures import Images, Picture
from lab.scenario import Scenario
from lab.tasks.counting import count
from lab.tasks.detection.proposals.options import Proposer
from lab.tasks.detection.proposals.selective_search import Grouping
from lab.tasks.detection.proposals.windows import count_boxes
from lab.tasks.figures.mistakes import pictures_of
from lab.tasks.known_by_step import KnownByStep
from lab.tasks.task import Measurements
from lab.tasks.training.data import load_split

SHOWN = 6
OBJECT, NOW, FOUND = 0, 1, 2
NEVER = np.iinfo(np.int64).max


class Proposing(KnownByStep):
    """One replica; see `lab.tasks.task.Experiment`.

    boxes:    by image, in the order in which they are looked at, [n, 4]
    found_at: by image and object, the step at which it is found; NEVER if it is not
    finder:   by image and object, the box that finds it
    """

    def __init__(self, scenario: Scenario, seed: int, folder: Path | None, options: Any) -> None:
        self.steps, self.step, self.seed, self.options = scenario.train.steps, 0, seed, options
        self.metrics = tuple(scenario.watch)
        self.data = load_split(scenario, seed, folder, "objects").train
        if self.data.image_shape is None:
            raise InvalidValue(("data",), "has no images: boxes are proposed in images.")
        if not (self.data.targets[..., 0] >= 0).any():
            raise InvalidValue(("data",), "has no object in any image, so that none can be found.")
        try:
            self.proposer = Proposer(options.proposals, self.data.image_shape)
        except InvalidValue as error:
            raise error.under("options", "proposals") from None
        self._each = self._classifier(scenario)

    def _classifier(self, scenario: Scenario) -> int:
        """Multiply-adds of the classifier for one box. Raises InvalidValue."""
        if not scenario.model:
            if "multiply_adds" in scenario.watch:
                place = ("watch", scenario.watch.index("multiply_adds"))
                raise InvalidValue(
                    place, "needs the classifier that would look at every box: give its layers as `model`."
                )
            return 0
        assert self.data.image_shape is not None
        shape = (self.options.crop, self.options.crop, self.data.image_shape[2])
        network = Network(
            scenario.model, None, len(self.data.classes) + 1, 0, AdjustableNumbers(), blocks=scenario.blocks
        )
        _, parts = network.apply(Tensor((1, *shape), "input"), training=False)
        return count(network, parts, shape).multiply_adds

    def kernels(self) -> Sequence[Kernel]:
        return self.proposer.kernels()

    def prepare(self) -> None:
        """Propose the boxes of all images, and find out which of them find an object: the steps only show it."""
        self.proposer.prepare()
        rows = np.arange(self.data.count)
        self.images = pictures_of(self.data, rows)
        pixels = self.images if self.images.ndim == 4 else self.images[..., None]
        channels = self.data.image_shape[2] if self.data.image_shape else 0
        given = np.broadcast_to(pixels, (*pixels.shape[:3], channels)) if pixels.shape[3] == 1 else pixels
        self.boxes = [self.proposer.propose(image, self.seed) for image in given]
        self.objects = [each[each[:, 0] >= 0][:, BOX_COLUMNS].astype(np.float64) for each in self.data.targets]
        self.most = max(map(len, self.boxes))
        self.found_at, self.finder = [], []
        best = np.zeros(self.most + 1)
        found = np.zeros(self.most + 1)
        objects = sum(map(len, self.objects))
        for boxes, own in zip(self.boxes, self.objects, strict=True):
            overlaps = np.maximum.accumulate(intersection_over_union(own, boxes), axis=1)
            good = overlaps >= self.options.overlap
            first = (
                np.where(good.any(axis=1), good.argmax(axis=1), NEVER - 1)
                if len(boxes)
                else np.full(len(own), NEVER - 1)
            )
            self.found_at.append(first + 1)
            self.finder.append(np.array([boxes[each] if each < NEVER - 1 else [np.nan] * 4 for each in first]))
            best[1 : len(boxes) + 1] += overlaps.sum(axis=0)
            best[len(boxes) + 1 :] += overlaps[:, -1].sum() if len(boxes) else 0.0
            np.add.at(found, first[first < NEVER - 1] + 1, 1)
        number = np.array([len(each) for each in self.boxes])
        ended = np.bincount(number, minlength=self.most + 1)  # images that have so many boxes
        left = len(number) - np.concatenate([[0], np.cumsum(ended)[:-1]])  # and those that have at least so many
        self._course = {
            "objects_found": np.cumsum(found) / objects,
            "best_overlap": best / objects,
            "boxes": np.cumsum(np.concatenate([[0], left[1:]])) / len(number),
        }
        self._course["multiply_adds"] = self._course["boxes"] * self._each
        self._shown = [image for image in range(len(self.boxes)) if len(self.objects[image])][:SHOWN]
        self._groupings = self._grouped(given)

    def _grouped(self, images: np.ndarray) -> list[Grouping]:
        searcher = self.proposer.searcher
        if searcher is None:
            return []
        return [searcher.grouping(images[image], searcher.options.scales[0]) for image in self._shown]

    # Running

    def advance(self, steps: int, measure_every: int = 0) -> Measurements:
        self.step += min(max(steps, 0), self.steps - self.step)
        return Measurements()

    @property
    def stopped(self) -> bool:
        return self.step >= self.most

    def greeting(self) -> str | None:
        height, width, _ = self.data.image_shape or (0, 0, 0)
        if self.proposer.searcher:
            return None
        boxes = count_boxes(height, width)
        return f"an image of {height} × {width} pixels has {boxes:,} boxes with whole numbers as corners"

    def farewell(self) -> str | None:
        return f"all boxes of every image are looked at, at most {self.most:,} in one" if self.stopped else None

    def measure(self) -> dict[str, float]:
        now = min(self.step, self.most)
        return {name: float(self._course[name][now]) for name in self.metrics}

    def diverged(self) -> str | None:
        return None

    # Pictures

    def pictures(self) -> list[Picture]:
        return [self._boxes_shown(), *([self._regions_shown()] if self._groupings else [])]

    def _boxes_shown(self) -> Picture:
        rows, captions = [np.zeros((0, 6))], []
        for place, image in enumerate(self._shown):
            boxes, own = self.boxes[image], self.objects[image]
            found = self.found_at[image] <= self.step
            rows.append(_outlined(place, OBJECT, own))
            rows.append(_outlined(place, FOUND, self.finder[image][found]))
            if 0 < self.step < len(boxes):
                rows.append(_outlined(place, NOW, boxes[self.step - 1 : self.step]))
            captions.append(f"{found.sum()} of {len(own)}, {min(self.step, len(boxes)):,} boxes")
        return Images(
            "Boxes, and which objects they found",
            self.images[self._shown].astype(np.float32),
            tuple(captions),
            name="proposed_boxes",
            outlines=("object", "looked at now", "found it"),
            boxes=np.concatenate(rows).astype(np.float32),
        )

    def _regions_shown(self) -> Picture:
        painted, captions = [], []
        for image, grouping in zip(self._shown, self._groupings, strict=True):
            merges = grouping.segments - 1
            if self.step >= merges:
                # All is one, and nothing to be seen: back to one region for each object, and one for the ground.
                merges = max(0, merges - len(self.objects[image]))
            regions = grouping.after(min(self.step, merges))
            painted.append(_in_mean_colours(self.images[image], regions))
            left = len(np.unique(regions))
            captions.append(f"{left} region" if left == 1 else f"{left} regions")
        return Images("Regions, grouped step by step", np.stack(painted), tuple(captions), name="grouping")


def _outlined(image: int, outline: int, boxes: np.ndarray) -> np.ndarray:
    return np.concatenate([np.tile([image, outline], (len(boxes), 1)), boxes.reshape(-1, 4)], axis=1)


def _in_mean_colours(image: np.ndarray, regions: np.ndarray) -> np.ndarray:
    """An image [height, width] or [height, width, 3] whose pixels have the mean of their region."""
    _, number = np.unique(regions, return_inverse=True)
    flat, sizes = image.reshape(regions.size, -1), np.bincount(number.ravel())
    means = np.stack([np.bincount(number.ravel(), each) / sizes for each in flat.T], axis=1)
    return np.asarray(means[number.ravel()].reshape(image.shape), np.float32)
