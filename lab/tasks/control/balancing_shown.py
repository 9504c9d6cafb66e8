"""Pictures of the pole on a cart: an episode, and what was expected of it beside what came."""

from __future__ import annotations

import numpy as np

from kernels.cart_pole import FARTHEST, STEEPEST
from lab.pictures import Curves, Picture, Table

ROWS = 12
"""So many moments of an episode are shown at most, the last one among them."""
COLUMNS = 25
UPRIGHT = np.deg2rad(1.0)
"""Up to so much a pole is drawn upright."""


def episode(trace: np.ndarray, ended: bool) -> Picture:
    """trace: [steps + 1, 5], position, speed, angle and angular speed, and the state at the end behind the last step;
    ended: whether it ended by itself"""
    last = len(trace) - 1
    moments = np.unique(np.linspace(0, last, ROWS).round().astype(int)).tolist()
    rows = [(str(each), drawn(*trace[each, [0, 2]]), f"{np.rad2deg(trace[each, 2]):+.1f}°") for each in moments]
    rows.insert(0, ("end", how(trace[-1], ended), ""))
    head = ("step", f"from {-FARTHEST} m to {FARTHEST} m", "angle")
    return Table("A test episode", head, tuple(rows), name="episode")


def drawn(position: float, angle: float) -> str:
    """The track from above the left end to the right one, and on it the cart with its pole, leaning as it does."""
    pole = "│" if abs(angle) < UPRIGHT else "╱" if angle > 0 else "╲"
    place = round((position + FARTHEST) / (2 * FARTHEST) * (COLUMNS - 1))
    track = ["·"] * COLUMNS
    for near, sign in ((-1, "▄"), (0, pole), (1, "▄")):
        if 0 <= place + near < COLUMNS:
            track[place + near] = sign
    return "".join(track)


def how(state: np.ndarray, ended: bool) -> str:
    """How an episode ended, in words."""
    if not ended:
        return "truncated: time limit"
    return "terminated: pole fell" if abs(state[2]) > STEEPEST else "terminated: off track"


def values(expected: np.ndarray, followed: np.ndarray) -> Picture:
    """expected: [steps] the highest Q before each step;  followed: [steps] the discounted rewards behind it"""
    lines = {"highest Q": expected.astype(np.float32), "rewards that followed": followed.astype(np.float32)}
    steps = np.arange(len(expected), dtype=np.float32)
    return Curves("Expected and received", steps, lines, "step of the episode", "discounted", name="expected")
