"""`modular-arithmetic`: every pair of numbers below a modulus, and what is left of their sum or product."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from pydantic import Field

from lab.data.data import Data
from lab.data.options import WithClasses
from lab.data.registry import dataset
from lab.validation import Whole


class ModularArithmetic(WithClasses):
    """All pairs (a, b) of numbers below a modulus; the class is (a + b) mod modulus, or that of a - b or a · b.

    Each number is one input of 1 among zeros, so that nothing says which numbers are neighbours: who has learned some
    of the pairs by heart knows nothing of the others. Networks that are decayed find the rule long after they know the
    pairs by heart, which is known as grokking.

    Paper: Power et al., "Grokking: generalization beyond overfitting on small algorithmic datasets", 2022.
    """

    modulus: Whole = Field(default=31, ge=2, le=200)
    """numbers from 0 to this, which is not among them: its square is the number of examples"""
    operation: Literal["add", "subtract", "multiply"] = "add"
    """what is done with the two numbers"""

    def memory(self) -> int:
        """The bytes that the set needs while it is made."""
        return super().memory() + self.modulus**2 * 2 * self.modulus * 8


OPERATIONS: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
}


@dataset("modular-arithmetic", ModularArithmetic)
def modular_arithmetic(options: ModularArithmetic, random: np.random.Generator) -> Data:
    """Inputs [modulus², 2 modulus], first those of a, then those of b; the pairs in rising order."""
    modulus = options.modulus
    first, second = np.divmod(np.arange(modulus**2), modulus)
    one_of = np.eye(modulus)
    return Data(
        inputs=np.concatenate([one_of[first], one_of[second]], axis=1),
        targets=OPERATIONS[options.operation](first, second) % modulus,
        kind="classes",
        classes=tuple(str(each) for each in range(modulus)),
        features=tuple(f"{name} = {each}" for name in "ab" for each in range(modulus)),
    )


def pairs_in(inputs: np.ndarray) -> np.ndarray:
    """The numbers (a, b) of examples of this set, [n, 2], from their inputs [n, 2 modulus]."""
    return inputs.reshape(len(inputs), 2, -1).argmax(axis=2)
