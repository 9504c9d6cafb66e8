"""From the text of a formula to a computation graph: statements separated by `;` or line breaks, the last the result.

A statement is an expression (`lab.scenario.grammar`), with `name =` before it or not. Each operator and function is one
operation, unless it stands between numbers only as in -1. Names that are not given a formula are inputs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NoReturn

from lab.errors import InvalidValue, Path, nearest
from lab.scenario import grammar
from lab.scenario.grammar import InvalidExpression
from lab.tasks.computation_graphs.computation_graph import BINARY, UNARY, ComputationGraph, Operation

FORMULAS = grammar.Language(
    operators=("+", "-", "*", "/", "**"),
    prefixes=("-",),
    other_signs=("=",),
    operand="a number, a name or a function",
    stranger="cannot stand here",
    longest=1_000,
    deepest=40,
)
MOST_OPERATIONS = 60
LARGEST_CONSTANT = 1e12

_BREAK = re.compile(r"[;\n]|\Z")
_NAMED = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*)\s*=", re.ASCII)
_ARITHMETIC = {"+": "add", "-": "subtract", "*": "multiply", "/": "divide"}


def parse(text: str, path: Path = ()) -> ComputationGraph:
    """The graph of a formula. Raises InvalidValue with `path`, which says at which character it goes wrong."""
    return _Reader(text.strip(), path).graph()


@dataclass
class _Reader:
    text: str
    path: Path
    inputs: dict[str, None] = field(default_factory=dict)
    constants: dict[str, float] = field(default_factory=dict)
    operations: list[Operation] = field(default_factory=list)
    named: set[str] = field(default_factory=set)
    counts: dict[str, int] = field(default_factory=dict)

    def graph(self) -> ComputationGraph:
        grammar.refuse_long(self.text, FORMULAS, self.path)
        start = 0
        for found in _BREAK.finditer(self.text):
            if self.text[start : found.start()].strip() or not found.end():
                self.statement(start, found.start())
            start = found.end()
        if not self.operations:
            self.statement(0, 0)  # there is nothing, which is refused as that
        if not self.inputs:
            raise InvalidValue(self.path, "has no inputs: at least one name must stand in it.")
        used = {each for made in self.operations for each in made.operands} | {self.operations[-1].name}
        if idle := [made.name for made in self.operations if made.name not in used]:
            raise InvalidValue(self.path, f"{idle[0]} is computed but never used; the result is what comes last.")
        operands = {each for made in self.operations for each in made.operands}
        constants = {name: value for name, value in self.constants.items() if name in operands}
        return ComputationGraph(self.text, tuple(self.inputs), constants, tuple(self.operations))

    def fail(self, problem: str, offset: int) -> NoReturn:
        raise InvalidExpression(problem, offset, self.text, self.path)

    def statement(self, start: int, end: int) -> None:
        """Add the operations of the statement that stands there."""
        given = _NAMED.match(self.text, start, end)
        name = given[1] if given else ""
        if given and name in (*self.inputs, *(made.name for made in self.operations), *UNARY, *BINARY):
            self.fail(f"`{name}` already stands for something else", given.start(1))
        tree = grammar.parse(self.text, FORMULAS, self.path, given.end() if given else start, end)
        before = len(self.operations)
        self.value(tree)
        if len(self.operations) == before:
            self.fail("there is nothing to compute in this", given.start(1) if given else tree.start)
        if given:
            # Nothing refers to the last operation yet, so it can still be given its name.
            last = self.operations[-1]
            self.operations[-1] = Operation(name, last.function, last.operands, named=True)
            self.counts[last.function] -= 1
            self.named.add(name)

    def value(self, tree: grammar.Node) -> str:
        """The name of what a part of the formula comes to: an input, a constant or an operation, which is added."""
        match tree:
            case grammar.Number():
                return self.constant(tree.text, tree)
            case grammar.Prefix(operand=grammar.Number() as number):
                return self.constant(f"-{number.text}", tree)
            case grammar.Prefix():
                return self.operation(tree, "negate", self.value(tree.operand))
            case grammar.Name():
                return self.name(tree.parts[0], tree)
            case grammar.Call():
                return self.call(tree)
            case grammar.Chain(signs=("**",)):
                base, exponent = tree.operands
                made = self.value(base)
                written = self.text[exponent.start : exponent.end]
                if written != "2":
                    self.fail(f"only `** 2` is a gate, not `** {written}`", exponent.start)
                return self.operation(tree, "square", made)
            case grammar.Chain():
                return self.chain(tree)
        raise TypeError(f"{type(tree).__name__} is no part of a formula")

    def chain(self, tree: grammar.Chain) -> str:
        made = self.value(tree.operands[0])
        for sign, operand in zip(tree.signs, tree.operands[1:], strict=True):
            right = self.value(operand)
            if sign == "/" and self.constants.get(made) == 1:
                made = self.operation(tree, "reciprocal", right)
            else:
                made = self.operation(tree, _ARITHMETIC[sign], made, right)
        return made

    def name(self, name: str, tree: grammar.Node) -> str:
        if name in UNARY or name in BINARY:
            self.fail(f"`{name}` is a function: it needs parentheses", tree.start)
        if name not in self.named:
            if any(made.name == name for made in self.operations):
                self.fail(f"`{name}` is the name of a gate by now; call the input something else", tree.start)
            self.inputs[name] = None
        return name

    def call(self, tree: grammar.Call) -> str:
        function = tree.function
        if function not in UNARY and function not in BINARY:
            self.fail(f"there is no function `{function}`; {nearest(function, UNARY | BINARY)}", tree.start)
        operands = [self.value(each) for each in tree.arguments]
        wanted = 1 if function in UNARY else 2
        if len(operands) != wanted:
            self.fail(f"`{function}` takes {wanted} operand{'s' * (wanted - 1)}, not {len(operands)}", tree.start)
        return self.operation(tree, function, *operands)

    def constant(self, text: str, tree: grammar.Node) -> str:
        value = float(text)
        if abs(value) > LARGEST_CONSTANT:
            self.fail(f"{text} is too large", tree.start)
        self.constants[text] = value
        return text

    def operation(self, tree: grammar.Node, function: str, *operands: str) -> str:
        """Add an operation and return its name."""
        if all(each in self.constants for each in operands):
            self.fail("write the result of numbers alone as a number", tree.start)
        if len(self.operations) == MOST_OPERATIONS:
            self.fail(f"there are more than {MOST_OPERATIONS} gates", tree.start)
        name = ""
        while not name or name in self.inputs or name in self.named:
            self.counts[function] = self.counts.get(function, 0) + 1
            name = f"{function}{self.counts[function]}"
        self.operations.append(Operation(name, function, operands))
        return name
