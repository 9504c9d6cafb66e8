"""Modules of LLVM IR as text: which of them are needed, and in which order."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Sequence

DEFINED = re.compile(r'^(?:define [^@\n]*@|@)"([^"]+)"(?! = external)', re.MULTILINE)
MENTIONED = re.compile(r'@"([^"]+)"')


def in_order(modules: Sequence[str]) -> list[str]:
    """The first module and those that it needs, each once, in an order that is the same in every process: NVVM leaves
    out what nobody has called yet."""
    homes = {name: each for each in modules for name in DEFINED.findall(each)}
    found = {modules[0]: None}
    waiting = deque(found)
    while waiting:
        for name in MENTIONED.findall(waiting.popleft()):
            if name in homes and homes[name] not in found:
                found[homes[name]] = None
                waiting.append(homes[name])
    return list(found)


def small(text: str) -> str:
    """A kernel's module with the wish for small code: loops whose length nobody knows are left as they are."""
    return re.sub(r"^(define void @.*\))$", r"\1 optsize", text, flags=re.MULTILINE)
