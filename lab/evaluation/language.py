"""A trained language model that goes on with a text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from lab.data.vocabularies import Vocabulary
from lab.errors import BadInput, InvalidValue
from lab.evaluation.trained import about_of, layers_of, refuse_other_weights
from lab.graph import data
from lab.nets.sequence_states import SequenceStates
from lab.tasks.sequences.probes import primer_of
from lab.tasks.sequences.sampling import Choice, writer_of


@dataclass(frozen=True, eq=False)
class LanguageModel:
    """A network that writes.

    name:    what it is called in messages: the run, variant and seed
    about:   what the experiment kept beside its weights: `model`, `settings`, and the `symbols` of its text
    weights: all that the network consists of, by name
    """

    name: str
    about: Mapping[str, Any]
    weights: Mapping[str, np.ndarray]

    @classmethod
    def of_metadata(
        cls, name: str, metadata: Mapping[str, str] | None, weights: Mapping[str, np.ndarray]
    ) -> LanguageModel:
        """From the metadata of a file of weights. Raises BadInput if they are not those of a language model."""
        about = about_of(name, metadata)
        if about is None or about.get("task") != "language-model" or not about.get("symbols"):
            raise BadInput(f"{name} is no language model: only a run of `task: language-model` goes on with a text.")
        return cls(name, about, weights)

    @property
    def vocabulary(self) -> Vocabulary:
        """The symbols that it knows."""
        return Vocabulary(tuple(self.about["symbols"]))

    def write(self, primer: str | None, length: int, choice: Choice, seed: int = 0) -> Iterator[str]:
        """The text that goes on behind a primer, piece by piece, one for each of `length` symbols.

        primer: what it reads first; None: the end of a line, where it knows one
        seed:   of the random numbers; the same one gives the same text

        Raises BadInput if the primer has symbols that it does not know, or if its weights are damaged.
        """
        vocabulary = self.vocabulary
        try:
            read = primer_of(primer, vocabulary, np.zeros(1, np.int64))
        except InvalidValue as error:
            raise BadInput(f"The primer cannot be read by {self.name}: {error.message}") from None
        network = layers_of(self.about)
        refuse_other_weights(self.name, network, self.weights)
        states, window = SequenceStates(), int(self.about.get("window", 1))
        _, parts = network.apply(data(np.zeros((1, window)), "symbols"), training=False, sequence=states)
        widths = {name: tensor.shape[1] for name, tensor in states.last.items()}
        writer = writer_of(network, parts, 1, widths, window)
        numbers = {**self.weights, **self.about.get("settings", {})}
        symbols = writer.go_on(numbers, read, choice, np.random.default_rng(seed).random)
        return self._pieces(symbols, int(read[-1]), length)

    def _pieces(self, symbols: Iterator[int], before: int, length: int) -> Iterator[str]:
        spell = self.vocabulary.spell
        for _, symbol in zip(range(length), symbols, strict=False):
            yield spell([before, symbol])[len(spell([before])) :]
            before = symbol
