"""`transcripts`: sequences of symbols, and what is to be written at which steps: copies, reversals, counts."""

from __future__ import annotations

from typing import Literal, Self

import numpy as np
from pydantic import Field, model_validator

from lab.data.data import Data
from lab.data.options import Points, WithClasses
from lab.data.registry import dataset
from lab.errors import InvalidValue
from lab.validation import Whole

LETTERS = 26
NOTHING = "·"
"""Symbol 0: nothing is there, or nothing is asked."""


class Transcripts(Points, WithClasses):
    """Sequences of symbols, and what is to be written at which of their steps.

    `copy`, `reverse`: read `length` symbols, wait for `lag` steps, then write them again, in their order or in reverse.
    `majority` (many to one): at the end, write the symbol that was there most often. `parity` (many to many): at each
    step, write whether the first symbol occurred an odd number of times so far. `count` (one to many): from one symbol,
    write so many symbols as it says. `recall`: read `length` different symbols, each with a digit ("a3" is one step),
    then read these symbols again, in another order and without their digits ("a"), and write the digit of each. Symbol
    0 stands for nothing: where it is the target, nothing is asked.
    """

    stratified = False
    kind: Literal["copy", "reverse", "majority", "parity", "count", "recall"] = "copy"
    """what is to be written"""
    points: Whole = Field(default=4000, ge=2)
    """number of sequences in all"""
    length: Whole = Field(default=5, ge=1, le=10_000)
    """symbols of a sequence"""
    symbols: Whole = Field(default=4, ge=2, le=1000)
    """number of different symbols"""
    lag: Whole = Field(default=0, ge=0, le=10_000)
    """steps between reading and writing, of `copy`, `reverse` and `recall`"""
    digits: Whole = Field(default=8, ge=2, le=100)
    """number of different digits, of `recall`"""

    @model_validator(mode="after")
    def _enough_symbols(self) -> Self:
        if self.kind == "recall" and self.length > self.symbols:
            raise InvalidValue(
                ("length",), f"is {self.length}, but there are only {self.symbols} different symbols to ask for."
            )
        return self

    def width(self) -> int:
        """How many numbers one example takes."""
        return 4 * self.length + 2 * self.lag


@dataset("transcripts", Transcripts)
def transcripts(options: Transcripts, random: np.random.Generator) -> Data:
    """Inputs and targets [points, time]: numbers of symbols, 0 for nothing."""
    names = [chr(ord("a") + each) if options.symbols <= LETTERS else str(each) for each in range(options.symbols)]
    if options.kind == "recall":
        inputs, targets = _recalled(options, random)
        digits = [str(each) for each in range(1, options.digits + 1)]
        between = "" if options.symbols <= LETTERS else ":"
        names = [*names, *digits, *(f"{name}{between}{digit}" for name in names for digit in digits)]
    else:
        inputs, targets = _made(options, random.integers(1, options.symbols + 1, (options.points, options.length)))
    return Data(inputs=inputs, targets=targets, kind="classes", classes=(NOTHING, *names))


def _recalled(options: Transcripts, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Symbols with digits, nothing for `lag` steps, then the symbols alone, and at these the digits."""
    count, length, symbols, digits = options.points, options.length, options.symbols, options.digits
    chosen = random.permuted(np.tile(np.arange(symbols), (count, 1)), axis=1)[:, :length]
    beside = random.integers(0, digits, (count, length))
    order = random.permuted(np.tile(np.arange(length), (count, 1)), axis=1)
    blank = np.zeros((count, options.lag), np.int64)
    pairs = 1 + symbols + digits + chosen * digits + beside
    asked = 1 + np.take_along_axis(chosen, order, 1)
    right = 1 + symbols + np.take_along_axis(beside, order, 1)
    return np.hstack([pairs, blank, asked]), np.hstack([np.zeros_like(pairs), blank, right])


def _made(options: Transcripts, drawn: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    count, length = drawn.shape
    if options.kind in ("copy", "reverse"):
        blank = np.zeros((count, options.lag + length), np.int64)
        answer = drawn if options.kind == "copy" else drawn[:, ::-1]
        return np.hstack([drawn, blank]), np.hstack([blank, answer])
    targets = np.zeros_like(drawn)
    if options.kind == "majority":
        counts = np.stack([(drawn == each).sum(1) for each in range(1, options.symbols + 1)], 1)
        targets[:, -1] = 1 + counts.argmax(1)
        return drawn, targets
    if options.kind == "parity":
        return drawn, 1 + (drawn == 1).cumsum(1) % 2
    # `count`: symbol k at the first step asks for k times the second symbol, then for the first one.
    inputs = np.zeros_like(drawn)
    inputs[:, 0] = drawn[:, 0]
    return inputs, np.where(np.arange(length) < drawn[:, :1], 2, 1)
