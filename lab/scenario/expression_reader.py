"""From the tree of a claim to nodes that know their worth: what is a function, a number, a truth."""

from __future__ import annotations

import math
import re
from typing import NoReturn

from lab.errors import nearest
from lab.scenario import grammar
from lab.scenario.curves import FUNCTIONS
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
from lab.scenario.grammar import InvalidExpression

CLAIMS = grammar.Language(
    operators=("+", "-", "*", "/", "**", *COMPARISONS),
    prefixes=("+", "-"),
    words=("and", "or", "not"),
    dotted=("metric", "layer"),
    operand="a number, a curve or a function",
    stranger="is not part of the claim language",
    instead={"=": "==", "&": "and", "|": "or", "!": "not", "^": "**", "[": "(", "{": "(", "≤": "<=", "≥": ">="},
    longest=2_000,
    deepest=50,
)
_KINDS: dict[Kind, str] = {"number": "a number", "truth": "a comparison", "curve": "a curve"}


class Reader:
    """Reads one claim, or an expression that is a number. Errors are InvalidExpression, with their place."""

    def __init__(self, text: str) -> None:
        self.text = text

    def read(self) -> Node:
        """Read the whole text, and return its root."""
        if re.fullmatch(r"\s*", self.text[: CLAIMS.longest + 1], re.ASCII):
            self.fail("the expression is empty", min(len(self.text), CLAIMS.longest))
        root = self.node(grammar.parse(self.text, CLAIMS))
        return self.want("number", root) if isinstance(root, Curve) else root

    def fail(self, problem: str, offset: int) -> NoReturn:
        raise InvalidExpression(problem, offset, self.text)

    def want(self, kind: Kind, node: Node) -> Node:
        """The same node, if it is of the kind that is needed here."""
        if node.kind == kind:
            return node
        if isinstance(node, Curve):
            self.fail(f"{node.name} is a whole curve; say which number of it, as in `last({node.name})`", node.start)
        self.fail(f"expected {_KINDS[kind]} here, not {_KINDS[node.kind]}", node.start)

    def node(self, tree: grammar.Node) -> Node:
        match tree:
            case grammar.Number():
                return self.number(tree)
            case grammar.Name():
                return self.curve(tree)
            case grammar.Call():
                return self.call(tree)
            case grammar.Prefix(sign="not"):
                return Not(tree.start, tree.end, self.want("truth", self.node(tree.operand)))
            case grammar.Prefix():
                return Sign(tree.start, tree.end, tree.sign == "-", self.want("number", self.node(tree.operand)))
            case grammar.Chain():
                return self.chain(tree)
        raise TypeError(f"{type(tree).__name__} is no part of a claim")

    def number(self, tree: grammar.Number) -> Number:
        value = float(tree.text)
        if math.isinf(value):
            self.fail("this number is too large", tree.start)
        return Number(tree.start, tree.end, value)

    def chain(self, tree: grammar.Chain) -> Node:
        logical = tree.signs[0] in ("and", "or")
        operands = tuple(map(self.node, tree.operands))
        for operand in operands:
            self.want("truth" if logical else "number", operand)
        start, end = operands[0].start, operands[-1].end
        if logical:
            return Logic(start, end, tree.signs[0], operands)
        return (Comparison if tree.signs[0] in COMPARISONS else Chain)(start, end, operands, tree.signs)

    def curve(self, tree: grammar.Name) -> Curve:
        variant, *parts = tree.parts
        if not parts:
            if variant in (*FUNCTIONS, *NUMBER_FUNCTIONS):
                self.fail(f"expected ( after {variant}, not {tree.following}", tree.following.start)
            shown = grammar.Token("name", variant, tree.start)
            self.fail(
                f"{shown} is not a number; a curve is written variant.metric, its last value last(variant.metric)",
                tree.start,
            )
        metric, *layers = parts
        return Curve(tree.start, tree.end, variant, metric, ".".join(layers) or None)

    def call(self, tree: grammar.Call) -> Node:
        name = tree.function
        if name not in FUNCTIONS and name not in NUMBER_FUNCTIONS:
            shown = grammar.Token("name", name, tree.start)
            known = {*FUNCTIONS, *NUMBER_FUNCTIONS}
            self.fail(f"there is no function {shown}: {nearest(name, known)}", tree.start)
        arguments = tuple(map(self.node, tree.arguments))
        of_curve = bool(arguments) and arguments[0].kind == "curve"
        if name in FUNCTIONS and (name not in NUMBER_FUNCTIONS or of_curve):
            return self.curve_call(tree, arguments)
        return self.number_call(tree, arguments)

    def curve_call(self, tree: grammar.Call, arguments: tuple[Node, ...]) -> CurveCall:
        name = tree.function
        further = FUNCTIONS[name].arguments
        usage = f"{name}({', '.join(('curve', *further))})"
        if not arguments or not isinstance(arguments[0], Curve):
            offset = arguments[0].start if arguments else tree.start
            self.fail(f"{name} needs a curve first, such as good.loss: {usage}", offset)
        if len(arguments) != len(further) + 1:
            self.fail(f"{name} is written {usage}", tree.start)
        numbers = tuple(self.want("number", argument) for argument in arguments[1:])
        return CurveCall(tree.start, tree.end, name, arguments[0], numbers)

    def number_call(self, tree: grammar.Call, arguments: tuple[Node, ...]) -> NumberCall:
        name = tree.function
        for argument in arguments:
            self.want("number", argument)
        if name in FUNCTIONS:
            if len(arguments) < 2:
                self.fail(f"{name} is written {name}(curve) or {name}(a, b)", tree.start)
        elif len(arguments) != 1:
            self.fail(f"{name} is written {name}(x)", tree.start)
        return NumberCall(tree.start, tree.end, name, arguments)
