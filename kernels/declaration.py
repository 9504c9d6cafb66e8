"""The line that declares a kernel's operands: how it is read, and which extents follow from others.

    x[B,H,D] weight[P,D,F] -> y[B,I,F] stride I=(H-P)//stride+1

`I=…` is a **definition**: this extent follows from other extents and from the kernel's integers. Its right side has
names, whole numbers, `+ - * // /` and parentheses, without spaces. `a//b` rounds down, as a convolution that does not
reach the last pixels; `a/b` must come out even, and is refused where it does not. Whoever knows the extents of the
operands that are read gets those of the results from `Declaration.derive`; a row of a plan in which a definition does
not hold cannot be made, so that no target reads beyond an operand.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass


class ExtentError(ValueError):
    """Extents or integers that do not fit a kernel's declaration; the message says which, and what would."""


@dataclass(frozen=True)
class Operand:
    """One array of a kernel: its name, its extents (names or numbers), and whether it is written or updated."""

    name: str
    extents: tuple[str, ...]
    written: bool
    updated: bool


@dataclass(frozen=True)
class Definition:
    """An extent that follows from others: `name = text`, where `needs` are the names in the text."""

    name: str
    text: str
    needs: frozenset[str]
    expression: ast.expr

    def value(self, numbers: Mapping[str, int]) -> int:
        """Compute the extent for given extents and integers. Raises ExtentError if a division does not come out even or
        is by zero, or if nothing is left."""
        given = ", ".join(f"{name} = {numbers[name]}" for name in sorted(self.needs))
        try:
            value = _evaluate(self.expression, numbers)
        except ZeroDivisionError:
            raise ExtentError(f"{self.name} = {self.text} divides by zero for {given}") from None
        except ExtentError as error:
            raise ExtentError(f"{self.name} = {self.text} is not a whole number for {given}: {error}") from None
        if value < 1:
            raise ExtentError(f"{self.name} = {self.text} is {value} for {given}, which must be at least 1")
        return value


@dataclass(frozen=True)
class Declaration:
    """What a declaration says: the operands, the names of their extents, the integers, and the definitions in an order
    in which each needs only those before it."""

    operands: tuple[Operand, ...]
    extents: tuple[str, ...]
    integers: tuple[str, ...]
    definitions: tuple[Definition, ...]

    def bound(self, text: str) -> Definition:
        """Read a number that follows from extents and integers, like `P+1`. Raises TypeError if it has other names."""
        found = _definition(f"bound={text}")
        if unknown := found.needs - {*self.extents, *self.integers}:
            raise TypeError(f"{text} has {', '.join(sorted(unknown))}, no extent and no integer")
        return found

    def derive(self, extents: Mapping[str, int], integers: Mapping[str, int]) -> dict[str, int]:
        """Complete the given extents by those that follow from them and from the integers.

        A definition that needs an extent or integer that is not given says nothing. Raises ExtentError where a given
        extent is not what it must be.
        """
        known = dict(extents)
        for each in self.definitions:
            numbers = {**integers, **known}
            if not each.needs <= numbers.keys():
                continue
            value = each.value(numbers)
            if known.setdefault(each.name, value) != value:
                given = ", ".join(f"{name} = {numbers[name]}" for name in sorted(each.needs))
                raise ExtentError(f"{each.name} is {known[each.name]}, but {each.text} is {value} for {given}")
        return known


_OPERAND = re.compile(r"(?P<name>[A-Za-z_]\w*)\[(?P<extents>[\w,]+)\](?P<updated>!?)$")
_MOST_OF_A_DEFINITION = 200
"""Characters; deep nesting is refused with it."""


def parse(text: str) -> Declaration:
    """Read a declaration from its text; see the module's text. Raises TypeError that quotes what cannot be read."""
    operands: list[Operand] = []
    integers: list[str] = []
    definitions: list[Definition] = []
    written = False
    for word in text.split():
        if word == "->":
            written = True
        elif match := _OPERAND.match(word):
            operands.append(Operand(match["name"], tuple(match["extents"].split(",")), written, bool(match["updated"])))
        elif word.isidentifier():
            integers.append(word)
        elif word.partition("=")[0].isidentifier():
            definitions.append(_definition(word))
        else:
            raise TypeError(f"cannot read {word!r} in its declaration")
    extents = tuple(dict.fromkeys(extent for operand in operands for extent in operand.extents if not extent.isdigit()))
    return Declaration(tuple(operands), extents, tuple(integers), _in_order(definitions, extents, integers))


def _definition(word: str) -> Definition:
    """Read `name=expression`."""
    name, _, text = word.partition("=")
    if len(text) > _MOST_OF_A_DEFINITION:
        raise TypeError(f"the definition of {name} is longer than {_MOST_OF_A_DEFINITION} characters")
    try:
        expression = ast.parse(text, mode="eval").body
    except SyntaxError:
        raise TypeError(f"cannot read {word!r} in its declaration") from None
    needs = set()
    for node in ast.walk(expression):
        match node:
            case ast.Name(id=other):
                needs.add(other)
            case ast.Constant(value=int() as value) if not isinstance(value, bool):
                pass
            case ast.BinOp() | ast.Load() | ast.Add() | ast.Sub() | ast.Mult() | ast.FloorDiv() | ast.Div():
                pass
            case _:
                raise TypeError(f"{word!r} may have names, whole numbers, + - * // / and parentheses only")
    return Definition(name, text, frozenset(needs), expression)


def _in_order(definitions: list[Definition], extents: tuple[str, ...], integers: list[str]) -> tuple[Definition, ...]:
    names = [each.name for each in definitions]
    for each in definitions:
        if names.count(each.name) > 1:
            raise TypeError(f"{each.name} is defined twice")
        if each.name not in extents:
            raise TypeError(f"{each.name} is defined, but no operand has this extent")
        if unknown := each.needs - {*extents, *integers}:
            raise TypeError(f"{each.name} is defined by {', '.join(sorted(unknown))}, no extent and no integer")
    ordered: list[Definition] = []
    waiting = list(definitions)
    while waiting:
        undefined = {each.name for each in waiting}
        ready = [each for each in waiting if not each.needs & undefined]
        if not ready:
            raise TypeError(f"{' and '.join(sorted(undefined))} are defined by one another")
        ordered += ready
        waiting = [each for each in waiting if each not in ready]
    return tuple(ordered)


def _evaluate(node: ast.expr, numbers: Mapping[str, int]) -> int:
    match node:
        case ast.Name(id=name):
            return numbers[name]
        case ast.Constant(value=int() as value):
            return value
        case ast.BinOp(left=left, op=operation, right=right):
            a, b = _evaluate(left, numbers), _evaluate(right, numbers)
            match operation:
                case ast.Add():
                    return a + b
                case ast.Sub():
                    return a - b
                case ast.Mult():
                    return a * b
                case ast.FloorDiv():
                    return a // b
                case ast.Div():
                    if a % b:
                        raise ExtentError(f"{a} / {b} does not come out even")
                    return a // b
    raise TypeError(f"cannot evaluate {ast.unparse(node)}")
