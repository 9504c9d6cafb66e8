"""What a layer of the scenario language is, and the registry of all layers.

A layer is one small class in one file of `lab/nets/layers/`: its fields are its settings (the first one may stand
alone, `{dense: 64}`), its docstring is its reference, and `build` adds it to the graph.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import BeforeValidator, ConfigDict, ValidationInfo, WithJsonSchema

from lab.discovery import modules_of
from lab.errors import InvalidValue, Path, nearest
from lab.graph.shapes import Shape
from lab.graph.tensor import Tensor
from lab.nets.blocks import WrongInBlock, count_layer, layers_of_block, names_of_blocks, parameters_of
from lab.validation import MissingKey, Settings, chosen, shown

if TYPE_CHECKING:
    from lab.nets.builder import Builder

LAYERS: dict[str, type[Layer]] = {}
ENTRY = {"type": ["string", "object"]}
"""The JSON Schema of one entry of a list of layers."""


class Layer(Settings):
    """Base of all layers.

    activation: its output is an activation, which the activation metrics look at
    can_die:    it is of ReLU's family, whose units can be off for every example, or are made so that they cannot
    stands_for_others: it is no layer of its own but stands for layers, which are named as if they stood in its place
    passes_on:  its output are numbers of its input as they are, those of its `channels` if it has such
    takes_symbols: it may read tokens, which are numbers of words, or passes them on to layers inside that do
    knows_padding: of sequences, what it gives at a place does not depend on how much padding is behind their end; see
                   `lab.nets.padding`
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)
    name: ClassVar[str]
    activation: ClassVar[bool] = False
    can_die: ClassVar[bool] = False
    stands_for_others: ClassVar[bool] = False
    passes_on: ClassVar[bool] = False
    takes_symbols: ClassVar[bool] = False
    knows_padding: ClassVar[bool] = False

    def __init_subclass__(cls, name: str = "", **options: Any) -> None:
        super().__init_subclass__(**options)
        if name:
            cls.name = name
            LAYERS[name] = cls

    def build(self, x: Tensor, builder: Builder) -> Tensor:
        """Add the layer to the graph: input [batch, …] to output [batch, …]."""
        raise NotImplementedError

    def window(self, x: Shape) -> tuple[int, int] | None:
        """How many neighbouring pixels of an input of this shape (without the batch) one output sees along an axis,
        and how many lie from one output's to the next one's; None if each output sees the whole image."""
        return (1, 1)

    def other_steps(self) -> tuple[bool, bool]:
        """Whether what it gives at a step of a sequence depends on steps before it, and whether on steps behind it,
        otherwise than by a state that recurrent layers carry from step to step."""
        return False, False

    def multiply_adds(self, x: Shape, y: Shape, weights: Sequence[Shape]) -> int:
        """Multiply-adds for one example, forward: each weight takes part once at each place of the output.

        x, y: the shapes of one example before and behind the layer;  weights: those of its weights
        """
        return math.prod(y[:-1]) * sum(map(math.prod, weights))

    def products_of_inputs(self, x: Shape) -> int:
        """Those of them in which no weight takes part: products of what was made of an input of this shape with each
        other."""
        return 0


class Use(Layer):
    """The layers of a block, where the block is used."""

    block: str
    layers: list[Any]
    stands_for_others: ClassVar[bool] = True

    def build(self, x: Tensor, builder: Builder) -> Tensor:
        try:
            return builder.sequence(self.layers, x)
        except WrongInBlock:
            raise
        except InvalidValue as error:
            raise WrongInBlock(("blocks", self.block, "layers", *error.path), error.message) from None


