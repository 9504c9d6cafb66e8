"""`reviews`: short reviews of films, for or against, in which "not" turns round what the word behind it says."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field

from lab.data.data import Data, TableRead
from lab.data.options import Points
from lab.data.registry import dataset
from lab.data.tables.encoding import ReadColumn
from lab.validation import Real, Whole

GOOD = ["good", "great", "lovely", "charming", "funny", "clever", "moving", "gripping", "warm", "brilliant"]
BAD = ["bad", "dull", "boring", "awful", "clumsy", "silly", "tedious", "weak", "cold", "pointless"]
THINGS = ["plot", "cast", "acting", "ending", "music", "script", "camera", "dialogue", "hero", "story", "pace", "wit"]
TURNS = ["not", "never", "hardly"]
LONGEST = 10
"""Words of the longest review."""


class Reviews(Points):
    """Reviews of two clauses, such as "the plot was great and the cast was warm", and whether they are for the film.

    Half of them say it plainly. In the others one clause has a good word and one a bad word, and "not" (or "never", or
    "hardly") turns round one of the two: "the plot was not good and the cast was dull" is against the film, "the plot
    was good and the cast was not dull" is for it. Both have the same words.
    """

    points: Whole = Field(default=2000, ge=2)
    """number of reviews in all"""
    turned: Real = Field(default=0.5, ge=0, le=1)
    """share of the reviews in which a word is turned round"""
    reading: Literal["tokens", "words"] = "tokens"
    """how a review is read: as a sequence of words, or as a bag of words, how often each is there"""

    def width(self) -> int:
        """What the words and their counts take."""
        return 8 * LONGEST


@dataset("reviews", Reviews)
def reviews(options: Reviews, random: np.random.Generator) -> Data:
    """Texts, of which the words become inputs once it is known which ones are trained on; targets: against 0, for 1."""
    count = options.points
    positive = random.integers(0, 2, count)
    turned = random.random(count) < options.turned
    texts = [_review(bool(good), bool(turn), random) for good, turn in zip(positive, turned, strict=True)]
    how = {"tokens": 1000, "length": LONGEST} if options.reading == "tokens" else {"words": 1000}
    column = ReadColumn("review", "text", **how)  # type: ignore[arg-type]
    return Data(
        inputs=np.zeros((count, 0)),
        targets=positive,
        kind="classes",
        classes=("against", "for"),
        table=TableRead((column,), ("opinion",), {}, ("review", "opinion")),
        texts=np.array(texts, dtype=object)[:, None],
    )


def _review(positive: bool, turned: bool, random: np.random.Generator) -> str:
    things = random.choice(THINGS, 2, replace=False)
    right, wrong = (GOOD, BAD) if positive else (BAD, GOOD)
    said = [str(random.choice(right)), str(random.choice(right))]
    if turned:
        said[1] = f"{random.choice(TURNS)} {random.choice(wrong)}"
    clauses = [f"the {thing} was {what}" for thing, what in zip(things, said, strict=True)]
    first = int(random.integers(0, 2))
    return f"{clauses[first]} and {clauses[1 - first]}"
