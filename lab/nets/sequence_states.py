"""What recurrent layers are given beside their inputs, and what they leave behind: masks, first and last states."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lab.graph.tensor import Tensor


@dataclass
class SequenceStates:
    """The states of all recurrent layers of a network, for one building of it.

    first: by full name (`lstm1.h`, `lstm1.c`, `lstm1.layer2.h`) the state [batch, units] before the first step; what is
           not there is 0
    mask:  [batch, time], 1 where a sequence goes on and 0 behind its end; None: all have the same length
    last:  by full name the states behind the last step, once the network is built
    seen:  by full name (`lstm1.gates`) what there is to look at of each step, [batch, time, …]
    timed: whether layers before the first recurrent one act on each step by itself
    """

    first: Mapping[str, Tensor] = field(default_factory=dict)
    mask: Tensor | None = None
    last: dict[str, Tensor] = field(default_factory=dict)
    seen: dict[str, Tensor] = field(default_factory=dict)
    timed: bool = True
