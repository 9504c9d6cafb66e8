"""From the text of a formula to a computation graph; nothing is handed to `eval`.

    graph     := statement ((";" | newline) statement)*        the last one is the result
    statement := [name "="] sum
    sum       := product (("+" | "-") product)*
    product   := signed (("*" | "/") signed)*
    signed    := "-" signed | power
    power     := atom ["**" number]
    atom      := number | name | function "(" sum ("," sum)* ")" | "(" sum ")"

Each operator and function is one gate, unless it stands between numbers only as in -1. Names that are not given a
formula are inputs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple, NoReturn

from lab.errors import InvalidValue, Path, nearest
from lab.tasks.computation_graphs.computation_graph import BINARY, UNARY, ComputationGraph, Operation

LONGEST = 1_000  # characters
MOST_GATES = 60
DEEPEST = 40  # levels of parentheses and signs

_TOKEN = re.compile(
    r"""[^\S\n]*(?:
        (?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)
      | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<sign>\*\*|[-+*/(),=])
      | (?P<break>[;\n])
      | (?P<end>\Z)
    )""",
    re.VERBOSE | re.ASCII,
)


def parse(text: str, path: Path = ()) -> ComputationGraph:
    """The computation graph of a formula. Raises InvalidValue with `path`, which says which character is wrong."""
    return _Parser(text, path).graph()


class _Token(NamedTuple):
    kind: str
    text: str
    start: int

    def __str__(self) -> str:
        return "the end" if self.kind == "end" else "the end of the line" if self.text == "\n" else f"`{self.text}`"


@dataclass
class _Parser:
    text: str
    path: Path
    position: int = 0
    depth: int = 0
    tokens: list[_Token] = field(default_factory=list)
    inputs: dict[str, None] = field(default_factory=dict)
    constants: dict[str, float] = field(default_factory=dict)
    operations: list[Operation] = field(default_factory=list)
    named: set[str] = field(default_factory=set)
    counts: dict[str, int] = field(default_factory=dict)

    def graph(self) -> ComputationGraph:
        self.text = self.text.strip()
        if len(self.text) > LONGEST:
            raise InvalidValue(self.path, f"has {len(self.text):,} characters; at most {LONGEST:,} are allowed.")
        self.tokens = self.tokenize()
        self.statement()
        while self.next.kind == "break":
            self.position += 1
            if self.next.kind not in ("break", "end"):
                self.statement()
        if not self.inputs:
            raise InvalidValue(self.path, "has no inputs: at least one name must stand in it.")
        used = {each for operation in self.operations for each in operation.operands} | {self.operations[-1].name}
        if idle := [operation.name for operation in self.operations if operation.name not in used]:
            raise InvalidValue(self.path, f"{idle[0]} is computed but never used; the result is what comes last.")
        operands = {each for operation in self.operations for each in operation.operands}
        constants = {name: value for name, value in self.constants.items() if name in operands}
        return ComputationGraph(self.text, tuple(self.inputs), constants, tuple(self.operations))

    def tokenize(self) -> list[_Token]:
        tokens: list[_Token] = []
        at = 0
        while True:
            match = _TOKEN.match(self.text, at)
            if match is None:
                at += len(self.text[at:]) - len(self.text[at:].lstrip())
                self.fail(f"{self.text[at]!r} cannot stand here", at)
            kind = str(match.lastgroup)
            tokens.append(_Token(kind, match[kind], match.start(kind)))
            if kind == "end":
                return tokens
            at = match.end()

    @property
    def next(self) -> _Token:
        return self.tokens[self.position]

    def take(self, *texts: str) -> _Token | None:
        token = self.next
        if token.kind != "sign" or token.text not in texts:
            return None
        self.position += 1
        return token

    def fail(self, problem: str, start: int | None = None) -> NoReturn:
        place = self.next.start if start is None else start
        raise InvalidValue(self.path, f"{problem} (at character {place + 1}).")

    def statement(self) -> None:
        name = self.next
        named = name.kind == "name" and self.tokens[self.position + 1].text == "="
        if named:
            if name.text in (*self.inputs, *(operation.name for operation in self.operations), *UNARY, *BINARY):
                self.fail(f"{name} already stands for something else")
            self.position += 2
        operations = len(self.operations)
        self.sum()
        if self.next.kind not in ("break", "end"):
            self.fail(f"expected an operator or the end, not {self.next}")
        if len(self.operations) == operations:
            self.fail("there is nothing to compute in this", name.start)
        if named:
            # Nothing refers to the last gate yet, so it can still be given its name.
            last = self.operations[-1]
            self.operations[-1] = Operation(name.text, last.function, last.operands, named=True)
            self.counts[last.function] -= 1
            self.named.add(name.text)

    def sum(self) -> str:
        left = self.product()
        while sign := self.take("+", "-"):
            left = self.operation("add" if sign.text == "+" else "subtract", left, self.product())
        return left

    def product(self) -> str:
        left = self.signed()
        while sign := self.take("*", "/"):
            right = self.signed()
            if sign.text == "/" and self.constants.get(left) == 1:
                left = self.operation("reciprocal", right)
            else:
                left = self.operation("multiply" if sign.text == "*" else "divide", left, right)
        return left

    def signed(self) -> str:
        if not self.take("-"):
            return self.power()
        if self.next.kind == "number" and self.tokens[self.position + 1].text != "**":
            self.position += 1
            return self.constant(f"-{self.tokens[self.position - 1].text}")
        self.deeper()
        operand = self.signed()
        self.depth -= 1
        return self.operation("negate", operand)

    def power(self) -> str:
        base = self.atom()
        if not self.take("**"):
            return base
        if self.next.text != "2":
            self.fail(f"only `** 2` is a gate, not `** {self.next.text}`")
        self.position += 1
        return self.operation("square", base)

    def atom(self) -> str:
        token = self.next
        if token.kind == "number":
            self.position += 1
            return self.constant(token.text)
        if token.kind == "name":
            self.position += 1
            return self.call(token) if self.next.text == "(" else self.name(token)
        if not self.take("("):
            self.fail(f"expected a number, a name or a function, not {token}")
        self.deeper()
        made = self.sum()
        self.depth -= 1
        if not self.take(")"):
            self.fail(f"expected ) for the ( at character {token.start + 1}, not {self.next}")
        return made

    def name(self, token: _Token) -> str:
        if token.text in UNARY or token.text in BINARY:
            self.fail(f"{token} is a function: it needs parentheses", token.start)
        if token.text not in self.named:
            if any(operation.name == token.text for operation in self.operations):
                self.fail(f"{token} is the name of a gate by now; call the input something else", token.start)
            self.inputs[token.text] = None
        return token.text

    def call(self, function: _Token) -> str:
        if function.text not in UNARY and function.text not in BINARY:
            self.fail(f"there is no function {function}; {nearest(function.text, UNARY | BINARY)}", function.start)
        self.take("(")
        self.deeper()
        operands = [self.sum()]
        while self.take(","):
            operands.append(self.sum())
        self.depth -= 1
        if not self.take(")"):
            self.fail(f"expected , or ) after {function.text}(…, not {self.next}")
        wanted = 1 if function.text in UNARY else 2
        if len(operands) != wanted:
            self.fail(f"{function} takes {wanted} operand{'s' * (wanted - 1)}, not {len(operands)}", function.start)
        return self.operation(function.text, *operands)

    def constant(self, text: str) -> str:
        value = float(text)
        if abs(value) > 1e12:
            self.fail(f"{text} is too large", self.tokens[self.position - 1].start)
        self.constants[text] = value
        return text

    def operation(self, function: str, *operands: str) -> str:
        if all(each in self.constants for each in operands):
            self.fail("write the result of numbers alone as a number")
        if len(self.operations) == MOST_GATES:
            self.fail(f"there are more than {MOST_GATES} gates")
        name = ""
        while not name or name in self.inputs or name in self.named:
            self.counts[function] = self.counts.get(function, 0) + 1
            name = f"{function}{self.counts[function]}"
        self.operations.append(Operation(name, function, operands))
        return name

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > DEEPEST:
            self.fail(f"nested more than {DEEPEST} levels deep")
