"""Numbers that can be changed while a network trains: learning rate, momentum, slopes, dropout rates."""

from __future__ import annotations

from pydantic import BaseModel

from lab.graph.tensor import Storage, Tensor
from lab.nets.limits import Limits, limits_of


class AdjustableNumbers:
    """Named tensors of shape [1] in one storage, with their first values.

    first:  dotted name (`optimizer.rate`, `dropout1.rate`) to value;  limits: what each may become
    """

    def __init__(self) -> None:
        self.storage = Storage("settings")
        self.first: dict[str, float] = {}
        self.limits: dict[str, Limits] = {}
        self._taken: set[str] = set()

    def number(self, name: str, declared: BaseModel, field: str) -> Tensor:
        """The tensor [1] of a setting: where it is first asked for, it gets the value and the limits of the field of
        `declared`. A field without a value is 0."""
        if name not in self.storage.members:
            self.storage.member(name, (1,))
            self.first[name] = float(getattr(declared, field) or 0.0)
            self.limits[name] = limits_of(type(declared), field)
        return self.storage.members[name]

    def take(self, name: str) -> None:
        """Reserve `name` and all names below it for one owner. Raises ValueError if it is taken."""
        if name in self._taken:
            raise ValueError(f"there is an {name} already: give networks and training steps names of their own")
        self._taken.add(name)


def qualified(owner: str, name: str) -> str:
    """`name` below an owner, as in `generator.optimizer.rate`; the name alone where there is only one, without name."""
    return f"{owner}.{name}" if owner else name
