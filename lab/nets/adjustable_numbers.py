"""Numbers that can be changed while a network trains: learning rate, momentum, slopes, dropout rates."""

from __future__ import annotations

from lab.graph.tensor import Storage, Tensor


class AdjustableNumbers:
    """Named tensors of shape [1] in one storage, with their first values.

    first: dotted name (`optimizer.rate`, `dropout1.rate`) to value
    """

    def __init__(self) -> None:
        self.storage = Storage("settings")
        self.first: dict[str, float] = {}

    def number(self, name: str, value: float) -> Tensor:
        """The tensor of a setting; declared with this value where it is first asked for."""
        if name not in self.storage.members:
            self.storage.member(name, (1,))
            self.first[name] = float(value)
        return self.storage.members[name]
