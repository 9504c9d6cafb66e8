"""A network: the layers of a scenario's `model`, built into the graph as often as programs need them.

Its parameters are declared on the first building (for training) and shared by all later ones (for measuring).
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lab.errors import InvalidValue, nearest
from lab.graph.functions.pooling import Places
from lab.graph.functions.windows import concatenate
from lab.graph.scopes import scope
from lab.graph.shapes import ShapeError
from lab.graph.tensor import Call, Storage, Tensor, assign, call
from lab.nets.adjustable_numbers import AdjustableNumbers, qualified
from lab.nets.blocks import MOST_LAYERS, Block, WrongInBlock, known_blocks
from lab.nets.initialisers import He, Initialiser, generator, initialiser
from lab.nets.layer import LAYERS, Layer, layer, load_layers
from lab.nets.padding import Padding
from lab.nets.proposing import Proposing
from lab.nets.reach import INPUT, Reach
from lab.nets.sequence_states import SequenceStates
from lab.nets.symbols import SymbolReader, read_by

LARGEST_NETWORK = 2 * 1024**3
"""Bytes of parameters, gradients and optimizer states above which a network is refused."""


@dataclass(frozen=True)
class BuiltLayer:
    """One layer as it was built: its name (`dense1`), what it is, the tensors that go in and come out, what one
    number of its output sees of the network's input, and to which entry of `model` it belongs.

    attention: of a layer that attends: how much each step looks at each place, [batch, heads, steps, places]
    """

    name: str
    layer: Layer
    x: Tensor
    y: Tensor
    reach: Reach = INPUT
    entry: int = 0
    attention: Tensor | None = None


@dataclass
class Builder:
    """What a layer needs to know while it is built.

    outputs:  what `classes` and `outputs` stand for in a scenario
    training: False for evaluation, where dropout and the like do nothing
    forgets:  whether running numbers take in nothing but this batch, and forget what they were
    states:   first states and masks of recurrent layers, and what they leave behind
    timed:    whether the axis behind the batch is time, so that a dense layer acts on each step by itself
    pooled:   window and places of each max pooling that no unpooling has undone so far, the last one last
    regions:  boxes of each image [batch, regions, 4] as shares of its width and height, for layers that cut them out
    beside:   what the network gives beside the last layer's output, each [batch, numbers]; it is joined behind it
    attention: by name of a layer how much each step looks at each place, see `BuiltLayer`
    padding:  which places of sequences are padding, see `mask`
    """

    network: Network
    outputs: int
    training: bool
    forgets: bool = False
    states: SequenceStates = field(default_factory=SequenceStates)
    timed: bool = False
    layer_name: str = ""
    parts: list[BuiltLayer] = field(default_factory=list)
    reaches: dict[Tensor, Reach] = field(default_factory=dict)
    auxiliary: list[tuple[Tensor, Tensor]] = field(default_factory=list)
    pooled: list[tuple[tuple[int, int], Places]] = field(default_factory=list)
    entry: int = 0
    regions: Tensor | None = None
    beside: list[Tensor] = field(default_factory=list)
    attention: dict[str, Tensor] = field(default_factory=dict)
    padding: Padding = field(default_factory=Padding)
    _counts: dict[str, int] = field(default_factory=dict)
    _prefix: str = ""

    def add(self, chosen: Layer, x: Tensor) -> Tensor:
        """Build one layer: what comes out of it. It is named by its kind and number, and becomes one of `parts`."""
        if chosen.stands_for_others:
            return chosen.build(x, self)
        if len(self.parts) >= MOST_LAYERS:
            raise InvalidValue((), f"the network has more than {MOST_LAYERS:,} layers.")
        name = self.enter(chosen.name)
        self.padding.refuse(chosen, name, x)
        with scope(name):
            y = chosen.build(x, self)
        y.name = name
        self.padding.hand_on(y, x)
        if y not in self.reaches:
            known = self.network.parameters.members
            weights = f"{name}.weight" in known or f"{name}.input.weight" in known
            self.reaches[y] = self.reach(x).behind(chosen.window(x.shape[1:]), weights)
        self.parts.append(BuiltLayer(name, chosen, x, y, self.reaches[y], self.entry, self.attention.get(name)))
        return y

    def reach(self, x: Tensor) -> Reach:
        """What one number of a tensor sees of the network's input."""
        return self.reaches.get(x, INPUT)

    def mask(self, x: Tensor) -> Tensor | None:
        """Of sequences x [batch, time, …] which places count: [batch, time], 1 where one goes on and 0 behind its end;
        None where all do."""
        given = self.states.mask
        return self.padding.masks.get(x, given if given is not None and x.shape[:2] == given.shape else None)

    def joined(self, y: Tensor, branches: Sequence[Tensor]) -> Tensor:
        """Note that y was joined from branches, of whose inputs it sees all; return it."""
        self.padding.hand_on(y, *branches)
        self.reaches[y] = Reach.of_all([self.reach(each) for each in branches])
        return y

    def sequence(self, layers: Sequence[Layer], x: Tensor, *place: str | int) -> Tensor:
        """Build layers one behind the other: what comes out of the last. place: where their list stands in that which
        holds it, for errors."""
        for number, each in enumerate(layers):
            if place == ("model",):
                self.entry = number
            try:
                x = self.add(each, x)
            except ShapeError as error:
                raise InvalidValue((*place, number), str(error)) from None
            except InvalidValue as error:
                raise error.under(*place, number) from None
        return x

    def inside(self, layers: Sequence[Layer], x: Tensor, *place: str | int, part: str = "") -> Tensor:
        """Build layers that are part of the current one: what comes out of the last. `residual1.dense1` is a name.

        place: as for `sequence`; none for layers that do not stand in the file
        part:  which part of the layer they are: `parallel1.branch2.dense1`
        """
        outer = self.layer_name
        before, self._prefix = self._prefix, f"{outer}.{part}." if part else f"{outer}."
        try:
            x = self.sequence(layers, x, *place)
        except InvalidValue as error:
            if place or isinstance(error, WrongInBlock):
                raise
            raise InvalidValue((), error.message) from None  # no layer that stands in the file
        self._prefix, self.layer_name = before, outer
        return x

    def stream(self) -> int:
        """The number of the stream of random numbers that is this layer's own."""
        return 2**30 + int.from_bytes(hashlib.sha256(self.layer_name.encode()).digest()[:3], "little")

    def gate(self, gate: Tensor) -> Tensor:
        """Keep a layer's gate [1], so that it can be looked at after the step."""
        gates = self.network.gates
        # Built a second time, to look at the network as it trains, it is another gate.
        return gate if self.layer_name in gates.members else assign(gate, gates.member(self.layer_name, (1,)))

    @contextlib.contextmanager
    def gated(self, gate: Tensor) -> Iterator[None]:
        """Parameters that are used inside get no gradient while the gate is shut."""
        outer = self.layer_name
        yield
        members = self.network.parameters.members
        self.network.gated.append((gate, [name for name in members if name.startswith(f"{outer}.")]))

    def units(self, wanted: int | str) -> int:
        """A number of units; the words `classes` and `outputs` stand for what the data needs."""
        return self.outputs if isinstance(wanted, str) else wanted

    def symbols(self, wanted: int | str | None) -> int:
        """A number of symbols; None stands for as many as the texts have tokens, or else the data classes."""
        if wanted is None and self.padding.symbols is not None:
            return self.padding.symbols
        return self.units("classes" if wanted is None else wanted)

    def parameter(
        self,
        name: str,
        shape: Sequence[int],
        first: Initialiser | float | None,
        fan_in: int = 1,
        fan_out: int = 1,
        table: bool = False,
    ) -> Tensor:
        """The parameter `<layer>.<name>`; `first` says how it begins (None: as the scenario's `init` says).

        table: only some of its rows are in use in a step
        """
        full_name = f"{self.layer_name}.{name}"
        network = self.network
        storage = network._storage(full_name, table)
        if full_name not in storage.members:
            network.declare(full_name, tuple(shape), first, fan_in, fan_out, table)
        return storage.members[full_name]

    def running(self, name: str, shape: Sequence[int], first: float) -> Tensor:
        """The number `<layer>.<name>`: no parameter; training keeps it up to date by `update`, evaluation reads it."""
        full_name = f"{self.layer_name}.{name}"
        network = self.network
        if full_name not in network.running.members:
            network.running.member(full_name, shape)
            network.first_running[full_name] = first
        return network.running.members[full_name]

    def update(self, made: Call) -> None:
        """Let a call that updates running numbers be part of each training step."""
        self.network.updates.append(made)

    def reads_symbols(self, x: Tensor, count: int) -> None:
        """Note that the current layer looks up the whole numbers x in a table of so many rows. Raises InvalidValue if
        they are none of the data, but come from a layer that computes."""
        made = read_by(self.layer_name, self.entry, x, count, self.parts)
        self.network.symbol_readers[self.layer_name] = made

    def first_bias(self, own: Initialiser | None) -> float:
        """First value of biases: the layer's own initialiser's, else the network's."""
        return (own or self.network.initialiser).bias

    def setting(self, layer: Layer, name: str) -> Tensor:
        """A field of a layer as a number [1] that can be changed while training, as `<layer>.<name>`."""
        return self.network.settings.number(f"{self.layer_name}.{name}", layer, name)

    def enter(self, kind: str) -> str:
        """The name of the next layer of a kind: dense1, dense2, …; inside of another layer, residual1.dense1."""
        kind = f"{self._prefix}{kind}"
        self._counts[kind] = self._counts.get(kind, 0) + 1
        self.layer_name = f"{kind}{self._counts[kind]}"
        return self.layer_name


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
