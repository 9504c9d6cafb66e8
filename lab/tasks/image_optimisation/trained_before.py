"""Networks that are trained before an image is touched: classifiers, and a generator of images."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lab.errors import InvalidValue, Path
from lab.graph import Storage, Tensor, scope
from lab.graph import functions as f
from lab.nets.adjustable_numbers import AdjustableNumbers
from lab.nets.network import Network
from lab.nets.training_step import AHEAD, training_step
from lab.scenario import Scenario
from lab.tasks.generative.own_optimizer import own_optimizer
from lab.tasks.generative.variational import Code
from lab.tasks.training.data import TrainingData

CODE_STREAM = 7
WHY = "and the network is trained before anything can be seen"


def network_of(
    scenario: Scenario,
    layers: Sequence[Any],
    outputs: int,
    seed: int,
    adjustable: AdjustableNumbers,
    name: str,
    place: Path,
    parameters: Storage | None = None,
) -> Network:
    """A network beside that of `model`, whose layers stand at `place`. Raises InvalidValue"""
    with placed(place):
        return Network(
            layers, scenario.init, outputs, seed, adjustable, name, blocks=scenario.blocks, parameters=parameters
        )


@contextlib.contextmanager
def placed(place: Path) -> Iterator[None]:
    """Errors about `model` inside are about the layers at another place in the file."""
    try:
        yield
    except InvalidValue as error:
        if error.path[:1] != ("model",):
            raise
        raise InvalidValue((*place, *error.path[1:]), error.message, at_key=error.at_key) from None


def require_numbers(y: Tensor, wanted: int, place: Path, layers: int, why: str) -> None:
    """Raises InvalidValue where the last of so many layers at `place` does not give so many numbers of each image. why:
    ends the sentence"""
    found = y.size // y.shape[0]
    if found != wanted:
        raise InvalidValue((*place, layers - 1), f"the last layer gives {found} numbers, but {why}.")


def within(output: Tensor, value_range: tuple[float, float]) -> Tensor:
    """Numbers from a network, brought into the range of images by a sigmoid."""
    low, high = value_range
    return f.sigmoid(output) * (high - low) + low


def _step(
    loss: Tensor, parameters: Storage, scenario: Scenario, own: Mapping[str, Any], place: Path,
    adjustable: AdjustableNumbers, owner: str,
) -> list[Any]:  # fmt: skip
    program = training_step(loss, parameters, own_optimizer(scenario, own, place, WHY), adjustable, owner=owner).program
    if any(getattr(each, "phase", 0) == AHEAD for each in program):
        problem = "looks ahead before each step: `nesterov: change_of_variables` is the same without that."
        raise InvalidValue(place, problem)
    return program


def _batch(data: TrainingData, size: int, place: Path) -> tuple[Tensor, Tensor]:
    try:
        return data.batch(size)
    except InvalidValue as error:
        raise InvalidValue((*place, "batch"), error.message) from None


def classifier_program(
    network: Network, data: TrainingData, scenario: Scenario, own: Any, place: Path, adjustable: AdjustableNumbers,
    layers: Path = ("model",),
) -> list[Any]:  # fmt: skip
    """The step that trains a classifier.

    own: how, with `batch` and `optimizer`;  place: where that stands;  layers: where the layers stand
    """
    x, y = _batch(data, own.batch, place)
    with placed(layers):
        output, _ = network.apply(x, training=True)
    wanted = data.split.train.outputs
    count = len(scenario.model if layers == ("model",) else own.layers)
    require_numbers(output, wanted, layers, count, f"there are {wanted} classes")
    with scope(f"{network.name or 'network'}.loss"):
        loss = f.softmax_cross_entropy(output, y)
    made = _step(
        loss, network.parameters, scenario, own.optimizer, (*place, "optimizer"), adjustable, network.name or "network"
    )
    return [*made, *network.updates]


class Generator:
    """A variational autoencoder, of which the decoder makes images of codes.

    Its codes are meant to be standard normal; pixels are taken as shares of the range of images, and the loss of each
    as that of a Bernoulli variable.

    Paper: Kingma and Welling, "Auto-encoding variational Bayes", 2013.
    """

    PLACE: Path = ("options", "generator")

    def __init__(
        self, scenario: Scenario, data: TrainingData, own: Any, shape: tuple[int, int, int],
        value_range: tuple[float, float], seed: int, adjustable: AdjustableNumbers,
    ) -> None:  # fmt: skip
        self.own, self.shape, self.value_range = own, shape, value_range
        self.size = shape[0] * shape[1] * shape[2]
        self._both = Storage("parameters")
        self._encoder, self.decoder = (
            network_of(
                scenario, getattr(own, name), outputs, seed, adjustable, f"generator.{name}", (*self.PLACE, name),
                self._both,
            )
            for name, outputs in (("encoder", 2 * own.latent), ("decoder", self.size))
        )  # fmt: skip
        x, _ = _batch(data, own.batch, self.PLACE)
        with placed((*self.PLACE, "encoder")):
            both, _ = self._encoder.apply(x, training=True)
        why = f"there are mean and variance of {own.latent} each"
        require_numbers(both, 2 * own.latent, (*self.PLACE, "encoder"), len(own.encoder), why)
        both = both.reshape(x.shape[0], -1)
        code = Code(both[:, : own.latent], both[:, own.latent :])
        output = self._decoded(code.drawn(f.normal(code.mean.shape, CODE_STREAM)), training=True)
        low, high = value_range
        with scope("generator.loss"):
            shares = (x.reshape(x.shape[0], -1) - low) * (1 / (high - low))
            badly = f.mean(f.sum(f.softplus(output) - shares * output, "rows"))
            loss = badly + f.mean(f.sum(code.divergences, "rows"))
        made = _step(loss, self._both, scenario, own.optimizer, (*self.PLACE, "optimizer"), adjustable, "generator")
        self.program = [*made, *self._encoder.updates, *self.decoder.updates]

    def _decoded(self, codes: Tensor, training: bool) -> Tensor:
        with placed((*self.PLACE, "decoder")):
            output, _ = self.decoder.apply(codes, training)
        require_numbers(
            output, self.size, (*self.PLACE, "decoder"), len(self.own.decoder), f"an image has {self.size} pixels"
        )
        return output.reshape(codes.shape[0], self.size)

    def images(self, codes: Tensor) -> Tensor:
        """What the decoder makes of codes [n, latent]: [n, height, width, channels]."""
        return within(self._decoded(codes, training=False), self.value_range).reshape(codes.shape[0], *self.shape)

    @property
    def networks(self) -> tuple[Network, Network]:
        """Encoder and decoder, whose first weights have to be drawn."""
        return self._encoder, self.decoder
