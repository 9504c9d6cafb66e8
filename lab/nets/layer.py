"""What a layer of the scenario language is, and the registry of all layers.

A layer is one small class in one file of `lab/nets/layers/`: its fields are its settings (the first one may stand
alone, `{dense: 64}`), its docstring is its reference, and `build` adds it to the graph.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import BaseModel, ConfigDict

from lab.discovery import modules_of
from lab.errors import Path
from lab.graph.tensor import Tensor
from lab.validation import chosen

if TYPE_CHECKING:
    from lab.nets.network import Builder

LAYERS: dict[str, type[Layer]] = {}


class Layer(BaseModel):
    """Base of all layers.

    activation: its output is an activation, which the activation metrics look at
    can_die:    it is of ReLU's family, whose units can be off for every example, or are made so that they cannot
    """

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)
    name: ClassVar[str]
    activation: ClassVar[bool] = False
    can_die: ClassVar[bool] = False

    def __init_subclass__(cls, name: str = "", **options: Any) -> None:
        super().__init_subclass__(**options)
        if name:
            cls.name = name
            LAYERS[name] = cls

    def build(self, x: Tensor, builder: Builder) -> Tensor:
        """Add the layer to the graph: input [batch, …] to output [batch, …]."""
        raise NotImplementedError


def layer(specification: Any, path: Path) -> Layer:
    """The layer that one entry of a scenario's `model` describes. Raises InvalidValue."""
    load_layers()
    return chosen(LAYERS, specification, path, "layer", first_alone=True)


def load_layers() -> None:
    """Import every file of `lab/nets/layers`, once."""
    modules_of("lab.nets.layers")
