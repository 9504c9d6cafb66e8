"""Where a language model that attends looks while it reads a text."""

from __future__ import annotations

import numpy as np

from lab.data.vocabularies import Vocabulary
from lab.nets.network import Network
from lab.pictures import Picture
from lab.tasks.figures.attention import attention_maps, spelled
from lab.tasks.sequences.language_pictures import shown
from lab.tasks.training.own_memory import Numbers
from lab.tasks.training.predictor import Predictor

LONGEST = 12
"""So many symbols are read at most, so that one place can be told from the next on a screen of 24 rows."""


class Looks:
    """The weights of its self-attention over the beginning of a text [n], a picture for each head.

    window: so many symbols it reads at a time
    """

    def __init__(self, network: Network, vocabulary: Vocabulary, text: np.ndarray, window: int) -> None:
        length = min(window, LONGEST, len(text) - 1)
        self._vocabulary, self._text = vocabulary, text[: length + 1]
        self._predictor = Predictor(
            network,
            (1, length),
            lambda output, parts: {part.name: part.attention for part in parts if part.attention is not None},
        )

    def pictures(self, numbers: Numbers) -> list[Picture]:
        """They show a row for each symbol that is read, bright at those it looks at."""
        found = self._predictor(self._text[None, :-1], dict(numbers), dict(numbers))
        self._predictor.let_go()
        looks = {name: each[0] for name, each in found.items()}
        symbols = [self._vocabulary.symbols[each] for each in self._text]
        read, following = shown(spelled(symbols[:-1])), shown(spelled(symbols[1:]))
        return attention_maps(looks, f"reads {read}", f"next {following}")
