"""`task: detect`: a network learns to find all objects in an image, each with its class and its box."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator

from lab.data.data import Data
from lab.errors import InvalidValue
from lab.metrics import device_metric_meanings
from lab.nets.adjustable_numbers import AdjustableNumbers
from lab.scenario import Scenario
from lab.tasks.detection.detection import Detection
from lab.tasks.detection.detector import detector
from lab.tasks.figures import FigureOptions
from lab.tasks.host_metrics import host_metric_meanings
from lab.tasks.task import Task, task
from lab.tasks.training.data import load_split
from lab.tasks.training.training import Training
from lab.validation import Real


class Options(FigureOptions):
    """Settings of the task `detect`."""

    detector: str | dict[str, Any] = Field(
        default="yolo",
        description="How objects are found: a name, such as `yolo`, or the name with its settings, `{yolo: {grid: 6}}`",
    )
    score_threshold: Real = Field(
        default=0.05, ge=0, le=1, description="Boxes with a lower score are no detections, and no metric knows them."
    )
    overlap: Real = Field(
        default=0.45,
        ge=0,
        le=1,
        description="Non-maximum suppression: of boxes of one class whose IoU is larger, the best score is kept.",
    )

    shown: Literal["held_back", "trained_on"] = Field(
        default="held_back",
        description="Of which images pictures are: `trained_on` to see whether a few can be learned by heart.",
    )

    @field_validator("detector")
    @classmethod
    def _known_detector(cls, given: str | dict[str, Any]) -> str | dict[str, Any]:
        detector(given, ("detector",))
        return given


@task("detect")
class Detect(Task):
    """A network learns to find all objects in an image, each with its class and its box.

    How many there are differs from image to image, while a network gives equally many numbers for each: how the two
    come together is what detectors differ in. From what the network gives, the detector reads boxes with scores. Those
    below `score_threshold` are left out, and of boxes of one class that lie on each other the best is kept.

    `{conv: outputs, kernel_size: 1, init: {normal: 0.01}}` gives, at each place of a map, the numbers that the detector
    needs there. Most of them are to be 0, and the others are small: a last layer that begins as small as in Fast R-CNN
    does not first have to unlearn what it says by chance.

    Paper: Everingham and others, "The Pascal visual object classes (VOC) challenge", 2010; of the detectors, see them.
    """

    Options = Options
    stops_early = True
    targets = "objects"
    goes_through_examples = True
    metrics = device_metric_meanings("detections") | host_metric_meanings()

    def build(self, scenario: Scenario, seed: int, folder: Path | None) -> Training:
        options = self.options(scenario)
        split = load_split(scenario, seed, folder, "objects")
        for part in filter(None, (split.train, split.validation)):
            require_objects(part)
        adjustable = AdjustableNumbers()
        chosen = detector(options.detector, ("options", "detector")).on(split.train, adjustable)
        detection = Detection(chosen, options.score_threshold, options.overlap)
        return Training(
            scenario, seed, folder, chosen.loss, detection=detection, adjustable=adjustable, kind="objects", split=split
        )


def require_objects(part: Data) -> None:
    """Raises InvalidValue if there are no images, or no object in any of them."""
    if part.image_shape is None:
        raise InvalidValue(("data",), "has no images: objects are found in images.")
    if not (part.targets[..., 0] >= 0).any():
        raise InvalidValue(("data",), "has no object in any image.")
