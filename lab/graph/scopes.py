"""Where a call of the graph belongs while it is made: its layer, its phase, the block with which it can be skipped."""

from __future__ import annotations

import contextlib
import contextvars
import itertools
from collections.abc import Iterator

BlockPath = tuple[int, ...]
"""The numbers of the blocks around a call, from the outermost on."""

_label: contextvars.ContextVar[str] = contextvars.ContextVar("label", default="")
_phase: contextvars.ContextVar[int] = contextvars.ContextVar("phase", default=0)
_block: contextvars.ContextVar[BlockPath] = contextvars.ContextVar("block", default=())
_numbers = itertools.count()


@contextlib.contextmanager
def scope(label: str) -> Iterator[None]:
    """Give the calls made inside a label: the layer's name in plans, in errors and in reports of divergence."""
    token = _label.set(label)
    try:
        yield
    finally:
        _label.reset(token)


@contextlib.contextmanager
def phase(which: int) -> Iterator[None]:
    """Put the calls made inside into a phase: they run after those of earlier phases and before those of later ones.

    Outside, calls are of phase 0; within a phase they run in the order in which they are made. What must run before
    something that is built already, as moving the parameters ahead of a loss, is of phase -1.
    """
    token = _phase.set(which)
    try:
        yield
    finally:
        _phase.reset(token)


def current_label() -> str:
    """Return the label of the innermost `scope`, or "" outside of any."""
    return _label.get()


def current_phase() -> int:
    """Return the number of the innermost `phase`; 0 outside of any."""
    return _phase.get()


def current_block() -> BlockPath:
    """Return the innermost `skippable_block`; () outside of any."""
    return _block.get()


def next_number() -> int:
    """Return a number above all that were given out before, of calls and of blocks."""
    return next(_numbers)


def label_prefix() -> str:
    """Return the label as errors begin with it, `dense1: `; nothing outside of every scope."""
    return f"{current_label()}: " if current_label() else ""


@contextlib.contextmanager
def skippable_block(which: BlockPath | None = None) -> Iterator[BlockPath]:
    """Collect the calls made inside in a block that a call before it may skip (see `Call.skips`).

    which: a block that exists already, to which the calls are added; a new one inside the current block by default
    Yields the block, to be given to the call that decides.
    """
    inside = (*_block.get(), next_number()) if which is None else which
    token = _block.set(inside)
    try:
        yield inside
    finally:
        _block.reset(token)
