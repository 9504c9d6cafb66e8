"""A reader of pickles that executes nothing: dictionaries, lists, tuples, texts, numbers, and arrays of NumPy.

A pickle is a program for a small machine with a stack, and its instructions GLOBAL and REDUCE call any function of any
module. This reader knows the instructions that plain data need; of the functions only those by which NumPy saves an
array, which it does not call either: it notes shape, type and bytes. Everything else is refused.

The instructions are those of Python's `pickletools`, which takes a pickle apart without executing it.
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable
from typing import Any

from lab.errors import BadInput

MOST_VALUES = 10_000_000
"""Instructions in one pickle; a batch of CIFAR-10 has about 30,000."""


class Pickled:
    """An array of NumPy: its shape, the type of its numbers (`u1`), its bytes, and whether columns come first."""

    def __init__(self) -> None:
        self.shape: tuple[int, ...] = ()
        self.dtype, self.content, self.by_columns = "", b"", False


class _Type:
    """A type of numbers."""

    def __init__(self, name: str) -> None:
        self.name = name


class _Refused(Exception):
    """The pickle is damaged or holds something else than data."""


_MARK = object()
_ARRAY, _NDARRAY, _DTYPE, _ENCODE = "make array", "ndarray", "dtype", "encode"
_KNOWN = {
    "numpy.core.multiarray _reconstruct": _ARRAY,
    "numpy._core.multiarray _reconstruct": _ARRAY,
    "numpy ndarray": _NDARRAY,
    "numpy dtype": _DTYPE,
    "_codecs encode": _ENCODE,
}
"""What GLOBAL may name."""

_PUSHED = {
    "BININT", "BININT1", "BININT2", "LONG1", "INT", "LONG", "BINFLOAT", "FLOAT",
    "SHORT_BINSTRING", "BINSTRING", "STRING", "BINUNICODE", "SHORT_BINUNICODE", "UNICODE",
    "SHORT_BINBYTES", "BINBYTES",
}  # fmt: skip
"""Instructions that push their argument."""

_CONSTANTS: dict[str, Callable[[], Any]] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_DICT": dict,
    "EMPTY_LIST": list,
    "EMPTY_TUPLE": tuple,
    "MARK": lambda: _MARK,
}
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_STORED = ("PUT", "BINPUT", "LONG_BINPUT")
_RECALLED = ("GET", "BINGET", "LONG_BINGET")


def read_pickled(content: bytes, name: str) -> Any:
    """What a pickle holds. Raises BadInput, with one sentence that begins with `name`, if that is not plain data."""
    try:
        return _Machine().run(content)
    except _Refused as refused:
        raise BadInput(f"{name} is not read: {refused}.") from None
    except (ValueError, TypeError, IndexError, KeyError, AttributeError, OverflowError, RecursionError):
        raise BadInput(f"{name} is damaged, or no pickle.") from None


class _Machine:
    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}

    def run(self, content: bytes) -> Any:
        for number, (code, argument, _) in enumerate(pickletools.genops(content)):
            if number > MOST_VALUES:
                raise _Refused("it has too many parts")
            if code.name == "STOP":
                (result,) = self.stack
                return result
            self._step(code.name, argument)
        raise _Refused("it does not end")

    def _step(self, name: str, argument: Any) -> None:
        stack = self.stack
        if name in ("PROTO", "FRAME"):
            return
        if name in _PUSHED:
            stack.append(argument)
        elif name in _CONSTANTS:
            stack.append(_CONSTANTS[name]())
        elif name in _TUPLES:
            stack[-_TUPLES[name] :] = [tuple(stack[-_TUPLES[name] :])]
        elif name in _STORED:
            self.memo[int(argument)] = stack[-1]
        elif name == "MEMOIZE":
            self.memo[len(self.memo)] = stack[-1]
        elif name in _RECALLED:
            stack.append(self.memo[int(argument)])
        elif name == "TUPLE":
            stack.append(tuple(self._since_mark()))
        elif name == "LIST":
            stack.append(self._since_mark())
        elif name == "DICT":
            stack.append(_pairs(self._since_mark()))
        elif name in ("APPEND", "APPENDS"):
            items = self._since_mark() if name == "APPENDS" else [stack.pop()]
            _of(stack[-1], list).extend(items)
        elif name in ("SETITEM", "SETITEMS"):
            items = self._since_mark() if name == "SETITEMS" else [stack.pop() for _ in range(2)][::-1]
            _of(stack[-1], dict).update(_pairs(items))
        elif name == "GLOBAL":
            stack.append(_function(str(argument)))
        elif name == "STACK_GLOBAL":
            last, module = stack.pop(), stack.pop()
            stack.append(_function(f"{module} {last}"))
        elif name == "REDUCE":
            arguments, function = _of(stack.pop(), tuple), stack.pop()
            stack.append(_reduced(function, arguments))
        elif name == "BUILD":
            state = _of(stack.pop(), tuple)
            _build(stack[-1], state)
        else:
            raise _Refused(f"it has the instruction {name}, which plain data do not need")

    def _since_mark(self) -> list[Any]:
        place = len(self.stack) - 1 - self.stack[::-1].index(_MARK)
        items = self.stack[place + 1 :]
        del self.stack[place:]
        return items


class _Function:
    """One of the functions that are known, and not called."""

    def __init__(self, what: str) -> None:
        self.what = what


def _function(name: str) -> _Function:
    if name not in _KNOWN:
        readable = "".join(each if each.isprintable() else "?" for each in name[:60])
        raise _Refused(f"it wants to call {readable.replace(' ', '.')}, and nothing in a file of data is ever called")
    return _Function(_KNOWN[name])


def _of(value: Any, kind: type) -> Any:
    if type(value) is not kind:
        raise _Refused("it is damaged")
    return value


def _pairs(items: list[Any]) -> dict[Any, Any]:
    return dict(zip(items[::2], items[1::2], strict=True))


def _reduced(function: Any, arguments: tuple[Any, ...]) -> Any:
    what = _of(function, _Function).what
    if what == _ARRAY:
        return Pickled()
    if what == _DTYPE and arguments and isinstance(arguments[0], str | bytes):
        name = arguments[0]
        return _Type(name.decode("latin-1") if isinstance(name, bytes) else name)
    if what == _ENCODE and len(arguments) == 2 and isinstance(arguments[0], str) and arguments[1] == "latin1":
        return arguments[0].encode("latin-1")
    raise _Refused("it is damaged")


def _build(made: Any, state: tuple[Any, ...]) -> None:
    if type(made) is _Type:
        return  # byte order and alignment, which bytes do not have
    array = _of(made, Pickled)
    _, shape, dtype, by_columns, content = state
    if not all(type(each) is int and each >= 0 for each in _of(shape, tuple)):
        raise _Refused("it is damaged")
    # Python 2 wrote bytes as a text of its own kind, which pickletools reads as one character for each byte.
    array.content = content.encode("latin-1") if isinstance(content, str) else _of(content, bytes)
    array.shape, array.dtype, array.by_columns = shape, _of(dtype, _Type).name, bool(by_columns)
