"""The world of shapes: pictures of one to four coloured shapes of which everything is known exactly.

>>> from lab.data.world_of_shapes import World, captions, draw, questions
>>> scenes = draw(World(largest=2), 3, seed=0)
>>> scenes.images.shape, scenes.images.dtype
((3, 32, 32, 3), dtype('uint8'))
>>> len(captions(scenes))
3

One generator for captions, questions, detection, key points and the places of evidence: `draw` makes the pictures with
boxes, masks and key points; `captions` and `questions` say in words what is in them.
"""

from lab.data.world_of_shapes.captions import captions
from lab.data.world_of_shapes.drawing import draw
from lab.data.world_of_shapes.questions import ANSWERS, Question, questions
from lab.data.world_of_shapes.scenes import (
    COLOURS,
    KEY_POINTS,
    KINDS,
    LIMBS,
    MOST_SHAPES,
    SIZES,
    Scenes,
    World,
)

__all__ = [
    "ANSWERS",
    "COLOURS",
    "KEY_POINTS",
    "KINDS",
    "LIMBS",
    "MOST_SHAPES",
    "SIZES",
    "Question",
    "Scenes",
    "World",
    "captions",
    "draw",
    "questions",
]
