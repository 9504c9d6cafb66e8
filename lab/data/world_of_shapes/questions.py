"""`questions`: what can be asked about pictures of the world of shapes, with the right answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from lab.data.randomness import generator
from lab.data.world_of_shapes.scenes import COLOURS, KINDS, SIZES, Scenes

NUMBERS = ("zero", "one", "two", "three", "four")

ANSWERS = ("yes", "no", *NUMBERS, *COLOURS, *KINDS, *SIZES)
"""All answers there are; each is one word."""


class Question(NamedTuple):
    """A question about one picture.

    scene:  the index of the picture
    text:   in small letters, words separated by one blank, without a question mark
    answer: one of `ANSWERS`
    about:  "count", "colour", "kind", "size", "there" or "place"
    """

    scene: int
    text: str
    answer: str
    about: str


def questions(scenes: Scenes, each: int, seed: int) -> list[Question]:
    """`each` questions about every picture, picture after picture; the same for the same seed.

    The kinds of questions are equally likely as far as a picture allows: the colour is asked only of a shape that is
    the only one of its kind. Answers to yes and no are equally likely.
    """
    random = generator(seed, "questions about shapes")
    found = []
    for scene in range(len(scenes)):
        for _ in range(each):
            while not (made := _FORMS[random.integers(len(_FORMS))](scenes, scene, random)):
                pass
            found.append(Question(scene, *made))
    return found


Made = tuple[str, str, str] | None
"""Text, answer, what it is about; None where the picture does not allow it."""


def _only(values: np.ndarray, random: np.random.Generator) -> int | None:
    """The place of a value that occurs once; None if there is none."""
    single = [place for place, value in enumerate(values.tolist()) if np.count_nonzero(values == value) == 1]
    return single[random.integers(len(single))] if single else None


def _shapes(scenes: Scenes, scene: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    count = scenes.count[scene]
    return scenes.kind[scene, :count], scenes.colour[scene, :count], scenes.large[scene, :count]


def _count(scenes: Scenes, scene: int, random: np.random.Generator) -> Made:
    kinds, colours, _ = _shapes(scenes, scene)
    which = random.integers(3)
    if which == 0:
        return "how many shapes are there", NUMBERS[len(kinds)], "count"
    # Half of the time of what is there, or nearly all answers would be zero.
    place = random.integers(len(kinds)) if random.integers(2) else None
    if which == 1:
        kind = random.integers(len(KINDS)) if place is None else kinds[place]
        return f"how many {_plural(KINDS[kind])} are there", NUMBERS[np.count_nonzero(kinds == kind)], "count"
    colour = random.integers(len(COLOURS)) if place is None else colours[place]
    return f"how many {COLOURS[colour]} shapes are there", NUMBERS[np.count_nonzero(colours == colour)], "count"


def _plural(kind: str) -> str:
    return f"{kind}es" if kind.endswith("s") else f"{kind}s"


def _colour(scenes: Scenes, scene: int, random: np.random.Generator) -> Made:
    kinds, colours, _ = _shapes(scenes, scene)
    if (place := _only(kinds, random)) is None:
        return None
    return f"what colour is the {KINDS[kinds[place]]}", COLOURS[colours[place]], "colour"


def _kind(scenes: Scenes, scene: int, random: np.random.Generator) -> Made:
    kinds, colours, _ = _shapes(scenes, scene)
    if (place := _only(colours, random)) is None:
        return None
    return f"what is the {COLOURS[colours[place]]} shape", KINDS[kinds[place]], "kind"


def _size(scenes: Scenes, scene: int, random: np.random.Generator) -> Made:
    kinds, _, large = _shapes(scenes, scene)
    if (place := _only(kinds, random)) is None:
        return None
    return f"what size is the {KINDS[kinds[place]]}", SIZES[large[place]], "size"


def _there(scenes: Scenes, scene: int, random: np.random.Generator) -> Made:
    kinds, colours, _ = _shapes(scenes, scene)
    pairs = set(zip(colours.tolist(), kinds.tolist(), strict=True))
    if random.integers(2):
        colour, kind = sorted(pairs)[random.integers(len(pairs))]
        answer = "yes"
    else:
        # Half of the wrong ones have a colour and a kind that are both there, so that looking for one of the two is
        # not enough.
        mixed = sorted({(int(one), int(other)) for one in colours for other in kinds} - pairs)
        if mixed and random.integers(2):
            colour, kind = mixed[random.integers(len(mixed))]
        else:
            others = [(one, two) for one in range(len(COLOURS)) for two in range(len(KINDS)) if (one, two) not in pairs]
            colour, kind = others[random.integers(len(others))]
        answer = "no"
    return f"is there a {COLOURS[colour]} {KINDS[kind]}", answer, "there"


def _place(scenes: Scenes, scene: int, random: np.random.Generator) -> Made:
    kinds, _, _ = _shapes(scenes, scene)
    single = [place for place, value in enumerate(kinds.tolist()) if np.count_nonzero(kinds == value) == 1]
    if len(single) < 2:
        return None
    one, other = random.permutation(single)[:2]
    axis = int(random.integers(2))
    word = ("above", "left of")[axis]
    right = scenes.centre[scene, one, axis] < scenes.centre[scene, other, axis]
    return f"is the {KINDS[kinds[one]]} {word} the {KINDS[kinds[other]]}", "yes" if right else "no", "place"


_FORMS: tuple[Callable[[Scenes, int, np.random.Generator], Made], ...] = (
    _count,
    _colour,
    _kind,
    _size,
    _there,
    _place,
)
