"""A network: the layers of a scenario's `model`, built into the graph as often as programs need them.

Its parameters are declared on the first building (for training) and shared by all later ones (for measuring).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from lab.errors import InvalidValue, nearest
from lab.graph.functions.windows import concatenate
from lab.graph.tensor import Call, Storage, Tensor, call
from lab.nets.adjustable_numbers import AdjustableNumbers, qualified
from lab.nets.blocks import Block, WrongInBlock, known_blocks
from lab.nets.builder import Builder, BuiltLayer
from lab.nets.initialisers import He, Initialiser, generator, initialiser
from lab.nets.layer import LAYERS, layer, load_layers
from lab.nets.proposing import Proposing
from lab.nets.sequence_states import SequenceStates
from lab.nets.symbols import SymbolReader

LARGEST_NETWORK = 2 * 1024**3
"""Bytes of parameters, gradients and optimizer states above which a network is refused."""


class Network:
    """The layers, their parameters and how these begin.

    name:       which network it is, where there are several: its layers are named `generator.dense1` and so on, and so
                are their parameters, settings and streams of random numbers. One alone has no name
    parameters: storage with every parameter, by name; one that is given is shared by several networks with names, which
                one training step then trains together
    largest:    bytes of parameters, gradients and optimizer states above which it is refused; None for one that is
                never trained
    frozen:     storage with the parameters that stay as they are: no gradient is computed for them
    told:       sentences on how the weights began
    tables:     where tables of rows are kept: a storage of their own if `tables_apart`, for training steps that change
                only the rows in use
    running:    storage with the numbers that training steps keep up to date beside the gradient (running means)
    updates:    the calls that do so
    gates:      one number per layer that is left out of some training steps: whether the last one had it
    auxiliary:  outputs beside that which `apply` gave last, for training, each with what its loss is multiplied by
    symbol_readers: the layers that look up symbols, by name
    gated:      the gate of each such layer, and the names of the parameters in it
    settings:   where layers declare adjustable numbers (slopes, rates)
    proposing:  the anchors of a detector whose regions the network itself proposes
    before:     what is built before the first layer, see `lab.nets.column_inputs`
    """

    def __init__(
        self,
        model: Sequence[Any],
        init: Any,
        outputs: int,
        seed: int,
        settings: AdjustableNumbers,
        name: str = "",
        tables_apart: bool = False,
        blocks: Mapping[str, Block] | None = None,
        largest: int | None = LARGEST_NETWORK,
        parameters: Storage | None = None,
        before: Callable[[Tensor, Builder], Tensor] | None = None,
    ) -> None:
        if not model:
            raise InvalidValue(("model",), "lists no layers.")
        with known_blocks(_checked(blocks or {})):
            try:
                self.layers = [layer(each, ("model", index)) for index, each in enumerate(model)]
            except WrongInBlock as error:
                raise error.told() from None
        self.before = before
        self.name, self.outputs, self.seed, self.largest = name, outputs, seed, largest
        self.parameters, self.frozen = parameters or Storage("parameters"), Storage("states")
        self._freeze: tuple[str, ...] = ()
        self.told: list[str] = []
        self.tables = Storage("parameters") if tables_apart else self.parameters
        self.running = Storage("states")
        self.first_running: dict[str, float] = {}
        self.updates: list[Call] = []
        self.gates = Storage("statistics")
        self.gated: list[tuple[Tensor, list[str]]] = []
        self.auxiliary: list[tuple[Tensor, Tensor]] = []
        self.symbol_readers: dict[str, SymbolReader] = {}
        self.settings = settings
        self.proposing: Proposing | None = None
        self._first: dict[str, tuple[Initialiser | float, int, int]] = {}
        self.initialiser: Initialiser = He()
        if isinstance(init, Mapping) and "from" in init:
            self._from: Any = init["from"]
            if unknown := [key for key in init if key not in ("from", "freeze")]:
                raise InvalidValue(("init", unknown[0]), "beside `from` there may only be `freeze`.", at_key=True)
            frozen = init.get("freeze", [])
            if not isinstance(frozen, list) or not all(isinstance(each, str) and each for each in frozen):
                raise InvalidValue(("init", "freeze"), "must be a list of layers, such as [dense1, dense2].")
            self._freeze = tuple(frozen)
        else:
            self._from = None
            if init is not None:
                self.initialiser = initialiser(init)

    def require_symbols(self, *inputs: Any) -> None:
        """Raises InvalidValue if inputs [examples, …] (None: there are none) hold numbers for which layers that look up
        symbols have no rows. To be called after the layers are built, for all that may ever come in."""
        for reader in self.symbol_readers.values():
            for each in inputs:
                if each is not None:
                    reader.check(each)

    def running_numbers_of(self, x: Tensor) -> list[Call]:
        """The calls that set the running numbers to those of one batch, as in training, forgetting what they were."""
        made = len(self.updates)
        self.apply(x, training=True, forgets=True)
        calls = self.updates[made:]
        del self.updates[made:]  # they are no part of training steps
        return calls

    def apply(
        self,
        x: Tensor,
        training: bool,
        forgets: bool = False,
        sequence: SequenceStates | None = None,
        regions: Tensor | None = None,
    ) -> tuple[Tensor, list[BuiltLayer]]:
        """Build all layers on an input [batch, …]: the output, and each layer's part; those inside of another layer
        stand before it.

        sequence: given where the input is [batch, time, …]: states and mask of recurrent layers, see `SequenceStates`
        regions:  see `Builder`
        """
        builder = Builder(self, self.outputs, training, forgets, regions=regions, _prefix=qualified(self.name, ""))
        if sequence is not None:
            builder.states, builder.timed = sequence, sequence.timed
        self.auxiliary = builder.auxiliary
        if self.before is not None:
            x = self.before(x, builder)
        try:
            x = builder.sequence(self.layers, x, "model")
        except WrongInBlock as error:
            raise error.told() from None
        if builder.beside:
            x = concatenate([x.reshape(builder.beside[0].shape[0], -1), *builder.beside])
        return x, builder.parts

    def clear(self, gradients: Storage) -> list[Call]:
        """What must be done once the gradients stand in their storage, before they are used: those of layers that are
        left out, which nobody has computed, are set to 0. To be called after the gradients are built."""
        from kernels.dropout import clear_if_shut

        return [
            call(clear_if_shut, gate, updates=[gradients.members[name]]) for gate, names in self.gated for name in names
        ]

    def declare(
        self,
        name: str,
        shape: tuple[int, ...],
        first: Initialiser | float | None,
        fan_in: int,
        fan_out: int,
        table: bool = False,
    ) -> None:
        """Add a parameter, or a table (see `tables`).

        Refuses a network of absurd size, with the estimate, before memory is taken."""
        size = int(np.prod([int(each) for each in shape], dtype=object))
        # Weight, gradient and up to two moments, 4 bytes each.
        there = self.parameters.whole.size + (0 if self.tables is self.parameters else self.tables.whole.size)
        estimate = 16 * (there + size)
        if self.largest is not None and estimate > self.largest:
            raise InvalidValue(
                (),
                f"{name} with {size:,} weights would need about {estimate / 1024**3:,.1f} GiB with gradients and "
                f"optimizer states; the limit is {self.largest / 1024**3:.0f} GiB.",
            )
        self._storage(name, table).member(name, shape)
        self._first[name] = (self.initialiser if first is None else first, fan_in, fan_out)

    def _storage(self, name: str, table: bool = False) -> Storage:
        """Where a parameter stands: layers that are frozen have a storage that no training step changes."""
        own = name.removeprefix(qualified(self.name, ""))
        if any(own.startswith(f"{layer}.") for layer in self._freeze):
            return self.frozen
        return self.tables if table else self.parameters

    @property
    def kept(self) -> dict[str, Tensor]:
        """All that a trained network consists of, by name: its parameters, then its running numbers."""
        return {**self.frozen.members, **self._trained, **self.running.members}

    @property
    def _trained(self) -> dict[str, Tensor]:
        """Its own parameters and tables by name, where others may share the storage."""
        every = {**self.parameters.members, **self.tables.members}
        return {name: tensor for name, tensor in every.items() if name in self._first}

    @property
    def given(self) -> bool:
        """Whether the weights come from a file."""
        return self._from is not None

    def first_values(self, folder: Any = None) -> dict[str, np.ndarray]:
        """The first values of all that is kept: from the initialisers and the seed, or from a weights file."""
        if self._from is not None:
            from lab.nets.weights import load_weights

            self._refuse_freezing()
            shapes = {name: tensor.shape for name, tensor in self.kept.items()}
            head = next((name.rpartition(".")[0] for name in reversed(self.parameters.members)), "")
            loaded = load_weights(self._from, shapes, folder, head)
            drawn = [name for name in shapes if name not in loaded]
            self.told = [f"the weights begin as those of {self._from}"]
            if drawn:
                self.told.append(f"{head} is drawn anew, since its shape there is another one")
            if self._freeze:
                self.told.append(f"frozen: {', '.join(self._freeze)}")
            return loaded | {name: value for name, value in self._drawn().items() if name in drawn}
        return self._drawn()

    def _refuse_freezing(self) -> None:
        """Raises InvalidValue if what is to be frozen is not there, or nothing is left to train."""
        every = dict.fromkeys(name.rpartition(".")[0] for name in (*self.frozen.members, *self.parameters.members))
        for place, each in enumerate(self._freeze):
            if not any(layer == each or layer.startswith(f"{each}.") for layer in every):
                raise InvalidValue(("init", "freeze", place), f"there is no layer {each!r}; {nearest(each, every)}.")
        if not self.parameters.members and self.frozen.members:
            raise InvalidValue(("init", "freeze"), "every layer is frozen: nothing is left to train.")

    def _drawn(self) -> dict[str, np.ndarray]:
        """First values from the initialisers and the seed."""
        values = {name: np.full(self.running.members[name].shape, first) for name, first in self.first_running.items()}
        for name, tensor in self._trained.items():
            first, fan_in, fan_out = self._first[name]
            if isinstance(first, Initialiser):
                values[name] = first.draw(tensor.shape, fan_in, fan_out, generator(self.seed, name))
            else:
                values[name] = np.full(tensor.shape, float(first))
        return values


def _checked(blocks: Mapping[str, Block]) -> Mapping[str, Block]:
    """The blocks, if none is called like a layer. Raises InvalidValue."""
    load_layers()
    for name in blocks:
        if name in LAYERS:
            raise InvalidValue(
                ("blocks", name), f"there is a layer {name} already: call the block otherwise.", at_key=True
            )
    return blocks
