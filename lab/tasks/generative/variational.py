"""A variational autoencoder, its bound and a better one: the experiment behind `vae`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np

from lab.data import Split, TargetKind
from lab.errors import InvalidValue
from lab.graph import Tensor, constant, scope
from lab.graph import functions as f
from lab.nets.initialisers import generator as random_numbers
from lab.nets.training_step import training_step
from lab.pictures import Picture
from lab.scenario import Scenario
from lab.tasks.figures.snapshot import some
from lab.tasks.generative.measured_experiment import MeasuredExperiment
from lab.tasks.generative.modes import Modes
from lab.tasks.generative.own_optimizer import own_optimizer
from lab.tasks.generative.variational_shown import VariationalShown
from lab.tasks.training.data import TrainingData, load_split

CODE_STREAM = 7
EVALUATED = 200
"""So many examples are measured at most."""
EXACT = "exact_log_likelihood"
REACH, LINE = 5.0, 101
"""Codes on the grid go from minus to plus this number, so many on each axis."""
ROOT_OF_2_PI = math.sqrt(2 * math.pi)
SAMPLES = 200
"""So many samples are counted by the class of the nearest example."""
WALKS, WALK_STEPS = 24, 24
ACTIVE = 0.01
"""Nats of KL above which a number of the code is in use."""


class Code(NamedTuple):
    """What the encoder says of examples: mean and logarithm of the variance of their codes, each [n, latent]."""

    mean: Tensor
    log_variance: Tensor

    @property
    def divergences(self) -> Tensor:
        """KL to the standard normal of each number of each code, [n, latent]."""
        return 0.5 * (f.square(self.mean) + f.exp(self.log_variance) - self.log_variance - 1.0)

    def drawn(self, noise: Tensor) -> Tensor:
        """Codes from standard normal noise [..., n, latent]."""
        deviation = f.exp(0.5 * self.log_variance)
        return f.broadcast(self.mean, noise.shape) + f.broadcast(deviation, noise.shape) * noise


class Variational(MeasuredExperiment):
    """One replica; see `lab.tasks.task.Experiment`.

    targets:     what kind of targets the data have
    held:        the examples that are measured
    value_range: the smallest and the largest number of training examples
    """

    targets: ClassVar[TargetKind] = "classes"

    def __init__(self, scenario: Scenario, seed: int, folder: Path | None, options: Any) -> None:
        super().__init__(scenario, seed, folder, options)
        if scenario.model:
            raise InvalidValue(("model",), "is not used by this task: `options` has an encoder and a decoder.")
        self.split: Split = load_split(scenario, seed, folder, self.targets)
        if self.split.validation is None:
            raise InvalidValue(("data",), "this task measures examples that are held back: set validation: 0.3.")
        self._require_pixels()
        self._data = TrainingData(self.split, seed)
        self.features = self.split.train.numbers[0].size
        self.network_of("encoder", 2 * options.latent)
        self.network_of("decoder", self.features)
        held = self.split.validation
        self.held = held.rows(some(held.count, EVALUATED))
        step = self._step()
        self.modes: Modes | None = None
        measuring = self._measuring()
        self.shown = self._pictures()
        self.lay_out({"step": step, "measure": measuring, "look": self.shown.program})

    def _require_pixels(self) -> None:
        """Bernoulli's log p of grey is none: its bound would be one of nothing."""
        values = self.split.train.numbers
        self.value_range = float(values.min()), float(values.max())
        if self.options.likelihood == "bernoulli" and not np.isin(values, (0.0, 1.0)).all():
            raise InvalidValue(
                ("options", "likelihood"),
                "bernoulli gives probabilities of 0 and 1, but these data have other numbers: set data.binarise: 0.5, "
                "or likelihood: normal.",
            )

    def _pictures(self) -> VariationalShown:
        return VariationalShown(self)

    # Building

    def coded(self, x: Tensor, training: bool) -> Code:
        """The encoder's answer to examples [n, …]."""
        output, latent = self.applied("encoder", x, training), self.options.latent
        self.require_outputs("encoder", output, 2 * latent, f"there are mean and variance of {latent} each")
        both = output.reshape(x.shape[0], 2 * latent)
        return Code(both[:, :latent], both[:, latent:])

    def decoded(self, codes: Tensor, training: bool) -> Tensor:
        """What the decoder makes of codes [..., latent]: logits or means, [..., features]."""
        output = self.applied("decoder", codes.reshape(-1, self.options.latent), training)
        self.require_outputs("decoder", output, self.features, f"an example has {self.features}")
        return output.reshape(*codes.shape[:-1], self.features)

    def images(self, codes: Tensor) -> Tensor:
        """What is expected of each number of an example: probabilities or means, [..., features]."""
        output = self.decoded(codes, training=False)
        return f.sigmoid(output) if self.options.likelihood == "bernoulli" else output

    def log_likelihood(self, x: Tensor, output: Tensor) -> Tensor:
        """log p(x|z) [...], summed over the features, of x [n, features], for outputs [..., n, features]."""
        if self.options.likelihood == "bernoulli":
            return f.sum(x * output - f.softplus(output), "rows")
        deviation = self.options.deviation
        errors = f.sum(f.square(output - x), "rows")
        return errors * (-0.5 / deviation**2) - self.features * math.log(deviation * ROOT_OF_2_PI)

    def _step(self) -> list[Any]:
        x, _ = self._data.batch(self.scenario.train.batch)
        code = self.coded(x, training=True)
        output = self.decoded(code.drawn(f.normal(code.mean.shape, CODE_STREAM)), training=True)
        weight = self.adjustable.number("options.kl_weight", self.options, "kl_weight")
        over = self.features if self.options.reconstruction == "mean" else 1
        with scope("loss"):
            badly = -f.mean(self.log_likelihood(x.reshape(x.shape[0], -1), output)) * (1 / over)
            loss = badly + weight * f.mean(f.sum(code.divergences, "rows"))
        chosen = own_optimizer(self.scenario, {}, ("optimizer",), "but each loss is of other noise")
        networks = [self.networks[name] for name in ("encoder", "decoder")]
        made = training_step(loss, self.parameters, chosen, self.adjustable)
        updates = [each for network in networks for each in network.updates]
        self.require_no_looking_ahead(made.program)
        return [*made.program, *updates]

    def _noise(self, name: str, *shape: int) -> Tensor:
        return constant(random_numbers(self.seed, name).standard_normal((*shape, self.options.latent)), name)

    def log_weights(self, x: Tensor, code: Code, noise: Tensor) -> tuple[Tensor, Tensor]:
        """log p(x|z) and log p(x|z) p(z) / q(z|x) of codes from noise [samples, n, latent], each [samples, n]."""
        codes = code.drawn(noise)
        given_code = self.log_likelihood(x, self.decoded(codes, training=False))
        prior, proposed = f.sum(f.square(codes), "rows"), f.sum(f.square(noise), "rows")
        more = 0.5 * (proposed - prior) + 0.5 * f.sum(code.log_variance, "rows")
        return given_code, given_code + more

    def bounds(self, inputs: Tensor, which: str) -> dict[str, Tensor]:
        """Means over examples [n, …], each [1]: reconstruction, kl, elbo, log_likelihood; and `units`, KL [latent]."""
        count, samples = inputs.shape[0], self.options.samples
        x, code = inputs.reshape(count, -1), self.coded(inputs, training=False)
        given_code, _ = self.log_weights(x, code, self._noise(f"{which} noise", samples, count))
        _, weights = self.log_weights(x, code, self._noise(f"{which} proposals", samples, count))
        largest = f.max(weights, "columns")
        total = f.sum(f.exp(weights - largest), "columns")
        units = f.mean(code.divergences, "columns")
        reconstruction, kl = -f.mean(given_code), f.sum(units)
        estimate = f.mean(f.log(total) + largest) - math.log(samples)
        return {
            "reconstruction": reconstruction, "kl": kl, "elbo": -(reconstruction + kl), "log_likelihood": estimate,
            "units": units,
        }  # fmt: skip

    def integral(self, inputs: Tensor) -> Tensor:
        """log p(x) itself, mean over examples [n, …]: a sum over codes on a grid, which there may be of two numbers."""
        line = np.linspace(-REACH, REACH, LINE)
        axes = np.meshgrid(*[line] * self.options.latent)
        codes = np.stack([axis.ravel() for axis in axes], axis=1)
        prior = -0.5 * (codes**2).sum(axis=1) + self.options.latent * math.log((line[1] - line[0]) / ROOT_OF_2_PI)
        x, output = inputs.reshape(inputs.shape[0], -1), self.decoded(constant(codes, "grid"), training=False)
        if self.options.likelihood == "bernoulli":
            joint = x @ f.transpose(output, 1, 0) + (constant(prior) - f.sum(f.softplus(output), "rows"))
            own = constant(0.0)
        else:
            scale = 1 / self.options.deviation**2
            joint = x @ f.transpose(output * scale, 1, 0) + (
                constant(prior) - 0.5 * scale * f.sum_squares(output, "rows")
            )
            own = self.log_likelihood(x, constant(np.zeros(x.shape)))
        largest = f.max(joint, "rows")
        total = f.sum(f.exp(joint - f.broadcast(largest.reshape(-1, 1), joint.shape)), "rows")
        return f.mean(f.log(total) + largest + own)

    def _measuring(self) -> list[Any]:
        watch = self.scenario.watch
        with scope("measure"):
            found = self.bounds(constant(self.held.numbers, "held"), "held")
            found["gap"] = found["log_likelihood"] - found["elbo"]
            if "train_elbo" in watch:
                train = self.split.train
                seen = train.rows(some(train.count, EVALUATED))
                found["train_elbo"] = self.bounds(constant(seen.numbers, "seen"), "seen")["elbo"]
            if "walk_jump" in watch:
                found["walk_jump"] = self._walk_jump()
            if EXACT in watch:
                if self.options.latent > 2:
                    raise InvalidValue(("watch", watch.index(EXACT)), "can be had of codes of one or two numbers only.")
                found[EXACT] = self.integral(constant(self.held.numbers, "held"))
            if {"modes", "on_data"} & set(watch):
                self.modes = Modes(self._data.evaluation_sample, self.images(self._noise("samples", SAMPLES)))
                found |= self.modes.counts
            program = self.kept(found)
        told = {*found, "active_units", *(("modes", "on_data") if self.modes else ())}
        self.metrics = tuple(name for name in watch if name in told)
        return program

    def ends_of_walks(self, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Which examples held back so many walks begin and end at; the classes of both are different, if possible."""
        order, kinds = random_numbers(self.seed, "walks").permutation(self.held.count), self.held.targets
        begins, ends = order[: len(order) // 2], list(order[len(order) // 2 :])
        count, chosen = min(count, len(begins)), []
        for begin in begins[:count]:
            place = next((n for n, end in enumerate(ends) if np.any(kinds[end] != kinds[begin])), 0)
            chosen.append(ends.pop(place))
        return begins[:count], np.array(chosen)

    def walks(self, count: int, steps: int) -> Tensor:
        """Images on straight walks between the mean codes of two examples, [steps, walks, features]."""
        begin, end = (
            self.coded(constant(self.held.numbers[rows], "ends"), training=False).mean
            for rows in self.ends_of_walks(count)
        )
        shape = (steps, *begin.shape)
        along = constant(np.linspace(0, 1, steps).reshape(-1, 1, 1), "along")
        first, way = f.broadcast(begin, shape), f.broadcast(end - begin, shape)
        return self.images(first + f.broadcast(along, shape) * way)

    def _walk_jump(self) -> Tensor:
        images = self.walks(WALKS, WALK_STEPS)
        changes = f.square_root(f.sum(f.square(images[1:] - images[:-1]), "rows") + 1e-12)
        return f.mean(f.max(changes, "columns") / f.mean(changes, "columns"))

    # Running

    def told(self, kept: Mapping[str, np.ndarray]) -> dict[str, float]:
        found = super().told(kept) | {"active_units": float((kept["units"] > ACTIVE).sum())}
        return found | (self.modes.told(kept) if self.modes is not None else {})

    def pictures(self) -> list[Picture]:
        return self.shown.pictures()
