"""What a layer of the scenario language is, and the registry of all layers.

A layer is one small class in one file of `lab/nets/layers/`: its fields are its settings (the first one may stand
alone, `{dense: 64}`), its docstring is its reference, and `build` adds it to the graph.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import BaseModel, ConfigDict

from lab.errors import InvalidValue, Path, nearest
from lab.graph.tensor import Tensor
from lab.validation import shown, validated

if TYPE_CHECKING:
    from lab.nets.network import Builder

LAYERS: dict[str, type[Layer]] = {}


class Layer(BaseModel):
    """Base of all layers.

    activation: its output is an activation, which the activation probes look at
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
    if isinstance(specification, str):
        name, settings, place = specification, {}, path
    elif isinstance(specification, Mapping) and len(specification) == 1:
        ((name, given),) = specification.items()
        place = (*path, name)
        if isinstance(given, Mapping):
            settings = dict(given)
        elif given is None:
            settings = {}
        else:
            fields = list(LAYERS[name].model_fields) if name in LAYERS else []
            if name in LAYERS and not fields:
                raise InvalidValue(place, f"{name} has no settings, but was given {shown(given)}.")
            settings = {fields[0]: given} if fields else {}
    else:
        raise InvalidValue(path, f"a layer is a name or a mapping with one name, not {shown(specification)}.")
    if name not in LAYERS:
        raise InvalidValue(place, f"there is no layer {name!r}; {nearest(name, LAYERS)}.", at_key=place != path)
    try:
        return validated(LAYERS[name], settings, place)
    except InvalidValue as error:
        # `{dense: -3}` has no key of its own for the setting: the place is the value itself.
        if isinstance(specification, Mapping) and not isinstance(specification[name], Mapping):
            raise InvalidValue(place, error.message) from None
        raise


@functools.cache
def load_layers() -> None:
    """Import every file of `lab/nets/layers`, once."""
    from lab.nets import layers

    for each in pkgutil.iter_modules(layers.__path__):
        importlib.import_module(f"{layers.__name__}.{each.name}")
