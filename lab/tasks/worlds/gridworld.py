"""A world on a grid: where one may be, where actions lead, and which rewards there are, as arrays for the kernels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from pydantic import Field

from lab.errors import InvalidValue
from lab.nets.limits import adjustable
from lab.validation import Settings

WALL, FREE, START = "#", ".", "S"
LARGEST_SIDE = 40
LARGEST_REWARD = 1e6
ACTIONS = ("up", "right", "down", "left")
ARROWS = "^>v<"
STEPS = ((-1, 0), (0, 1), (1, 0), (0, -1))
"""Rows and columns by which the actions move; each one's right is the next."""
STRAIGHT, TO_THE_RIGHT, TO_THE_LEFT = 0, 1, -1
OUTCOMES = (STRAIGHT, TO_THE_RIGHT, TO_THE_LEFT)
SHOWN_ARROWS = "↑→↓←"


class Cell(Settings):
    """What a capital letter on the map stands for."""

    reward: float = adjustable(
        0.0, "Reward on entering the cell, in addition to `step_reward`.", ge=-LARGEST_REWARD, le=LARGEST_REWARD
    )
    terminal: bool = Field(default=False, description="Whether the episode ends there.")
    to: str | None = Field(
        default=None,
        min_length=1,
        max_length=1,
        description="The letter of the cell to which one is taken on entering, such as S for back to the start.",
    )


class Gridworld:
    """States, actions and where they lead. The states are the cells in which one can act, row by row.

    rows:      the map, one character for each cell;  shape: (rows, columns)
    letters:   the capital letters on the map in alphabetical order, without S; their rewards are numbers 1, 2, …
    places:    [states, 2] row and column of each state
    origin:    the states at S, all where there is no S;  starts: those in which episodes begin
    following: [states, 4, 3] the state behind each action and outcome, or the number of states where the episode ends
    kinds:     [states, 4, 3] the number of the reward that comes with it, 0 for that of an ordinary step
    """

    def __init__(self, rows: Sequence[str], cells: Mapping[str, Cell], *, start_anywhere: bool = False) -> None:
        self.rows, self.cells = tuple(rows), dict(cells)
        _require_rectangle(self.rows)
        self.shape = (len(self.rows), len(self.rows[0]))
        on_map = sorted({each for row in self.rows for each in row})
        _require_meanings(self.rows, on_map, self.cells)
        self.letters = tuple(each for each in on_map if each not in (WALL, FREE, START))
        self._state: dict[tuple[int, int], int] = {}
        for place in np.ndindex(*self.shape):
            if self._is_state(self.at(place)):
                self._state[place] = len(self._state)
        if not self._state:
            raise InvalidValue(("map",), "there is no cell in which one could act: write . for a free one.")
        self.places = np.array(list(self._state), np.int64)
        self.count = len(self.places)
        on_start = [number for place, number in self._state.items() if self.at(place) == START]
        self.origin = np.array(on_start or range(self.count), np.int64)
        self.starts = np.arange(self.count) if start_anywhere else self.origin
        self.following = np.zeros((self.count, len(ACTIONS), len(OUTCOMES)), np.int64)
        self.kinds = np.zeros_like(self.following)
        for state, (row, column) in enumerate(self.places.tolist()):
            for action in range(len(ACTIONS)):
                for number, outcome in enumerate(OUTCOMES):
                    down, right = STEPS[(action + outcome) % len(ACTIONS)]
                    there = (row + down, column + right)
                    self.following[state, action, number], self.kinds[state, action, number] = self._entered(
                        there, state
                    )

    def at(self, place: tuple[int, int]) -> str:
        """The character on the map; a wall outside."""
        row, column = place
        inside = 0 <= row < self.shape[0] and 0 <= column < self.shape[1]
        return self.rows[row][column] if inside else WALL

    def _is_state(self, character: str) -> bool:
        if character == WALL:
            return False
        cell = self.cells.get(character)
        return cell is None or not (cell.terminal or cell.to)

    def _entered(self, place: tuple[int, int], here: int) -> tuple[int, int]:
        """Where one is after a move to a place, and the number of the reward."""
        character = self.at(place)
        if character == WALL:
            return here, 0
        cell = self.cells.get(character)
        kind = self.letters.index(character) + 1 if character in self.letters else 0
        if cell is None:
            return self._state[place], kind
        if cell.terminal:
            return self.count, kind
        if cell.to:
            return self._state[self._first(cell.to)], kind
        return self._state[place], kind

    def _first(self, letter: str) -> tuple[int, int]:
        return next(each for each in np.ndindex(*self.shape) if self.at(each) == letter)

    def on_map(self, numbers: np.ndarray) -> np.ndarray:
        """Numbers of states, [states, …], on the map: [rows, columns, …], NaN where there is no state."""
        full = np.full((*self.shape, *numbers.shape[1:]), np.nan)
        full[self.places[:, 0], self.places[:, 1]] = numbers
        return full

    def policy(self, rows: Sequence[str]) -> np.ndarray:
        """The policy that a map of arrows says, [states, actions] of 0 and 1. Raises InvalidValue."""
        if len(rows) != self.shape[0] or any(len(each) != self.shape[1] for each in rows):
            size = f"{self.shape[0]} rows of {self.shape[1]}"
            problem = f"a policy has an arrow for each cell, {size}, or is random or optimal."
            raise InvalidValue(("policy",), problem)
        found = np.zeros((self.count, len(ACTIONS)))
        for state, (row, column) in enumerate(self.places.tolist()):
            arrow = rows[row][column]
            if arrow not in ARROWS:
                problem = f"{arrow!r} in row {row + 1}, column {column + 1} is no arrow: ^ > v < say where one goes."
                raise InvalidValue(("policy",), problem)
            found[state, ARROWS.index(arrow)] = 1
        return found


