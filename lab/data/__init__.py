"""Data sets: made up from random numbers, bundled, or read from the reader's own files.

>>> import lab.data
>>> parts = lab.data.load({"name": "spiral", "points": 300, "validation": 0.2}, seed=0)
>>> parts.train.inputs.shape, parts.train.classes
((240, 2), ('arm 0', 'arm 1', 'arm 2'))

A new set is one new file in `lab/data/sets`: a class of options, whose docstrings are its reference, and a function
under the decorator `dataset` (or `file_format`, for a format of files).
"""

from lab.data.data import Data, Split, TargetKind
from lab.data.looking import ColumnFound, FileFound, look
from lab.data.registry import OptionText, SetText, describe, schema
from lab.data.specification import DataSpecification, check, load, story

__all__ = [
    "ColumnFound",
    "Data",
    "DataSpecification",
    "FileFound",
    "OptionText",
    "SetText",
    "Split",
    "TargetKind",
    "check",
    "describe",
    "load",
    "look",
    "schema",
    "story",
]
