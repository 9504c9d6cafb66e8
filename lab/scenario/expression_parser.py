"""Text to nodes: a tokenizer and a recursive-descent parser, one method per rule of the grammar."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import NamedTuple, NoReturn

from lab.errors import nearest
from lab.scenario.curves import FUNCTIONS
from lab.scenario.expression import InvalidExpression
from lab.scenario.expression_nodes import (
    COMPARISONS,
    NUMBER_FUNCTIONS,
    Chain,
    Comparison,
    Curve,
    CurveCall,
    Kind,
    Logic,
    Node,
    Not,
    Number,
    NumberCall,
    Sign,
)

LONGEST = 2_000  # characters
DEEPEST = 50  # levels of parentheses and signs

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)
      | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<sign>\*\*|<=|>=|==|!=|[-+*/<>(),.])
      | (?P<end>\Z)
    )""",
    re.VERBOSE | re.ASCII,
)
_BLANK = re.compile(r"\s*", re.ASCII)
_INSTEAD = {"=": "==", "&": "and", "|": "or", "!": "not", "^": "**", "[": "(", "{": "(", "≤": "<=", "≥": ">="}
_KINDS: dict[Kind, str] = {"number": "a number", "truth": "a comparison", "curve": "a curve"}


class Token(NamedTuple):
    """A word, number or sign of the text; the last one is empty and of kind `end`."""

    kind: str
    text: str
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)

    def __str__(self) -> str:
        return f"`{self.text if len(self.text) <= 40 else self.text[:39] + '…'}`" if self.text else "the end"


def tokenize(text: str) -> list[Token]:
    """The tokens of a text. Raises InvalidExpression for a character that belongs to none."""
    tokens: list[Token] = []
    position = 0
    while True:
        match = _TOKEN.match(text, position)
        if match is None:
            blank = _BLANK.match(text, position)
            offset = blank.end() if blank else position
            instead = _INSTEAD.get(text[offset])
            hint = f"; write `{instead}` instead" if instead else ""
            raise InvalidExpression(f"{text[offset]!r} is not part of the claim language{hint}", offset, text)
        kind = str(match.lastgroup)
        tokens.append(Token(kind, match[kind], match.start(kind)))
        if kind == "end":
            return tokens
        position = match.end()


