"""Searching for good settings: a space of dotted paths, a method that chooses trials, a sweep that runs them."""

from lab.search.methods import METHODS, Trial, grid, random
from lab.search.space import Axis, parse_axis
from lab.search.sweep import Result, Sweep

__all__ = ["METHODS", "Axis", "Result", "Sweep", "Trial", "grid", "parse_axis", "random"]
