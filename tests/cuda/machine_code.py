"""What machine code says of itself: how many bytes of its stack and how many registers a kernel's threads use."""

from __future__ import annotations

import struct
from dataclasses import dataclass

REGISTERS, FRAME = 0x2F, 0x11
"""Attributes of a function in the section `.nv.info`."""
WITH_WORDS = 4
"""Format of an attribute that is followed by so many bytes of words."""


@dataclass(frozen=True)
class Use:
    """frame: bytes of local memory of a thread: arrays of its own, and registers that were spilled"""

    registers: int
    frame: int


def uses(code: bytes) -> list[Use]:
    """Of each function of some machine code (an ELF file)."""
    assert code[:4] == b"\x7fELF"
    (table,) = struct.unpack_from("<Q", code, 0x28)
    size, count, names_at = struct.unpack_from("<HHH", code, 0x3A)
    sections = [struct.unpack_from("<IIQQQQIIQQ", code, table + index * size) for index in range(count)]
    names = sections[names_at][4]
    found: dict[int, dict[int, int]] = {REGISTERS: {}, FRAME: {}}
    for name, _, _, _, place, length, *_ in sections:
        if code[names + name : code.index(b"\0", names + name)] != b".nv.info":
            continue
        end = place + length
        while place < end:
            form, attribute, value = struct.unpack_from("<BBH", code, place)
            place += 4
            if form == WITH_WORDS:
                if attribute in found:
                    function, number = struct.unpack_from("<II", code, place)
                    found[attribute][function] = number
                place += value
    assert found[FRAME]
    return [Use(found[REGISTERS][function], frame) for function, frame in found[FRAME].items()]
