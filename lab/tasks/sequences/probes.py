"""What is found out about a language model beside its training: by letting it write, and by letting it read."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

from lab.data.vocabularies import UNKNOWN, Vocabulary
from lab.errors import InvalidValue
from lab.nets.builder import BuiltLayer
from lab.nets.initialisers import generator
from lab.nets.network import Network
from lab.pictures import Picture
from lab.tasks.sequences import language_pictures, samples, text_units
from lab.tasks.sequences.looks import Looks
from lab.tasks.sequences.reading import Reader, costs, mean_cost
from lab.tasks.sequences.sampling import Choice, Writer, drawn_from, looks_back, writer_of
from lab.tasks.training.own_memory import Numbers

NOWHERE = " \0 "
"""In place of what is no word and stands in no text."""

LOOKED_AT, LOOKED_LONG = 8, 256
"""Units are looked at on so many stretches of the text that was held back, of so many symbols each."""
BEGUN, TAUGHT, ALONE = 64, 32, 32
"""Free running is measured behind so many true beginnings, of so many symbols, over so many more."""
BEGUN_ANEW = 16
"""The same for a network that reads a window anew for each symbol."""
AT_ONCE = 500
"""All of the text that was held back is read in stretches of so many symbols."""


class Probes:
    """One network and its texts; weights and settings are given each time, so that nothing here is a run's state.

    parts:      its layers, as they were built
    states:     the names of its recurrent states, with their widths
    text, held: the symbols to train on and those that were held back (or, if none were, the same), [n] each
    primer:     the symbols that samples go on from
    options:    those of the task `language-model`
    """

    def __init__(
        self,
        network: Network,
        parts: Sequence[BuiltLayer],
        states: dict[str, int],
        vocabulary: Vocabulary,
        text: np.ndarray,
        held: np.ndarray,
        primer: np.ndarray,
        options: Any,
        seed: int,
    ) -> None:
        self._network, self._parts, self._states, self._seed = network, parts, states, seed
        self._longest = options.window if looks_back(parts) else LOOKED_LONG  # of what is read without a state
        self._vocabulary, self._text, self._held = vocabulary, text, held
        self._primer, self._options = primer, options
        self._readers: dict[tuple[int, int], Reader] = {}
        self._writers: dict[int, Writer] = {}
        self._counted: dict[tuple[int, bytes], dict[str, float]] = {}

    # Writing

    def write(
        self, numbers: Numbers, choices: Sequence[Choice], length: int, what: str
    ) -> tuple[np.ndarray, np.ndarray]:
        """A text for each way to choose, and the chances of the symbol behind the primer, see `Writer.write`.

        The random numbers, which `what` names, are the same each time: samples differ by what was learned alone.
        """
        random = generator(self._seed, what).random
        return self._writer(len(choices)).write(numbers, self._primer, length, choices, random)

    def of_sample(self, written: np.ndarray) -> dict[str, float]:
        """What is counted in a sample, by the names of metrics."""
        # What stands for unknown words is no word, and copied from nowhere.
        sample = self._vocabulary.spell(written).replace(UNKNOWN, NOWHERE)
        return {
            "real_words": samples.real_words(sample, self._known_words),
            "copied": float(self._copies.longest(sample)),
            "repetition": samples.repetition(sample),
        }

    def of_logits(self, numbers: Numbers) -> dict[str, float]:
        """How softmax takes the logits of the symbol behind the primer."""
        writer = self._writer(1)
        writer.begin(numbers)
        for symbol in self._primer:
            logits = writer.step(np.array([symbol]))[0].astype(np.float64)
        plain, shifted = Choice(1.0).probabilities(logits), Choice(1.0).probabilities(logits + 1000)
        highest = logits.max()
        mass = highest + np.log(np.exp(logits - highest).sum())
        return {"shift": float(np.abs(plain - shifted).max()), "mass": float(mass)}

    def forced_and_free(self, numbers: Numbers) -> tuple[np.ndarray, np.ndarray]:
        """The mean cost of each true symbol behind true beginnings, [places]: while the network is fed with the text,
        and while it is fed with what it draws itself."""
        begun = BEGUN_ANEW if looks_back(self._parts) else BEGUN
        count = max(1, min(begun, len(self._held) // 4))
        stretch = len(self._held) // count
        taught = min(TAUGHT, stretch // 2)
        alone = min(ALONE, stretch - taught)
        text = self._held[np.arange(count)[:, None] * stretch + np.arange(taught + alone)]
        writer, random = self._writer(count), generator(self._seed, "alone").random
        found = np.zeros((2, alone))
        for number, own in enumerate((False, True)):
            writer.begin(numbers)
            for place in range(taught):
                logits = writer.step(text[:, place])
            for place in range(alone):
                true = text[:, taught + place]
                found[number, place] = costs(logits.astype(np.float64), true).mean()
                if place < alone - 1:
                    logits = writer.step(drawn_from(logits, random(count)) if own else true)
        return found[0], found[1]

    # Reading

    def held_loss(self, numbers: Numbers) -> float:
        """Mean cost of all that was held back, read in one go; by a network without states window after window."""
        length = self._options.window if looks_back(self._parts) else AT_ONCE
        return mean_cost(self._reader(1, length), numbers, self._held, length)

    def best_correlation(self, numbers: Numbers) -> float:
        """How well the unit that follows something best does so; 0 where there is nothing to be followed."""
        followers = self._look(numbers)[1]
        return max((abs(each.correlation) for each in followers), default=0.0)

    def _look(self, numbers: Numbers) -> tuple[dict[str, np.ndarray], list[text_units.Follower]]:
        """What the layers show of the stretches that are looked at, and the units that follow something."""
        symbols, followed = self._looked_at
        reader = self._reader(len(symbols), symbols.shape[1], looks=True)
        reader.begin(numbers)
        reader.read(symbols)
        seen = reader.seen()
        values = text_units.values_of(seen)
        if self._options.unit is not None:
            values = dict([list(values.items())[-1]])
        return seen, text_units.best_followers(values, followed, self._options.unit) if values else []

    @functools.cached_property
    def _looked_at(self) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Stretches of the text that was held back, [texts, time], and what there is in them to be followed."""
        count = min(LOOKED_AT, len(self._held))
        length = min(LOOKED_LONG, self._longest, len(self._held) // count)
        text, ends = self._vocabulary.spelled(self._held)
        places = np.arange(count)[:, None] * (len(self._held) // count) + np.arange(length)
        chosen = (self._options.follow,) if self._options.follow else text_units.PROPERTIES
        known = text_units.properties(text)
        return self._held[places], {name: known[name][ends[places] - 1] for name in chosen}

    # Showing

    @functools.cached_property
    def _looks(self) -> Looks | None:
        if not any(part.attention is not None for part in self._parts):
            return None
        return Looks(self._network, self._vocabulary, self._held, self._options.window)

    def pictures(self, numbers: Numbers, kept: Sequence[tuple[int, np.ndarray]], choice: Choice) -> list[Picture]:
        """All pictures. kept: (step, symbols) of the samples of all moments;  choice: how they were drawn"""
        fan = [Choice(each) for each in language_pictures.FAN]
        written, chances = self.write(numbers, fan, language_pictures.FAN_LENGTH, "fan")
        plain = chances[language_pictures.FAN.index(1.0)]
        seen, followers = self._look(numbers)
        symbols, followed = self._looked_at
        vocabulary = self._vocabulary
        # By the text too: after a rewind another one may be written at the same step.
        keys = [(step, each.tobytes()) for step, each in kept]
        self._counted = {
            key: self._counted.get(key) or self.of_sample(each) for key, (_, each) in zip(keys, kept, strict=True)
        }
        told = [
            (step, vocabulary.spell(each), self._counted[key])
            for key, (step, each) in reversed(list(zip(keys, kept, strict=True)))
        ]
        return [
            language_pictures.scroll(told, choice.words),
            language_pictures.fan(written, vocabulary),
            *(self._looks.pictures(numbers) if self._looks is not None else ()),
            language_pictures.next_symbol(plain, vocabulary, vocabulary.spell(self._primer)),
            *language_pictures.coloured(symbols, vocabulary, seen, followers, followed),
            language_pictures.forced_and_free(*self.forced_and_free(numbers)),
        ]

    def _writer(self, count: int) -> Writer:
        if count not in self._writers:
            self._writers[count] = writer_of(self._network, self._parts, count, self._states, self._options.window)
        return self._writers[count]

    def _reader(self, count: int, length: int, looks: bool = False) -> Reader:
        key = count, length
        if key not in self._readers:
            self._readers[key] = Reader(self._network, count, length, self._states, looks)
        return self._readers[key]

    @functools.cached_property
    def _whole_text(self) -> str:
        return self._vocabulary.spell(self._text)

    @functools.cached_property
    def _copies(self) -> samples.Copies:
        return samples.Copies(self._whole_text)

    @functools.cached_property
    def _known_words(self) -> frozenset[str]:
        texts = self._whole_text, self._vocabulary.spell(self._held)
        return samples.words_of("".join(each.replace(UNKNOWN, NOWHERE) for each in texts))


def primer_of(given: str | None, vocabulary: Vocabulary, text: np.ndarray) -> np.ndarray:
    """The symbols that samples go on from: by default the end of a line, or how the text begins.

    Raises InvalidValue for what does not occur in the text.
    """
    if given is None:
        newline = [number for number, symbol in enumerate(vocabulary.symbols) if symbol == "\n"]
        return np.array(newline or text[:1])
    try:
        primer = vocabulary.numbers(given)
    except KeyError as error:
        message = f"the character {error.args[0]!r} does not occur in the text."
        if vocabulary.of_words:
            message = f"the word {error.args[0]!r} is not among the {len(vocabulary.symbols):,} that are known."
        raise InvalidValue(("options", "primer"), message) from None
    if not len(primer):
        raise InvalidValue(("options", "primer"), "there is nothing in it that can be read.")
    return primer
