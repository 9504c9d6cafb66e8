"""What a thread of the machine consists of: 64-bit numbers, each at its slot, then its parameters and registers.

A thread runs until it waits for others, ends, or does something forbidden; what it says then stands in its slots.
"""

from __future__ import annotations

import enum


class Slot(enum.IntEnum):
    """Places of a thread's numbers; those behind FURTHER are the program's."""

    # what it does
    STATUS = 0
    RESUME = enum.auto()  # the piece to go on with
    LINE = enum.auto()  # of the program's text, where it waits or has failed
    # who it is
    NUMBER = enum.auto()  # in the launch, from 1
    THREAD = enum.auto()  # in its block
    THREADS = enum.auto()  # of a block
    X = enum.auto()
    Y = enum.auto()
    COUNT_X = enum.auto()
    COUNT_Y = enum.auto()
    BLOCK = enum.auto()
    BLOCKS = enum.auto()
    # memory: addresses of its own, of the block's, of the device's, and of what is noted of the device's
    LOCAL = enum.auto()
    SHARED_MEMORY = enum.auto()
    POOL = enum.auto()
    WORDS = enum.auto()
    NOTES = enum.auto()
    CLOCKS = enum.auto()
    SINCE = enum.auto()  # the time at which the launch began
    # a meeting it waits for
    BARRIER = enum.auto()
    EXPECTED = enum.auto()
    GIVEN = enum.auto()
    DISTANCE = enum.auto()
    CLAMP = enum.auto()
    MEMBERS = enum.auto()
    ANSWER = enum.auto()
    ANSWERED = enum.auto()
    # a forbidden access
    ADDRESS = enum.auto()
    SIZE = enum.auto()
    STORES = enum.auto()
    PROBLEM = enum.auto()
    OTHER = enum.auto()
    OTHER_LINE = enum.auto()
    # how much it has done
    INSTRUCTIONS = enum.auto()
    LOADED = enum.auto()
    STORED = enum.auto()
    FUSED = enum.auto()
    MET = enum.auto()
    GLOBAL_BYTES = enum.auto()
    FURTHER = enum.auto()


class Status(enum.IntEnum):
    """READY: to run."""

    READY = 0
    AT_BARRIER = enum.auto()
    AT_SHUFFLE = enum.auto()
    ENDED = enum.auto()
    FAILED = enum.auto()


class Problem(enum.IntEnum):
    """What can be wrong with an access."""

    NONE = 0
    OUTSIDE = enum.auto()
    MISALIGNED = enum.auto()
    WRONG_SPACE = enum.auto()
    UNWRITTEN = enum.auto()
    RACE = enum.auto()


class Space(enum.IntEnum):
    """Kinds of memory. ANY: wherever the address leads."""

    ANY = 0
    GLOBAL = enum.auto()
    SHARED = enum.auto()
    LOCAL = enum.auto()
