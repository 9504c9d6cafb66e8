"""Layers, and the blocks of a scenario, as parts to choose from: with a sentence each, and their settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lab.errors import BadInput, InvalidValue
from lab.scenario.model import Block
from lab.scenario.writing import flow
from lab.tui.build.draft import name_of
from lab.tui.build.form import Blank, blanks_of
from lab.tui.build.parts import sentence
from lab.tui.build.pick import Choice


class LayerParts:
    """The layers that a scenario can have. blocks: its `blocks`, as they stand in it"""

    def __init__(self, blocks: Any = None) -> None:
        from lab.nets.layer import load_layers
        from lab.scenario.model import Scenario

        load_layers()
        try:
            read = Scenario.model_validate({"title": "x", "task": "x", "blocks": blocks or {}})
        except (ValueError, InvalidValue):
            self.blocks: Mapping[str, Block] = {}  # what is wrong with them is told by the outline
        else:
            self.blocks = read.blocks

    def kinds(self) -> list[Choice]:
        """Every layer: the blocks first, then those with weights, the activations, and the rest."""
        from lab.nets.layer import LAYERS

        weights = ("conv", "dense", "maxout", "embedding")

        def group(name: str) -> tuple[int, str]:
            return (0 if name in weights else 1 if LAYERS[name].activation else 2), name

        own = [(name, self.about(name)) for name in self.blocks]
        return own + [(name, sentence(LAYERS[name])) for name in sorted(LAYERS, key=group)]

    def about(self, layer: Any) -> str:
        """What a layer does, in a sentence; "" for one that there is not."""
        from lab.nets.layer import LAYERS
        from lab.scenario.setting import layers

        name = name_of(layer)
        if name in self.blocks:
            return f"A block of this scenario: {layers(self.blocks[name].layers)}."
        return sentence(LAYERS[name]) if name in LAYERS else ""

    def blanks(self, layer: Any) -> list[Blank]:
        """The settings of a layer, as they are."""
        from lab.nets.layer import LAYERS

        name = name_of(layer)
        names = list(self._settings(name))
        given = self._given(layer, names)
        if name in LAYERS:
            return blanks_of(LAYERS[name], {each: value for each, value in given.items() if each in names})
        parameters = self.blocks[name].parameters if name in self.blocks else {}
        return [
            Blank(
                each,
                flow(given[each]) if each in given else "",
                "needed" if value is None else flow(value),
                "A parameter of the block.",
            )
            for each, value in parameters.items()
        ]

    def made(self, name: str, values: Mapping[str, Any]) -> Any:
        """A layer as it stands in `model`, as short as it can be said."""
        names = list(self._settings(name))
        if not values:
            return name
        alone = values.get(names[0])
        if alone is not None and not isinstance(alone, Mapping) and name not in values:
            return {name: alone, **{each: value for each, value in values.items() if each != names[0]}}
        return {name: dict(values)}

    def check(self, made: Any) -> None:
        """Raises BadInput if this is no layer."""
        from lab.nets.blocks import known_blocks
        from lab.nets.layer import layer

        try:
            with known_blocks(self.blocks):
                layer(made, ())
        except InvalidValue as error:
            raise BadInput(str(error)) from None

    def _settings(self, name: str) -> Mapping[str, Any]:
        from lab.nets.layer import LAYERS

        if name in LAYERS:
            return LAYERS[name].model_fields
        return self.blocks[name].parameters if name in self.blocks else {}

    def _given(self, layer: Any, names: list[str]) -> dict[str, Any]:
        if not isinstance(layer, dict) or not layer:
            return {}
        (_, first), *beside = layer.items()
        if isinstance(first, Mapping):
            return dict(first)
        return {**({names[0]: first} if names and first is not None else {}), **dict(beside)}
