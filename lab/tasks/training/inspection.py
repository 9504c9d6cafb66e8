"""A network in training as figures and host metrics see it: what there is to look at, whoever trains it."""

from __future__ import annotations

import math
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from lab.data import Data, Split
from lab.graph import Storage, Tensor
from lab.metrics import MeasuredNetwork
from lab.metrics.detection.heads import Heads
from lab.nets.builder import BuiltLayer
from lab.nets.network import Network
from lab.scenario import Scenario
from lab.tasks.detection.detection import Detection
from lab.tasks.programs import ProgramExperiment
from lab.tasks.stopwatch import Stopwatch
from lab.tasks.training.explanations import Explanations
from lab.tasks.training.neighbours import Neighbours
from lab.tasks.training.patches import MaximalPatches


@dataclass
class Inspection:
    """One network of an experiment, what it learns from, and how both stand now.

    experiment:        what trains the network; it has the inspection, so the inspection only refers to it
    network:           the layers, and the names of their parameters
    loss:              from the network's output [batch, outputs] and the targets to the loss [1]
    split:             the examples to train on and those held back
    evaluation_sample: the examples on which the network is measured
    layers:            the layers as they were built for training
    evaluated_layers:  the layers as they were built for evaluation on the evaluation sample
    gradients:         storage with the gradient of every parameter, under its name
    heads, detection:  what the numbers of an output stand for; see `Objective`
    measured:          the tensors that device metrics see: loss, answers and targets on the evaluation sample
    """

    experiment: ProgramExperiment
    scenario: Scenario
    network: Network
    loss: Callable[[Tensor, Tensor], Tensor]
    split: Split
    evaluation_sample: Data
    layers: Sequence[BuiltLayer]
    evaluated_layers: Sequence[BuiltLayer]
    gradients: Storage
    measured: MeasuredNetwork
    heads: Heads | None = None
    detection: Detection | None = None

    def __post_init__(self) -> None:
        # The experiment has its figures, which have this. If this had the experiment, too, its memory would wait for
        # the collector of cycles, which comes after many objects and does not know how large a few are.
        self.experiment = weakref.proxy(self.experiment)

    @property
    def seed(self) -> int:
        return self.experiment.seed

    @property
    def step(self) -> int:
        """How many training steps are done."""
        return self.experiment.step

    @property
    def evaluations(self) -> int:
        """How often loss and gradient of a batch were computed so far."""
        return self.experiment.evaluations

    @cached_property
    def explanations(self) -> Explanations:
        """Why it answers what it answers, of images; see `can_be_explained`."""
        return Explanations(self)

    @cached_property
    def patches(self) -> MaximalPatches:
        """What the channels of its convolutions answer to most."""
        return MaximalPatches(self)

    @cached_property
    def neighbours(self) -> Neighbours:
        """Which examples are nearest to each other, by pixels and by its last hidden layer."""
        return Neighbours(self)

    def held_back(self, most: int) -> Data:
        """So many examples at most that are held back, always the same; without any, of the evaluation sample."""
        held = self.split.validation or self.evaluation_sample
        chosen = np.random.default_rng(0).permutation(held.count)[:most]
        return held.rows(np.sort(chosen))

    def settings(self) -> dict[str, float]:
        """The numbers that may be changed while it runs, as they are now, by dotted name."""
        return self.experiment.settings()

    def learning_rate(self) -> float:
        """The learning rate of the last step (at step 0: of the first), with its schedule; NaN where there is none."""
        found = {} if self.measured.rate is None else self.experiment.numbers({"rate": self.measured.rate})
        return float(found["rate"][0]) if found else math.nan

    def weights(self) -> dict[str, np.ndarray]:
        """Copies of all parameters and running numbers by name."""
        return self.experiment.numbers(self.network.kept)

    def gradient(self) -> dict[str, np.ndarray]:
        """Copies of the gradient that the last update used (at step 0: that the first will use), by parameter."""
        return self.experiment.numbers(self.gradients.members)

    def time_steps(self, watch: Stopwatch) -> None:
        """Have each stretch of training steps timed from now on."""
        self.experiment.time_steps(watch)
