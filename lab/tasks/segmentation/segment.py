"""`task: segment`: a network learns to say of every pixel what it shows."""

from __future__ import annotations

from pathlib import Path

from lab.errors import InvalidValue
from lab.graph import Tensor, constant
from lab.graph import functions as f
from lab.metrics import device_metric_meanings
from lab.scenario import Scenario
from lab.tasks.figures import FigureOptions
from lab.tasks.host_metrics import host_metric_meanings
from lab.tasks.task import Task, task
from lab.tasks.training.data import load_split
from lab.tasks.training.training import Training


class Options(FigureOptions):
    """Settings of the task `segment`."""


def loss(output: Tensor, targets: Tensor) -> Tensor:
    """Softmax cross-entropy of every pixel, mean over pixels and batch: [1].

    output: one score for each class and pixel;  targets: [batch, height, width]
    """
    return f.softmax_cross_entropy(by_pixel(output, targets.size), targets.reshape(targets.size))


def loss_of_counted(output: Tensor, targets: Tensor) -> Tensor:
    """The same, mean over the pixels that count alone, which are those whose target is not -1; 0 if none does."""
    labels = targets.reshape(targets.size)
    counts = f.minimum(f.add(labels, constant(1.0)), constant(1.0))
    missed = f.log_probability(by_pixel(output, targets.size), f.maximum(labels, constant(0.0)))
    return f.divide(-f.sum(f.multiply(missed, counts)), f.maximum(f.sum(counts), constant(1.0)))


def by_pixel(output: Tensor, pixels: int) -> Tensor:
    """Scores as [pixels, classes]."""
    return output.reshape(pixels, output.size // pixels)


@task("segment")
class Segment(Task):
    """A network learns to say of every pixel what it shows; trained with the softmax cross-entropy of all pixels.

    Pixels that masks in files mark as such (`ignore_index`), and those that augmentation brings in from outside of an
    image, count neither in the loss nor in metrics.

    Its last layer gives a number for each class at each pixel: [height, width, classes], or, behind `windows`,
    [classes] for each window.

    Paper: Long, Shelhamer and Darrell, "Fully convolutional networks for semantic segmentation", 2015.
    """

    Options = Options
    stops_early = True
    predicts = True
    targets = "classes"
    goes_through_examples = True
    metrics = device_metric_meanings("pixels") | host_metric_meanings()

    def build(self, scenario: Scenario, seed: int, folder: Path | None) -> Training:
        split = load_split(scenario, seed, folder, "classes")
        train = split.train
        if train.image_shape is None or train.targets.shape[1:] != train.image_shape[:2]:
            problem = "this task needs images and the class of each of their pixels, as {name: shape-masks} and "
            problem += "{images: folder, masks: folder} have."
            raise InvalidValue(("data",), problem)
        moved = split.augment is not None and split.augment.moves
        every = [part.targets for part in (train, split.validation) if part is not None]
        # Where each pixel counts, the loss of all of them is the same, and quicker.
        chosen = loss_of_counted if moved or any((each < 0).any() for each in every) else loss
        return Training(scenario, seed, folder, chosen, kind="classes", split=split)
