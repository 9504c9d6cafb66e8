"""Layers while they are built into the graph: what each needs to know, and what was built of it."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lab.errors import InvalidValue
from lab.graph.functions.pooling import Places
from lab.graph.scopes import scope
from lab.graph.shapes import ShapeError
from lab.graph.tensor import Call, Tensor, assign
from lab.nets.blocks import MOST_LAYERS, WrongInBlock
from lab.nets.initialisers import Initialiser
from lab.nets.layer import Layer
from lab.nets.padding import Padding
from lab.nets.reach import INPUT, Reach
from lab.nets.sequence_states import SequenceStates
from lab.nets.symbols import read_by

if TYPE_CHECKING:
    from lab.nets.network import Network


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
    _given: dict[tuple[str, str], Tensor] = field(default_factory=dict)
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
        """A field of a layer as a number [1] that can be changed while training, as `<layer>.<name>`; that of the layer
        it is part of where that one has it for its parts, see `given`."""
        if (layer.name, name) in self._given:
            return self._given[layer.name, name]
        return self.network.settings.number(f"{self.layer_name}.{name}", layer, name)

    @contextlib.contextmanager
    def given(self, numbers: dict[tuple[str, str], Tensor]) -> Iterator[None]:
        """Layers that are built inside get these numbers [1], by kind of layer and field, in place of their own: one
        number is changed for all of them."""
        outer, self._given = self._given, {**self._given, **numbers}
        yield
        self._given = outer

    def enter(self, kind: str) -> str:
        """The name of the next layer of a kind: dense1, dense2, …; inside of another layer, residual1.dense1."""
        kind = f"{self._prefix}{kind}"
        self._counts[kind] = self._counts.get(kind, 0) + 1
        self.layer_name = f"{kind}{self._counts[kind]}"
        return self.layer_name
