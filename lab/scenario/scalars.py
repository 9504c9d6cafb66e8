"""What a plain YAML word means: the core schema of YAML 1.2.

PyYAML follows YAML 1.1, in which `1e-3` is text and `no`, `on` and `y` are booleans. Here `1e-3` is a number, and only
`true` and `false` are booleans.
"""

from __future__ import annotations

import re

_NULL = frozenset(("", "~", "null", "Null", "NULL"))
_BOOLEAN = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_WHOLE = re.compile(r"[-+]?[0-9]+", re.ASCII)
_OTHER_BASE = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+", re.ASCII)
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", re.ASCII)
_INFINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)")
_NOT_A_NUMBER = re.compile(r"\.(?:nan|NaN|NAN)")

LONGEST_NUMBER = 400  # digits; any float64 can be written in fewer


def resolve(word: str) -> bool | int | float | str | None:
    """The value of a word that stands without quotes. Raises ValueError for a number of absurd length.

    >>> [resolve(word) for word in ("1e-3", "0x10", "on", "~", "1.2.3")]
    [0.001, 16, 'on', None, '1.2.3']
    """
    if word in _NULL:
        return None
    if word in _BOOLEAN:
        return _BOOLEAN[word]
    first = word[0]
    if first not in "0123456789+-.":
        return word
    if _FLOAT.fullmatch(word) or _OTHER_BASE.fullmatch(word):
        if len(word) > LONGEST_NUMBER:
            raise ValueError(f"a number of {len(word):,} characters")
        if _WHOLE.fullmatch(word):
            return int(word)
        return int(word, 0) if _OTHER_BASE.fullmatch(word) else float(word)
    if _INFINITE.fullmatch(word):
        return float("-inf") if first == "-" else float("inf")
    if _NOT_A_NUMBER.fullmatch(word):
        return float("nan")
    return word
