"""The options that data sets have in common. The text under each field is its reference."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from lab.data.images.augmentation import Augment
from lab.data.limits import BYTES_PER_NUMBER, refuse_if_too_large
from lab.data.sequences import Sequences
from lab.data.target_scale import Transform
from lab.errors import InvalidValue
from lab.validation import NUMBER, Settings, Whole

Share = Annotated[float, Field(ge=0, lt=1), NUMBER]
"""A part of the whole: from 0 up to but not including 1."""

Finite = Annotated[float, Field(allow_inf_nan=False, ge=-1e30, le=1e30), NUMBER]
"""A number that still fits into float32 when something is added to it."""

Noise = Annotated[float, Field(ge=0, le=1e6), NUMBER]
"""A standard deviation."""

Classes = Annotated[int, Field(ge=2, le=10_000), NUMBER]
"""A number of classes."""


class Options(Settings):
    """What every data set takes."""

    stratified: ClassVar[bool] = True
    """Each part of a split gets its share of every class."""

    seed: Annotated[int, Field(ge=0, lt=2**63), NUMBER] | None = None
    """seed of the data and their split; without it the seed of the run"""
    validation: Share = 0
    """share of the examples that is held back for validation, the same share of each class"""
    folds: Annotated[int, Field(ge=2, le=1000), NUMBER] | None = None
    """instead of `validation`: the examples are cut into so many folds, one of which is held back"""
    fold: Annotated[int, Field(ge=0), NUMBER] = 0
    """which of the folds is held back, counted from 0"""
    examples: Annotated[int, Field(ge=1), NUMBER] | None = None
    """train on this many examples only, drawn at random, the same share of each class; validation is not touched"""
    copies: Whole = Field(default=1, ge=1, le=1_000_000)
    """the training examples are repeated this often"""

    def memory(self) -> int:
        """The bytes that the set needs, as far as the options tell."""
        return 0


class Prepared(Options):
    """What sets of numbers (as opposed to words) take in addition: how the inputs are prepared.

    What is fitted (means, deviations, axes) is fitted on the training examples alone and then applied to all parts,
    in this order: binarise, centre, standardise, scale, whiten, multiply. A feature is a column, or a pixel; of images
    that are kept as bytes (all but digits and attributes), it is a channel.
    """

    binarise: Finite | None = None
    """inputs that are this number or more become 1, all others 0"""
    centre: bool = False
    """subtract the mean of each feature"""
    standardise: bool = False
    """subtract the mean of each feature and divide by its standard deviation"""
    scale: bool | Literal["range"] = False
    """true: divide each feature by its standard deviation, its mean is not moved to 0; range: stretch it to 0…1"""
    whiten: bool = False
    """turn the inputs to their principal axes, largest variance first, and give each axis variance 1"""
    multiply: Finite = 1
    """multiply all inputs by this number"""

    @model_validator(mode="after")
    def _one_scale(self) -> Self:
        if self.scale and self.standardise:
            raise InvalidValue(("scale",), "scale and standardise exclude each other: both set the spread.")
        if self.multiply == 0:
            raise InvalidValue(("multiply",), "0 is not allowed here: every input would be 0.")
        return self


class WithClasses(Prepared):
    """What sets with classes take in addition."""

    label_noise: Share = 0
    """share of the training examples whose class is replaced by another one, drawn at random"""


class WithImages(WithClasses):
    """What sets of images that stay bytes take in addition."""

    augment: Augment | None = None
    """training images are changed at random in every step: a block of `flip`, `crop`, `translate`, `scale`, `stretch`,
    `rotate`, `shear`, `lens`, `brightness`, `contrast`, `saturation`, `colour_noise`"""

    @model_validator(mode="after")
    def _augmented_images_stay(self) -> Self:
        if self.augment is not None and self.whiten:
            raise InvalidValue(("augment",), "augment and whiten exclude each other: axes are no images.")
        return self


class WithValues(Prepared):
    """What sets with numbers as targets take in addition."""

    transform_targets: Transform | None = None
    """what is learned in place of the targets: `log`, their natural logarithm, for prices and other values above 0 that
    differ by powers of ten; `log1p`, log(1 + target), for counts, which may be 0. Scores and predictions are in the
    units of the data all the same; an answer is then nearer to the median than to the mean"""
    standardise_targets: bool = False
    """subtract the mean of the training targets and divide by their standard deviation"""


class WithSequences(Options):
    """What sets take whose rows may be read as sequences."""

    sequence_length: Whole | None = Field(default=None, ge=1, le=100_000)
    """an example is so many rows in a row, and what their target was: [rows, features], as recurrent layers and
    convolutions over time read them; predicted is the target of a later row, and the last rows are held back"""
    ahead: Whole = Field(default=1, ge=1, le=100_000)
    """of sequences: how many rows after the last one read the row stands whose target is predicted"""

    @model_validator(mode="after")
    def _sequences_stay_whole(self) -> Self:
        if self.sequence_length is None:
            if self.ahead != 1:
                raise InvalidValue(
                    ("ahead",), "says which row is predicted from a sequence: add `sequence_length: 10`."
                )
            return self
        for name, usual in {"folds": None, "examples": None, "copies": 1}.items():
            if getattr(self, name) != usual:
                message = f"{name} takes rows apart that follow each other: leave it out, or sequence_length."
                raise InvalidValue((name,), message)
        return self

    @property
    def sequences(self) -> Sequences | None:
        """What an example is made of, if it is more than one row."""
        return None if self.sequence_length is None else Sequences(self.sequence_length, self.ahead)


class WithTruth(WithValues):
    """What sets take that know the targets without noise."""

    clean_validation: bool = False
    """the validation targets are the true ones, without noise and outliers"""


class Points(Options):
    """How many examples a made-up set has."""

    points: Whole = Field(default=900, ge=2)
    """number of examples in all"""

    def width(self) -> int:
        """How many numbers one example takes."""
        return 3

    def memory(self) -> int:
        """The bytes that the set needs while it is made."""
        return self.points * self.width() * BYTES_PER_NUMBER

    @model_validator(mode="after")
    def _fits(self) -> Self:
        what = f"{self.points:,} examples of {self.width():,} numbers" if self.points < 10**15 else "so many examples"
        refuse_if_too_large(("points",), what, self.memory())
        return self


class PointsInClasses(Points, WithClasses):
    """What made-up sets with any number of classes have in common."""

    classes: Classes = 3
    """number of classes, of equal size"""

    @model_validator(mode="after")
    def _enough(self) -> Self:
        if self.points < self.classes:
            message = f"{self.points} is not allowed here: it must be at least {self.classes}, one for each class."
            raise InvalidValue(("points",), message)
        return self