class Parser:
    """Parses one text. `parse` gives its root node."""

    def __init__(self, text: str) -> None:
        if len(text) > LONGEST:
            raise InvalidExpression(f"an expression has at most {LONGEST:,} characters", LONGEST, text)
        self.text = text
        self.tokens = tokenize(text)
        self.position = 0
        self.depth = 0

    def parse(self) -> Node:
        if self.next.kind == "end":
            self.fail("the expression is empty")
        root = self.truth()
        if self.next.kind != "end":
            if self.next.text == ")":
                self.fail("there is no ( for this )")
            self.fail(f"expected an operator or the end, not {self.next}")
        if isinstance(root, Curve):
            self.want("number", root)
        return root

    @property
    def next(self) -> Token:
        return self.tokens[self.position]

    def take(self, *texts: str) -> Token | None:
        """The next token if it is one of these signs or words, and goes on behind it."""
        token = self.next
        if token.kind == "end" or token.text not in texts:
            return None
        self.position += 1
        return token

    def fail(self, problem: str, offset: int | None = None) -> NoReturn:
        raise InvalidExpression(problem, self.next.start if offset is None else offset, self.text)

    def want(self, kind: Kind, node: Node) -> Node:
        """The same node, if it is of the kind that is needed here."""
        if node.kind == kind:
            return node
        if isinstance(node, Curve):
            self.fail(f"{node.name} is a whole curve; say which number of it, as in `last({node.name})`", node.start)
        self.fail(f"expected {_KINDS[kind]} here, not {_KINDS[node.kind]}", node.start)

    def inside(self, rule: Callable[[], Node]) -> Node:
        """Applies a rule one level further in."""
        self.depth += 1
        if self.depth > DEEPEST:
            self.fail(f"nested more than {DEEPEST} levels deep")
        node = rule()
        self.depth -= 1
        return node

    def truth(self) -> Node:
        return self.logic("or", self.both)

    def both(self) -> Node:
        return self.logic("and", self.single)

    def logic(self, word: str, rule: Callable[[], Node]) -> Node:
        operands = [rule()]
        while self.take(word):
            operands.append(rule())
        if len(operands) == 1:
            return operands[0]
        for operand in operands:
            self.want("truth", operand)
        return Logic(operands[0].start, operands[-1].end, word, tuple(operands))

    def single(self) -> Node:
        if token := self.take("not"):
            operand = self.want("truth", self.inside(self.single))
            return Not(token.start, operand.end, operand)
        return self.comparison()

    def comparison(self) -> Node:
        operands, signs = self.operands(self.sum, tuple(COMPARISONS))
        if not signs:
            return operands[0]
        return Comparison(operands[0].start, operands[-1].end, operands, signs)

    def sum(self) -> Node:
        return self.chain(self.product, ("+", "-"))

    def product(self) -> Node:
        return self.chain(self.signed, ("*", "/"))

    def chain(self, rule: Callable[[], Node], signs: tuple[str, ...]) -> Node:
        operands, used = self.operands(rule, signs)
        return Chain(operands[0].start, operands[-1].end, operands, used) if used else operands[0]

    def operands(self, rule: Callable[[], Node], signs: tuple[str, ...]) -> tuple[tuple[Node, ...], tuple[str, ...]]:
        """Numbers joined by any of these signs; without a sign, the one node whatever its kind."""
        operands, used = [rule()], []
        while token := self.take(*signs):
            used.append(token.text)
            operands.append(rule())
        if used:
            for operand in operands:
                self.want("number", operand)
        return tuple(operands), tuple(used)

    def signed(self) -> Node:
        if token := self.take("-", "+"):
            operand = self.want("number", self.inside(self.signed))
            return Sign(token.start, operand.end, token.text == "-", operand)
        return self.power()

    def power(self) -> Node:
        base = self.atom()
        if not self.take("**"):
            return base
        exponent = self.inside(self.signed)  # so that 2 ** 3 ** 2 is 2 ** 9, and 2 ** -1 needs no parentheses
        operands = (self.want("number", base), self.want("number", exponent))
        return Chain(base.start, exponent.end, operands, ("**",))

    def atom(self) -> Node:
        token = self.next
        if token.kind == "number":
            self.position += 1
            value = float(token.text)
            if math.isinf(value):
                self.fail("this number is too large", token.start)
            return Number(token.start, token.end, value)
        if token.kind == "name" and token.text not in ("and", "or", "not"):
            self.position += 1
            return self.call(token) if self.next.text == "(" else self.curve(token)
        if self.take("("):
            node = self.inside(self.truth)
            if not self.take(")"):
                self.fail(f"expected ) for the ( at character {token.start + 1}, not {self.next}")
            return node
        return self.fail(f"expected a number, a curve or a function, not {token}")

    def curve(self, variant: Token) -> Curve:
        if self.next.text != ".":
            if variant.text in (*FUNCTIONS, *NUMBER_FUNCTIONS):
                self.fail(f"expected ( after {variant.text}, not {self.next}")
            self.fail(f"{variant} is not a number; a curve is written variant.metric, such as good.loss", variant.start)
        parts: list[Token] = []
        while self.take("."):
            if self.next.kind != "name":
                self.fail(f"expected the name of a {'layer' if parts else 'metric'} after the dot, not {self.next}")
            parts.append(self.next)
            self.position += 1
        metric, *layers = (part.text for part in parts)
        return Curve(variant.start, parts[-1].end, variant.text, metric, ".".join(layers) or None)

    def call(self, name: Token) -> Node:
        if name.text not in FUNCTIONS and name.text not in NUMBER_FUNCTIONS:
            known = {*FUNCTIONS, *NUMBER_FUNCTIONS}
            self.fail(f"there is no function {name}: {nearest(name.text, known)}", name.start)
        self.take("(")
        arguments: list[Node] = []
        if self.next.text != ")":
            arguments.append(self.inside(self.truth))
            while self.take(","):
                arguments.append(self.inside(self.truth))
        closing = self.take(")")
        if closing is None:
            self.fail(f"expected , or ) in the arguments of {name.text}, not {self.next}")
        if name.text in FUNCTIONS and (
            name.text not in NUMBER_FUNCTIONS or (arguments and arguments[0].kind == "curve")
        ):
            return self.curve_call(name, arguments, closing.end)
        return self.number_call(name, arguments, closing.end)

    def curve_call(self, name: Token, arguments: list[Node], end: int) -> CurveCall:
        further = FUNCTIONS[name.text].arguments
        usage = f"{name.text}({', '.join(('curve', *further))})"
        if not arguments or not isinstance(arguments[0], Curve):
            offset = arguments[0].start if arguments else name.start
            self.fail(f"{name.text} needs a curve first, such as good.loss: {usage}", offset)
        if len(arguments) != len(further) + 1:
            self.fail(f"{name.text} is written {usage}", name.start)
        numbers = tuple(self.want("number", argument) for argument in arguments[1:])
        return CurveCall(name.start, end, name.text, arguments[0], numbers)

    def number_call(self, name: Token, arguments: list[Node], end: int) -> NumberCall:
        for argument in arguments:
            self.want("number", argument)
        if name.text in FUNCTIONS:
            if len(arguments) < 2:
                self.fail(f"{name.text} is written {name.text}(curve) or {name.text}(a, b)", name.start)
        elif len(arguments) != 1:
            self.fail(f"{name.text} is written {name.text}(x)", name.start)
        return NumberCall(name.start, end, name.text, tuple(arguments))
