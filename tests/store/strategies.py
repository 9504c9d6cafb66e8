"""Any event there can be, for property tests."""

from __future__ import annotations

import dataclasses
import struct
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from lab import pictures
from lab.events import Claimed, Compiling, Ended, Failed, Measured, PictureTaken, Started
from lab.outcome import Outcome

names = st.text(max_size=12)
floats = st.floats(width=64)
seeds = st.integers(-(2**70), 2**70) | st.integers(0, 3)
steps = st.integers(0, 2**62)


def _array(shape: Any, dtype: str = "float32") -> st.SearchStrategy[np.ndarray]:
    return arrays.arrays(np.dtype(dtype), shape)


_lines = st.dictionaries(names, _array(st.integers(0, 5)), max_size=3)
_points = _array(st.tuples(st.integers(0, 4), st.just(2)))
_grid = _array(st.tuples(st.integers(1, 3), st.integers(1, 3)))
_extent = st.tuples(floats, floats, floats, floats)

any_picture = st.one_of(
    st.builds(
        pictures.Curves,
        names,
        _array(st.integers(0, 5)),
        _lines,
        names,
        names,
        log_x=st.booleans(),
        log_y=st.booleans(),
    ),
    st.builds(pictures.Bars, names, st.dictionaries(names, floats, max_size=3), names, st.booleans()),
    st.builds(
        pictures.Histograms, names, _array(4), st.dictionaries(names, _array(3, "int64"), max_size=2), x_label=names
    ),
    st.builds(
        pictures.Field,
        names,
        _grid,
        st.none() | floats,
        st.none() | floats,
        st.booleans(),
        st.none() | _extent,
        st.dictionaries(names, _points, max_size=2),
    ),
    st.builds(pictures.Regions, names, _array((2, 3), "int64"), _array((2, 3)), _extent, _points, _array(2, "int64")),
    st.builds(pictures.Scatter, names, st.dictionaries(names, _points, max_size=2)),
    st.builds(pictures.Images, names, _array((2, 3, 3)), st.lists(names, max_size=2).map(tuple)),
    st.builds(
        pictures.Units,
        names,
        st.dictionaries(names, _array(3), max_size=2),
        st.dictionaries(names, _array(3, "bool"), max_size=2),
    ),
    st.builds(
        pictures.Diagram,
        names,
        st.lists(st.tuples(names, names, names, names), max_size=3).map(tuple),
        st.lists(st.tuples(names, names), max_size=3).map(tuple),
    ),
    st.builds(
        pictures.Table,
        names,
        st.lists(names, max_size=3).map(tuple),
        st.lists(st.lists(names, max_size=3).map(tuple), max_size=2).map(tuple),
    ),
)

_outcome = st.builds(Outcome, names, seeds, steps, names, floats.filter(np.isfinite), names)
measured = st.builds(
    Measured,
    names,
    seeds,
    steps,
    st.dictionaries(names, floats, max_size=4),
    st.none() | names,
    st.dictionaries(names, floats, max_size=2),
)
any_event = st.one_of(
    measured,
    measured,
    st.builds(
        Started,
        names,
        names,
        st.lists(names, max_size=3).map(tuple),
        st.lists(seeds, max_size=3).map(tuple),
        st.dictionaries(names, steps, max_size=3),
        st.lists(names, max_size=3).map(tuple),
        names,
        st.none() | names,
    ),
    st.builds(Compiling, names, st.integers(0, 99)),
    st.builds(PictureTaken, names, seeds, steps, any_picture),
    st.builds(
        Claimed,
        names,
        names,
        st.booleans(),
        st.dictionaries(seeds, st.booleans(), max_size=3),
        st.dictionaries(seeds, names, max_size=3),
    ),
    st.builds(
        Ended,
        st.booleans(),
        st.booleans(),
        st.integers(0, 9),
        st.integers(0, 9),
        floats.filter(np.isfinite),
        st.lists(_outcome, max_size=3).map(tuple),
    ),
    st.builds(Failed, names),
)


def same(one: Any, other: Any) -> bool:
    """Equal in every bit of every number, in type and in the order of what is ordered."""
    if isinstance(one, np.ndarray):
        return (
            isinstance(other, np.ndarray)
            and one.dtype == other.dtype
            and one.shape == other.shape
            and one.tobytes() == other.tobytes()
        )
    if type(one) is not type(other):
        return False
    if isinstance(one, float):
        return struct.pack("<d", one) == struct.pack("<d", other) or (one != one and other != other)
    if dataclasses.is_dataclass(one):
        compared = [each.name for each in dataclasses.fields(one) if each.compare]  # without times: reading sets them
        return all(same(getattr(one, name), getattr(other, name)) for name in compared)
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, tuple | list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)
