"""Two networks against each other: the experiment behind `gan`."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import numpy as np

from kernels.metrics import norm
from kernels.turns import take_turns
from lab.data import Split
from lab.errors import InvalidValue
from lab.graph import Storage, Tensor, assign, constant, differentiate, scope
from lab.graph import functions as f
from lab.graph.scopes import skippable_block
from lab.graph.tensor import Call, call
from lab.nets.initialisers import generator as random_numbers
from lab.nets.network import Network
from lab.nets.optimizers import Optimizer
from lab.nets.training_step import AHEAD, TrainingStep, training_step
from lab.pictures import Picture
from lab.scenario import Scenario
from lab.tasks.figures.recording import Recording
from lab.tasks.generative.adversaries_shown import AdversariesShown
from lab.tasks.generative.modes import Modes
from lab.tasks.generative.own_optimizer import own_optimizer
from lab.tasks.programs import ProgramExperiment
from lab.tasks.training.data import TrainingData, load_split

SAMPLES = 512
"""So many samples are measured; they are made of the same noise every time, so that one can see them move."""
DISCRIMINATOR_STREAM, GENERATOR_STREAM = 4, 5
TURNS = ("head_start", "discriminator_steps")
"""The options that say in which steps the generator is trained."""


def non_saturating(logits: Tensor) -> Tensor:
    """-log D, mean over the batch: falls the faster the less the discriminator is deceived."""
    return f.binary_cross_entropy(logits, constant(np.ones(logits.shape)))


def minimax(logits: Tensor) -> Tensor:
    """log(1 - D), mean over the batch: flat where the discriminator is not deceived."""
    return -f.binary_cross_entropy(logits, constant(np.zeros(logits.shape)))


LOSSES = {"non-saturating": non_saturating, "minimax": minimax}


class Adversaries(ProgramExperiment):
    """One replica; see `lab.tasks.task.Experiment`."""

    def __init__(self, scenario: Scenario, seed: int, folder: Path | None, options: Any) -> None:
        super().__init__(scenario.train.steps, seed)
        if scenario.model:
            raise InvalidValue(("model",), "is not used by this task: `options` has a model for each of its networks.")
        self.scenario, self.options, self.folder = scenario, options, folder
        self.split: Split = load_split(scenario, seed, folder, "classes")
        self._data = TrainingData(self.split, seed)
        features = self.split.train.numbers[0].size
        self.generator = self._network("generator", features)
        self.discriminator = self._network("discriminator", 1)
        self.recording = Recording()
        self.measured = Storage("statistics")
        step = self._step()
        measuring = self._measuring()
        self.shown = AdversariesShown(self)
        self.lay_out({"step": step, "measure": measuring, "look": self.shown.program})
        for network in (self.generator, self.discriminator):
            if network.given:
                network.first_values(folder)

    # Building

    def _network(self, name: str, outputs: int) -> Network:
        own = getattr(self.options, name)
        init = self.scenario.init if own.init is None else own.init
        try:
            return Network(own.model, init, outputs, self.seed, self.adjustable, name, blocks=self.scenario.blocks)
        except InvalidValue as error:
            raise self._placed(error, name) from None

    def _placed(self, error: InvalidValue, name: str) -> InvalidValue:
        """An error of one of the networks, where its `model` and `init` stand in the file."""
        mine = error.path[:1] == ("model",) or (error.path[:1] == ("init",) and getattr(self.options, name).init)
        return error.under("options", name) if mine else error

    def _applied(self, network: Network, x: Tensor, training: bool) -> Tensor:
        try:
            return network.apply(x, training)[0]
        except InvalidValue as error:
            raise self._placed(error, network.name) from None

    def made(self, noise: Tensor, training: bool) -> Tensor:
        """Samples of the shape of examples, from noise [n, latent]."""
        output, shape = self._applied(self.generator, noise, training), self.split.train.inputs.shape[1:]
        found, wanted = output.size // noise.shape[0], int(np.prod(shape))
        self._require(found, wanted, "generator", f"an example has {wanted}")
        return output.reshape(noise.shape[0], *shape)

    def judged(self, x: Tensor, training: bool) -> Tensor:
        """The logits of being real, [n, 1]."""
        output = self._applied(self.discriminator, x, training)
        self._require(output.size // x.shape[0], 1, "discriminator", "it has to give one, the logit of being real")
        return output.reshape(x.shape[0], 1)

    def _require(self, found: int, wanted: int, name: str, why: str) -> None:
        if found != wanted:
            last = len(getattr(self.options, name).model) - 1
            place = ("options", name, "model", last)
            raise InvalidValue(place, f"the last layer gives {found} numbers per example, but {why}.")

    def _optimizer(self, name: str) -> Optimizer:
        own, place = getattr(self.options, name).optimizer, ("options", name, "optimizer")
        return own_optimizer(self.scenario, own, place, "which the other network changes all the time")

    def _step(self) -> list[Any]:
        real, _ = self._data.batch(self.scenario.train.batch)
        made = self.made(f.normal((real.shape[0], self.options.latent), DISCRIMINATOR_STREAM), training=True)
        of_real, of_made = self.judged(real, training=True), self.judged(made, training=True)
        with scope("discriminator.loss"):
            loss = discriminator_loss(of_real, of_made)
        judging = training_step(loss, self.discriminator, self._optimizer("discriminator"), self.adjustable)
        turns = Storage("states").member("turns", (1,))
        when = (self.adjustable.number(f"options.{name}", self.options, name) for name in TURNS)
        turn = call(take_turns, *when, updates=[turns], rows=0)
        with skippable_block() as turn.skips:
            making = self._generator_step(real.shape[0], turns)
        if any(isinstance(each, Call) and each.phase == AHEAD for each in making.program):
            raise InvalidValue(
                ("options", "generator", "optimizer") if self.options.generator.optimizer else ("optimizer",),
                "looks ahead before each step, but the generator is not trained in each: "
                "`nesterov: change_of_variables` is the same without looking ahead.",
            )
        return [*judging.program, turn, *making.program]

    def _generator_step(self, batch: int, turns: Tensor) -> TrainingStep:
        """The generator against the discriminator as it is after its own step, on new samples."""
        noise = f.normal((batch, self.options.latent), GENERATOR_STREAM)
        judged = self.judged(self.made(noise, training=True), training=True)
        with scope("generator.loss"):
            loss = LOSSES[self.options.loss](judged)
        return training_step(loss, self.generator, self._optimizer("generator"), self.adjustable, turns=turns)

    def _measuring(self) -> list[Any]:
        """The program that measures: numbers in `self.measured`, and the samples."""
        watch, program = self.scenario.watch, list[Tensor | Call]()
        noise = random_numbers(self.seed, "samples").standard_normal((SAMPLES, self.options.latent))
        with scope("measure"):
            self.noise = constant(noise, "noise")
            samples = self.made(self.noise, training=False)
            self.samples = Storage("statistics").member("samples", samples.shape)
            program.append(assign(samples, self.samples))
            of_made = self.judged(samples, training=False)
            of_real = self.judged(self._data.evaluation()[0].whole(), training=False)
            found = {
                "discriminator_loss": discriminator_loss(of_real, of_made),
                "generator_loss": LOSSES[self.options.loss](of_made),
                "real_score": f.mean(f.sigmoid(of_real)),
                "fake_score": f.mean(f.sigmoid(of_made)),
            }
            gradients = {
                "generator_gradient": self.options.loss,
                "minimax_gradient": "minimax",
                "non_saturating_gradient": "non-saturating",
            }
            for name, loss in gradients.items():
                if name in watch:
                    found[name] = self._gradient_norm(LOSSES[loss](of_made))
            self.modes = Modes(self._data.evaluation_sample, samples)
            for name, tensor in found.items():
                if name in watch:
                    program.append(assign(tensor, self.measured.member(name, (1,))))
            for name, tensor in self.modes.counts.items():
                program.append(assign(tensor, self.measured.member(name, tensor.shape)))
            self.recording.keep("shares", self.modes.shares)
        self.metrics = tuple(name for name in watch if name in self.measured.members or name in self.modes.names)
        return [*program, *self.recording.program]

    def _gradient_norm(self, loss: Tensor) -> Tensor:
        found = differentiate(loss, list(self.generator.parameters.members.values()))
        norms = [call(norm, each).result for each in found if each is not None]
        return call(norm, f.concatenate(norms, axis=0)).result

    # Running

    def prepare(self) -> None:
        """Take the memory, and draw the first weights of both networks."""
        super().prepare()
        for network in (self.generator, self.discriminator):
            self.begin(network, self.folder)

    def greeting(self) -> str | None:
        return "; ".join((*self.generator.told, *self.discriminator.told)) or None

    @functools.cached_property
    def _stretches(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """Where in the arena the metrics and what is recorded stand."""
        return self.layout.stretch(self.measured), self.layout.stretch(self.recording.kept)

    def measured_stretch(self) -> tuple[int, int]:
        first = min(begin for begin, _ in self._stretches)
        return first, max(begin + size for begin, size in self._stretches) - first

    def measured_values(self, numbers: np.ndarray, first: int, step: int) -> dict[str, float]:
        (begin, size), (recorded, recorded_size) = self._stretches
        kept = numbers[begin - first : begin - first + size]
        self.recording.record(numbers[recorded - first : recorded - first + recorded_size], step)
        found = {
            name: kept[each.offset : each.offset + each.size].astype(np.float64)
            for name, each in self.measured.members.items()
        }
        values = self.modes.told(found) | {name: float(each[0]) for name, each in found.items()}
        return {name: values[name] for name in self.metrics}

    def pictures(self) -> list[Picture]:
        return self.shown.pictures()

    def state(self) -> dict[str, np.ndarray]:
        return super().state() | self.recording.state()

    def restore(self, state: dict[str, np.ndarray]) -> None:
        super().restore(self.recording.restore(state))

    def weights(self) -> dict[str, np.ndarray]:
        return self.numbers(self.generator.kept) | self.numbers(self.discriminator.kept)


def discriminator_loss(of_real: Tensor, of_made: Tensor) -> Tensor:
    """-log D of examples and -log(1 - D) of samples, from their logits [n, 1]: the sum of both means."""
    real, fake = constant(np.ones(of_real.shape)), constant(np.zeros(of_made.shape))
    return f.binary_cross_entropy(of_real, real) + f.binary_cross_entropy(of_made, fake)
