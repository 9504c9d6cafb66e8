"""Sentences about what happens in a run, made from what is measured, at the step where it happens.

Each kind of sentence is a small detector in a file of its own; every file of this folder is imported. Detectors see
the measurements of one replica in their order, so that what they say depends on nothing else.
"""

from lab.noticing.detector import DETECTORS, Detector, Facts, Finding, detector_meanings, load_detectors
from lab.noticing.narrator import Narrator

__all__ = ["DETECTORS", "Detector", "Facts", "Finding", "Narrator", "detector_meanings", "load_detectors"]