def layer(specification: Any, path: Path) -> Layer:
    """The layer that one entry of a scenario's `model` describes, or what stands for the layers of a block that it
    names. Raises InvalidValue."""
    load_layers()
    count_layer(path)
    specification = name_first(specification)
    name = next(iter(specification), None) if isinstance(specification, Mapping) else specification
    blocks = names_of_blocks()
    if isinstance(specification, Mapping) and len(specification) > 1:
        specification = _one_key(specification, path)
    if name in blocks:
        return _use(specification, path)
    if blocks and isinstance(name, str) and name not in LAYERS:
        place = (*path, name) if isinstance(specification, Mapping) else path
        known = nearest(name, [*LAYERS, *blocks])
        raise InvalidValue(place, f"there is no layer or block {name!r}; {known}.", at_key=place != path)
    try:
        return chosen(LAYERS, specification, path, "layer", first_alone=True)
    except MissingKey as error:
        found = _EXAMPLE.search(LAYERS[name].__doc__ or "") if name in LAYERS else None
        if found is None:
            raise
        raise MissingKey(error.path, f"{error.message.rstrip('.')}, as in `{found[1]}`.", error.key) from None


def name_first(entry: Any) -> Any:
    """`{bias: false, dense: 128}` as `{dense: 128, bias: false}`: a mapping of YAML has no order, and programs that
    write YAML sort its keys.

    The name is the one key that is a layer with all other keys among its settings; an entry with none, or with several
    such keys, stays as it is.
    """
    if not isinstance(entry, Mapping) or len(entry) < 2:
        return entry
    load_layers()
    names = [key for key in entry if key in LAYERS and set(entry) - {key} <= set(LAYERS[key].model_fields)]
    if len(names) != 1:
        return entry
    return {names[0]: entry[names[0]], **{key: value for key, value in entry.items() if key != names[0]}}


_EXAMPLE = re.compile(r"Example(?: on \w+)?: `([^`]+)`")


def _one_key(specification: Mapping[str, Any], path: Path) -> Mapping[str, Any]:
    """`{conv: 16, kernel_size: 3}` as `{conv: {channels: 16, kernel_size: 3}}`: settings may stand beside the first."""
    name, alone = next(iter(specification.items()))
    first = first_setting(name)
    if first is None or alone is None or isinstance(alone, Mapping):
        return specification
    if first in specification:
        raise InvalidValue(
            (*path, first), f"{first!r} is given already: it is the {shown(alone)} behind {name}.", at_key=True
        )
    return {name: {first: alone, **{key: value for key, value in specification.items() if key != name}}}


def first_setting(name: str) -> str | None:
    """The setting of a layer, or the parameter of a block, that may stand alone; None if it has none."""
    settings = LAYERS[name].model_fields if name in LAYERS else parameters_of(name)
    return next(iter(settings), None)


def _use(specification: Any, path: Path) -> Use:
    name, given = (specification, None) if isinstance(specification, str) else next(iter(specification.items()))
    if isinstance(specification, Mapping) and len(specification) > 1:
        raise InvalidValue(path, f"is the block {name} with settings, or a list of several entries.")
    place = path if isinstance(specification, str) else (*path, name)
    with layers_of_block(name, given, place) as inside:
        made: list[Layer] = []
        for number, each in enumerate(inside):
            try:
                made.append(layer(each, ("blocks", name, "layers", number)))
            except WrongInBlock as error:
                raise error.under(*place) if not error.used else error from None
            except InvalidValue as error:
                raise WrongInBlock(error.path, error.message, place, at_key=error.at_key) from None
        return Use(block=name, layers=made)


def read_layers(entries: Any, *place: str | int) -> list[Layer]:
    """The layers of a list that stands at a place within a layer's settings. Raises InvalidValue."""
    if not isinstance(entries, list):
        raise InvalidValue(place, f"is a list of layers, not {shown(entries)}.")
    return [layer(each, (*place, number)) for number, each in enumerate(entries)]


def _read(entries: Any, info: ValidationInfo) -> list[Layer]:
    return read_layers(entries, str(info.field_name))


Layers = Annotated[list[Any], BeforeValidator(_read), WithJsonSchema({"type": "array", "items": ENTRY})]
"""For fields that hold layers, as in `model`."""


def load_layers() -> None:
    """Import every file of `lab/nets/layers`, once."""
    modules_of("lab.nets.layers")
