"""`task: locate`: a network learns to say of the one object in an image what it is, where it is, and how it stands."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field, field_validator

from lab.data.data import BOX_COLUMNS, Data
from lab.errors import InvalidValue
from lab.graph import Tensor, constant
from lab.graph import functions as f
from lab.metrics import device_metric_meanings
from lab.metrics.detection.heads import Heads
from lab.nets.adjustable_numbers import AdjustableNumbers
from lab.nets.limits import adjustable
from lab.scenario import Scenario
from lab.tasks.figures import FigureOptions
from lab.tasks.host_metrics import host_metric_meanings
from lab.tasks.task import Task, task
from lab.tasks.training.data import load_split
from lab.tasks.training.losses import Loss
from lab.tasks.training.training import Training
from lab.validation import Real

Head = Literal["class", "box", "key_points"]


class Options(FigureOptions):
    """Settings of the task `locate`."""

    heads: list[Head] = Field(
        default=["class", "box"],
        min_length=1,
        max_length=3,
        description="What is asked of an image: `class`, `box`, `key_points`. The last layer gives a score for each "
        "class, then the four numbers of the box, then two for each key point, of what is asked.",
    )
    loss: Literal["smooth_l1", "l2"] = Field(
        default="smooth_l1",
        description="Of boxes and key points, which are shares of the image: smooth_l1: error²/(2 beta) below `beta`, "
        "|error| - beta/2 beyond; l2: error². The mean over all their numbers. That of classes is softmax.",
    )
    beta: Real = Field(default=1 / 9, gt=0, le=1e6, description="Where smooth_l1 becomes linear.")
    box_weight: Real = adjustable(
        1.0, "By what the loss of boxes is multiplied before it is added to that of classes.", ge=0, le=1e6
    )
    key_point_weight: Real = adjustable(1.0, "The same of key points.", ge=0, le=1e6)

    @field_validator("heads")
    @classmethod
    def _each_once(cls, heads: list[Head]) -> list[Head]:
        if len(set(heads)) < len(heads):
            raise InvalidValue(("heads",), f"{max(heads, key=heads.count)} is there twice.")
        return heads


@task("locate")
class Locate(Task):
    """A network learns to say of the one object in an image what it is (`class`), where it is (`box`), and where its
    key points are; one network for all of it, with a loss for each, which are weighed and added.

    `{dense: outputs}` gives all numbers that are asked, in the order class, box, key points. Layers of its own for each
    are a branch: `{parallel: [[{dense: 64}, relu, {dense: 5}], [{dense: 64}, relu, {dense: 4}]]}` for five classes.

    Paper: Sermanet and others, "OverFeat: Integrated recognition, localization and detection using convolutional
    networks", 2014; of key points, Toshev and Szegedy, "DeepPose: Human pose estimation via deep neural networks",
    2014; of smooth L1, Girshick, "Fast R-CNN", 2015.
    """

    Options = Options
    stops_early = True
    targets = "objects"
    goes_through_examples = True
    metrics = device_metric_meanings("objects") | host_metric_meanings()

    def build(self, scenario: Scenario, seed: int, folder: Path | None) -> Training:
        options = self.options(scenario)
        split = load_split(scenario, seed, folder, "objects")
        for part in filter(None, (split.train, split.validation)):
            here = part.targets[..., 0] >= 0
            if not here[:, 0].all() or here[:, 1:].any():
                raise InvalidValue(
                    ("data",), "has images without an object, or with several: this task needs one each."
                )
        heads, adjustable = heads_of(options.heads, split.train), AdjustableNumbers()
        loss = weighed(heads, options, adjustable)
        return Training(
            scenario, seed, folder, loss, heads=heads, adjustable=adjustable, kind="objects", split=split
        )  # fmt: skip


def heads_of(asked: Sequence[Head], data: Data) -> Heads:
    """What the numbers of an output are when these things are asked. Raises InvalidValue if the data do not know one of
    them."""
    if "key_points" in asked and not data.key_points:
        raise InvalidValue(("options", "heads"), "key_points are asked, but the data have none.")
    if data.image_shape is None:
        raise InvalidValue(("data",), "has no images: objects are located in images.")
    height, width, _ = data.image_shape
    classes, points = "class" in asked and len(data.classes), "key_points" in asked and data.key_points
    return Heads(int(classes), "box" in asked, int(points), width, height)


def weighed(heads: Heads, options: Options, adjustable: AdjustableNumbers) -> Loss:
    """The sum of the losses of all heads, those of boxes and key points multiplied by their weights."""

    def regression(outputs: Tensor, wanted: Tensor) -> Tensor:
        if options.loss == "l2":
            return f.mean_squared_error(outputs, wanted)
        return f.huber(outputs, wanted, constant(options.beta)) * constant(1 / options.beta)

    def shares(pixels: Tensor) -> Tensor:
        """Places in pixels, x and y by turns, as shares of the image."""
        each = np.tile([1 / heads.width, 1 / heads.height], pixels.shape[1] // 2)
        return f.multiply(pixels, constant(each, "shares"))

    def loss(outputs: Tensor, objects: Tensor) -> Tensor:
        first, losses = objects[:, 0], []
        if heads.classes:
            losses.append(f.softmax_cross_entropy(outputs[:, heads.class_columns], first[:, 0]))
        for columns, places, weight in (
            (heads.box_columns, BOX_COLUMNS, "box_weight"),
            (heads.key_point_columns, slice(BOX_COLUMNS.stop, None), "key_point_weight"),
        ):
            if columns.start < columns.stop:
                found = regression(outputs[:, columns], shares(first[:, places]))
                losses.append(f.multiply(found, adjustable.number(f"options.{weight}", options, weight)))
        return reduce(f.add, losses)

    return loss
