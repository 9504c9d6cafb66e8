"""Searching for good settings: a space of dotted paths, a method that chooses trials, a sweep that runs them."""

from lab.search.progress import Progress
from lab.search.sweep import Result, Sweep
from lab.spaces import METHODS, Axis, Trial, grid, parse_axis, random

__all__ = ["METHODS", "Axis", "Progress", "Result", "Sweep", "Trial", "grid", "parse_axis", "random"]
