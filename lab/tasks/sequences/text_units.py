"""What single units of a recurrent network follow in a text that it reads: the place in the line, quotes, vowels, …"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

Property = Literal["line position", "inside quotes", "inside brackets", "word position", "capitals", "vowels"]
PROPERTIES: tuple[Property, ...] = get_args(Property)
_OPENING, _CLOSING = "“«", "”»"
_GATES = {4: ("input", "forget", "output"), 3: ("reset", "update")}
"""By how many times a layer's gates are as wide as its state, which they are; behind them stands the candidate."""


def properties(text: str) -> dict[str, np.ndarray]:
    """By name a number for each character of a text, [n]: how far it is from the beginning of its line or word, in
    characters, or 1 where something is so and 0 elsewhere.

    Quotes and brackets end at the latest at an empty line, so that one that was forgotten does no further harm.
    """
    found: dict[str, np.ndarray] = {name: np.zeros(len(text)) for name in PROPERTIES}
    line = word = bracket = 0
    quoted, before = False, ""
    for place, each in enumerate(text):
        if each == before == "\n":
            bracket, quoted = 0, False
        quoted = True if each in _OPENING else False if each in _CLOSING else quoted ^ (each == '"')
        bracket = max(0, bracket + (each in "([{") - (each in ")]}"))
        found["line position"][place] = line
        found["word position"][place] = word
        found["inside quotes"][place] = quoted
        found["inside brackets"][place] = bracket > 0
        found["capitals"][place] = each.isupper()
        found["vowels"][place] = each.lower() in "aeiou"
        line = 0 if each == "\n" else line + 1
        word = word + 1 if each.isalpha() else 0
        before = each
    return found


def correlations(values: np.ndarray, followed: np.ndarray) -> np.ndarray:
    """Pearson's correlation of each column of values [n, units] with what is followed [n]: [units]; 0 where one of
    them does not change."""
    units = values.astype(np.float64) - values.mean(axis=0, dtype=np.float64)
    wanted = followed - followed.mean()
    sizes = np.sqrt((units**2).sum(axis=0) * (wanted**2).sum())
    found: np.ndarray = np.divide(wanted @ units, sizes, out=np.zeros(units.shape[1]), where=sizes > 1e-9)
    return found


@dataclass(frozen=True)
class Follower:
    """One unit, and how well it follows a property: the correlation, from -1 to 1, over all that was read."""

    layer: str
    unit: int
    followed: str
    correlation: float


def values_of(seen: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """By layer what its units carry on, from -1 to 1, [texts, time, units]: of an LSTM tanh(c), of others the state."""
    layers = [name.removesuffix(".states") for name in seen if name.endswith(".states")]
    return {layer: seen.get(f"{layer}.cell", seen[f"{layer}.states"]) for layer in layers}


def best_followers(
    values: dict[str, np.ndarray], followed: dict[str, np.ndarray], unit: int | None = None
) -> list[Follower]:
    """For each property that changes, [texts, time], in their order, the unit of all layers that follows it best.

    unit: the only one that is looked at
    """
    found: list[Follower] = []
    for name, wanted in followed.items():
        if wanted.min() == wanted.max():
            continue
        scores = {layer: correlations(each.reshape(wanted.size, -1), wanted.ravel()) for layer, each in values.items()}
        layer = max(scores, key=lambda layer: float(np.abs(scores[layer]).max()))
        chosen = int(np.abs(scores[layer]).argmax()) if unit is None else unit
        found.append(Follower(layer, chosen, name, float(scores[layer][chosen])))
    return found


def gates_of(seen: dict[str, np.ndarray], layer: str, unit: int) -> dict[str, np.ndarray]:
    """By name what the gates of one unit were at each step, from 0 to 1, [texts, time]; nothing of a layer without."""
    gates = seen.get(f"{layer}.gates")
    if gates is None:
        return {}
    units = seen[f"{layer}.states"].shape[-1]
    names = _GATES[gates.shape[-1] // units]
    return {f"{name} gate": gates[..., number * units + unit] for number, name in enumerate(names)}
