"""Which words of a text an answer comes from: what becomes of it when one of them is left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lab.data.tables.columns import texts_of
from lab.data.tables.encoding import UNKNOWN
from lab.data.tables.raw import RawTable
from lab.errors import BadInput
from lab.evaluation.predictions import Predictions

if TYPE_CHECKING:
    from lab.evaluation.trained import TrainedModel


def heeded_words(model: TrainedModel, table: RawTable, made: Predictions, most: int) -> list[str]:
    """For each answer the words that matter most to it, such as "not +0.93, dull -0.08": by how much the probability of
    the class that is answered (or the value) falls when the word is left out. Raises BadInput where no text is read as
    tokens, or the answers are labels."""
    recipe = model.recipe
    column = next((each for each in recipe.table.columns if each.tokens), None) if recipe.table is not None else None
    if column is None or made.kind not in ("classes", "values"):
        raise BadInput(
            f"{model.name}: words can be left out where a text is read as tokens, and a class or a value is answered."
        )
    cells = texts_of(next(each for each in table.columns if each.name == column.name))
    rows = range(len(cells)) if made.rows is None else made.rows.tolist()
    return [
        _of_text(model, column.read_of(cells[row]), numbers, most)
        for row, numbers in zip(rows, made.numbers, strict=True)
    ]


def _of_text(model: TrainedModel, words: list[str], numbers: np.ndarray, most: int) -> str:
    """The words of one text; `numbers` are its probabilities, or its values."""
    assert model.recipe.table is not None
    (column,) = model.recipe.table.columns
    if not words:
        return ""
    known = {word: number for number, word in enumerate(column.texts, 2)}
    tokens = [known.get(word, UNKNOWN) for word in words]
    without = np.zeros((len(words), column.length), np.float32)
    for place, row in enumerate(without):
        rest = tokens[:place] + tokens[place + 1 :] or [UNKNOWN]
        row[: len(rest)] = rest
    answered = int(np.argmax(numbers)) if model.recipe.kind == "classes" else 0
    falls = numbers[answered] - model.answers(without).numbers[:, answered]
    order = np.argsort(-np.abs(falls), kind="stable")[:most]
    return ", ".join(f"{words[place]} {falls[place]:+.2g}" for place in order.tolist())
