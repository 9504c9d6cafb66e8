"""Blocks: layers that a scenario defines once, by a name, and uses by that name, with parameters.

    blocks:
      basic:
        parameters: {channels: null, stride: 1}      # null: must be given
        layers: [{conv: $channels, kernel_size: 3, stride: $stride, padding: 1}, relu]
    model: [{basic: 16}, {basic: {channels: 32, stride: 2}}]

`$channels` stands for a value and nothing else: nothing is computed. What a block is made of stands in its place, so
that layers have the names that they would have without it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Protocol

from lab.errors import InvalidValue, Path, nearest
from lab.validation import shown

MOST_LAYERS = 20_000
"""Layers of a network, those inside of others included; blocks that use blocks reach any number quickly."""


class Block(Protocol):
    """What a block consists of. parameters: their values where a use gives none; None must be given."""

    @property
    def layers(self) -> Sequence[Any]: ...

    @property
    def parameters(self) -> Mapping[str, Any]: ...


class WrongInBlock(InvalidValue):
    """Something is wrong inside of a block: the path leads there, wherever the block is used. used: where that is."""

    def __init__(self, path: Path, message: str, used: Path = (), *, at_key: bool = False) -> None:
        super().__init__(path, message, at_key=at_key)
        self.used = tuple(used)

    def under(self, *prefix: str | int) -> WrongInBlock:
        return WrongInBlock(self.path, self.message, (*prefix, *self.used), at_key=self.at_key)

    def told(self) -> InvalidValue:
        """The same as an ordinary error that says where the block is used."""
        where = ".".join(map(str, self.used))
        note = f" (as {where} uses it)." if where else "."
        return InvalidValue(self.path, self.message.removesuffix(".") + note, at_key=self.at_key)


@dataclass
class _Known:
    blocks: Mapping[str, Block]
    layers: int = 0
    opened: tuple[str, ...] = ()


_known: ContextVar[_Known | None] = ContextVar("blocks", default=None)


@contextlib.contextmanager
def known_blocks(blocks: Mapping[str, Block]) -> Iterator[None]:
    """The blocks that layers which are read inside may use. Layers are counted: too many raise InvalidValue."""
    token = _known.set(_Known(blocks))
    try:
        yield
    finally:
        _known.reset(token)


def names_of_blocks() -> list[str]:
    """The names of all blocks that are known here."""
    known = _known.get()
    return list(known.blocks) if known else []


def parameters_of(name: str) -> Mapping[str, Any]:
    """The parameters of a block with their values; empty for a name that is no block's."""
    known = _known.get()
    return known.blocks[name].parameters if known and name in known.blocks else {}


def count_layer(path: Path) -> None:
    """Note one more layer. Raises InvalidValue where there are absurdly many."""
    known = _known.get()
    if known is not None:
        known.layers += 1
        if known.layers > MOST_LAYERS:
            raise InvalidValue(path, f"the network has more than {MOST_LAYERS:,} layers.")


@contextlib.contextmanager
def layers_of_block(name: str, given: Any, path: Path) -> Iterator[list[Any]]:
    """The layers of a block with the parameters of one use put in, to be read inside. Raises InvalidValue."""
    known = _known.get()
    assert known is not None
    if name in known.opened:
        raise InvalidValue(path, f"the block {name} would contain itself.")
    block = known.blocks[name]
    values = _values(name, block, given, path)
    known.opened = (*known.opened, name)
    try:
        yield [_put_in(each, values, ("blocks", name, "layers", place)) for place, each in enumerate(block.layers)]
    finally:
        known.opened = known.opened[:-1]


def _values(name: str, block: Block, given: Any, path: Path) -> dict[str, Any]:
    """The value of each parameter in one use; the first one may stand alone."""
    own = block.parameters
    if given is None:
        given = {}
    if not isinstance(given, Mapping):
        if not own:
            raise InvalidValue(path, f"the block {name} has no parameters, but was given {shown(given)}.")
        given = {next(iter(own)): given}
    for each in given:
        if each not in own:
            hint = nearest(each, own) if own else "it has none"
            raise InvalidValue((*path, each), f"the block {name} has no parameter {each!r}; {hint}.", at_key=True)
    values = {**own, **given}
    for each, value in values.items():
        if value is None:
            raise InvalidValue(path, f"the block {name} needs a value for {each!r}.")
    return values


def _put_in(value: Any, values: Mapping[str, Any], path: Path) -> Any:
    """A part of a block with values in place of `$name`. Raises WrongInBlock for a parameter that there is not."""
    if isinstance(value, str) and value.startswith("$"):
        if value[1:] not in values:
            hint = nearest(value[1:], values) if values else "the block has none"
            raise WrongInBlock(path, f"there is no parameter {value[1:]!r}; {hint}.")
        return values[value[1:]]
    if isinstance(value, Mapping):
        return {key: _put_in(each, values, (*path, key)) for key, each in value.items()}
    if isinstance(value, list):
        return [_put_in(each, values, (*path, place)) for place, each in enumerate(value)]
    return value
