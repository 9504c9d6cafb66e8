"""`shape-questions`: pictures of the world of shapes, a question about each, and its answer."""

from __future__ import annotations

import numpy as np

from lab.data.data import Data
from lab.data.images.pixels import Pixels
from lab.data.registry import dataset
from lab.data.sets.shape_captions import ShapePictures, scenes_of
from lab.data.world_of_shapes import ANSWERS, questions


class ShapeQuestions(ShapePictures):
    """Pictures of shapes, and a question about each: "what colour is the circle", "is there a red cross".

    Targets are answers of one word: yes and no, numbers, colours, kinds, sizes.
    """


@dataset("shape-questions", ShapeQuestions)
def shape_questions(options: ShapeQuestions, random: np.random.Generator) -> Data:
    """Images [points, size, size, 3] from 0 to 1, answers [points], and the words of the questions [points, words]."""
    scenes = scenes_of(options.world, options.points, int(random.integers(2**63)))
    asked = questions(scenes, 1, int(random.integers(2**63)))
    texts = [each.text.split() for each in asked]
    vocabulary = ("·", *sorted({word for text in texts for word in text}))
    number = {word: place for place, word in enumerate(vocabulary)}
    words = np.zeros((len(texts), max(map(len, texts))), np.int64)
    for scene, text in enumerate(texts):
        words[scene, : len(text)] = [number[each] for each in text]
    given = {each.answer for each in asked}
    answers = tuple(each for each in ANSWERS if each in given)
    return Data(
        inputs=Pixels(scenes.images),
        targets=np.array([answers.index(each.answer) for each in asked]),
        kind="classes",
        classes=answers,
        asked=words,
        vocabulary=vocabulary,
    )
