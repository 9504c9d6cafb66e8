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
    words: [batch, time], what layers that read or write words are given: a question, or the right words, each of which
           is the input of the step after it; None: a layer that writes reads its own words
    length: how many words a layer writes, where `words` is None
    vocabulary: how many different words there are in `words`
    last:  by full name the states behind the last step, once the network is built
    seen:  by full name (`lstm1.gates`) what there is to look at of each step, [batch, time, …]
    timed: whether layers before the first recurrent one act on each step by itself
    """

    first: Mapping[str, Tensor] = field(default_factory=dict)
    mask: Tensor | None = None
    words: Tensor | None = None
    length: int = 0
    vocabulary: int = 0
    last: dict[str, Tensor] = field(default_factory=dict)
    seen: dict[str, Tensor] = field(default_factory=dict)
    timed: bool = True
