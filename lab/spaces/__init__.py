"""Spaces of settings: ranges over dotted paths, and the methods that choose points in them. Runs nothing."""

from lab.spaces.axis import Axis, axis, parse_axis
from lab.spaces.methods import METHODS, Trial, grid, random, rungs

__all__ = ["METHODS", "Axis", "Trial", "axis", "grid", "parse_axis", "random", "rungs"]