def _require_rectangle(rows: Sequence[str]) -> None:
    if not rows or not rows[0]:
        raise InvalidValue(("map",), "is empty: write a row of characters for each row of cells.")
    for number, row in enumerate(rows):
        if len(row) != len(rows[0]):
            problem = f"row {number + 1} has {len(row)} cells, but the first one has {len(rows[0])}."
            raise InvalidValue(("map", number), problem)
    if max(len(rows), len(rows[0])) > LARGEST_SIDE:
        raise InvalidValue(
            ("map",), f"{len(rows)} by {len(rows[0])} cells are too many: at most {LARGEST_SIDE} each way."
        )


def _require_meanings(rows: Sequence[str], on_map: Sequence[str], cells: Mapping[str, Cell]) -> None:
    """Every character means something, and every letter that means something can be met."""
    for letter, cell in cells.items():
        if not (len(letter) == 1 and "A" <= letter <= "Z"):
            raise InvalidValue(("cells", letter), "a cell is called by one capital letter, A to Z.", at_key=True)
        if letter not in on_map:
            raise InvalidValue(("cells", letter), f"there is no {letter} on the map.", at_key=True)
        if letter == START and cell != Cell():
            problem = "S is where episodes begin: it has no reward of its own, does not end them and leads nowhere."
            raise InvalidValue(("cells", letter), problem, at_key=True)
        if cell.to and cell.terminal:
            raise InvalidValue(("cells", letter, "to"), "an episode that ends there goes on nowhere: leave out one.")
        if cell.to and (cell.to not in on_map or cell.to in (WALL, FREE)):
            raise InvalidValue(("cells", letter, "to"), f"there is no letter {cell.to!r} on the map.")
        if cell.to and cell.to in cells and (cells[cell.to].terminal or cells[cell.to].to):
            problem = f"{cell.to} is no cell in which one could go on: it ends the episode, or leads on itself."
            raise InvalidValue(("cells", letter, "to"), problem)
    for number, row in enumerate(rows):
        for column, character in enumerate(row):
            if character not in (WALL, FREE, START) and character not in cells:
                problem = (
                    f"{character!r} in column {column + 1} means nothing: # is a wall, . is free, S is where episodes "
                    "begin, and a capital letter needs an entry under `cells`."
                )
                raise InvalidValue(("map", number), problem)
