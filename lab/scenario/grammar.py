"""One grammar for the expressions in scenario files: claims, and the formulas of computation graphs.

The grammar is that of Python's expressions, and Python's own parser (`ast.parse`) says what belongs to what; nothing is
evaluated. Before that a text is cut into words, and refused with the place where it goes wrong if it is too long, too
deeply nested, or not numbers, names and calls joined by the operators of its language. Python then sees placeholders
for names and numbers, so that its keywords, its rules for numbers, and what differs between its versions play no part.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, NoReturn

from lab.errors import InvalidValue, Path


class InvalidExpression(InvalidValue):
    """A text that is not an expression, or names something unknown. offset: the character where it goes wrong."""

    def __init__(self, problem: str, offset: int, text: str, path: Path = ()) -> None:
        self.problem, self.offset, self.text = problem, offset, text
        super().__init__(path, f"{problem} (at character {offset + 1} of the expression).")

    def under(self, *prefix: str | int) -> InvalidExpression:
        return InvalidExpression(self.problem, self.offset, self.text, (*prefix, *self.path))

    def pointer(self) -> str:
        """The expression with a caret under the place, as two lines."""
        line = re.sub(r"\s", " ", self.text)
        return f"{line}\n{' ' * self.offset}^"


@dataclass(frozen=True)
class Language:
    """What the expressions of one language are made of.

    operators: signs that stand between values;  other_signs: those that stand elsewhere, but are named in messages
    words:     those of `and`, `or`, `not` that it has;  prefixes: signs that may stand before a value
    dotted:    what the parts of a name after its dots are (the last for all further ones); empty: names have no dots
    operand:   what may stand where a value is expected;  stranger: what is said of a character that belongs to nothing
    instead:   what to write instead of such a character
    longest:   characters;  deepest: levels of parentheses, prefixes and exponents
    """

    operators: tuple[str, ...]
    prefixes: tuple[str, ...]
    operand: str
    stranger: str
    longest: int
    deepest: int
    words: tuple[str, ...] = ()
    dotted: tuple[str, ...] = ()
    other_signs: tuple[str, ...] = ()
    instead: dict[str, str] = field(default_factory=dict)

    def pattern(self) -> re.Pattern[str]:
        """Return what matches the next word of a text, blanks before it included."""
        signs = (*self.operators, *self.other_signs, "(", ")", ",", *("." if self.dotted else ""))
        longest_first = "|".join(re.escape(sign) for sign in sorted(signs, key=len, reverse=True))
        number, name = r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?", "[A-Za-z_][A-Za-z0-9_]*"
        return re.compile(rf"\s*(?:(?P<number>{number})|(?P<name>{name})|(?P<sign>{longest_first}))", re.ASCII)


class Token(NamedTuple):
    """A number, name or sign of the text. The last one is of kind `end`, and its text is what stands behind the end."""

    kind: str
    text: str
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)

    def __str__(self) -> str:
        if self.kind == "end" and self.text in ("", "\n"):
            return "the end of the line" if self.text else "the end"
        return f"`{self.text if len(self.text) <= 40 else self.text[:39] + '…'}`"


@dataclass(frozen=True)
class Node:
    """A part of an expression: the characters from `start` up to, not including, `end`, without parentheses around."""

    start: int
    end: int


@dataclass(frozen=True)
class Number(Node):
    """A number as it is written; a sign before it is a `Prefix`."""

    text: str


@dataclass(frozen=True)
class Name(Node):
    """A name, in its parts between dots. following: what stands behind it."""

    parts: tuple[str, ...]
    following: Token


@dataclass(frozen=True)
class Call(Node):
    """A function with its arguments; whether there is such a function is for the language to say."""

    function: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True)
class Prefix(Node):
    """A sign or `not` before an operand."""

    sign: str
    operand: Node


@dataclass(frozen=True)
class Chain(Node):
    """Operands joined by operators of equal rank: sums, products, comparisons, `and`, `or`, or one `**`."""

    operands: tuple[Node, ...]
    signs: tuple[str, ...]


_SIGNS: dict[type[ast.AST], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Pow: "**",
    ast.UAdd: "+",
    ast.USub: "-",
    ast.Not: "not",
    ast.And: "and",
    ast.Or: "or",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
}
_RANKS = {"+": 1, "-": 1, "*": 2, "/": 2}
"""Of operators that are worked out from left to right."""


def parse(text: str, language: Language, path: Path = (), start: int = 0, end: int | None = None) -> Node:
    """The tree of an expression, or of a part of a text from `start` to `end`. Raises InvalidExpression with `path`."""
    refuse_long(text, language, path)
    return _Reading(text, language, path, start, len(text) if end is None else end).tree()


def refuse_long(text: str, language: Language, path: Path = ()) -> None:
    """Raise InvalidExpression for a text that is too long, without looking at it any further."""
    if len(text) > language.longest:
        problem = f"an expression has at most {language.longest:,} characters"
        raise InvalidExpression(problem, language.longest, text[: language.longest + 1], path)


class _Reading:
    def __init__(self, text: str, language: Language, path: Path, start: int, end: int) -> None:
        self.text, self.language, self.path = text, language, path
        self.tokens = self.tokenize(start, end)
        self.columns: dict[int, int] = {}  # from the place in what Python sees to the token

    def fail(self, problem: str, offset: int) -> NoReturn:
        raise InvalidExpression(problem, offset, self.text, self.path)

    def tokenize(self, start: int, end: int) -> list[Token]:
        pattern, tokens, position = self.language.pattern(), list[Token](), start
        while match := pattern.match(self.text, position, end):
            kind, word = str(match.lastgroup), match[match.lastgroup or 0]
            if word in self.language.words and not (tokens and tokens[-1].text == "."):
                kind = "word"
            tokens.append(Token(kind, word, match.start(kind if kind != "word" else "name")))
            position = match.end()
        while position < end and self.text[position] in " \t\n\r\f\v":
            position += 1
        if position < end:
            character = self.text[position]
            instead = self.language.instead.get(character)
            hint = f"; write `{instead}` instead" if instead else ""
            self.fail(f"{character!r} {self.language.stranger}{hint}", position)
        return [*tokens, Token("end", self.text[end : end + 1], position)]

    def tree(self) -> Node:
        """The checked tree of all tokens."""
        self.check_order()
        self.check_depth()
        pieces, column = [], 0
        for index, token in enumerate(self.tokens[:-1]):
            self.columns[column] = index
            pieces.append({"number": f"{index}", "name": f"_{index}"}.get(token.kind, token.text))
            column += len(pieces[-1]) + 1
        try:
            return self.node(ast.parse(" ".join(pieces), mode="eval").body)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            self.fail("this cannot be read as an expression", self.tokens[0].start)

    # What may follow what, so that every refusal has its place and its sentence

    def check_order(self) -> None:
        """Refuse the first token that cannot stand where it does."""
        language, opened, value_wanted = self.language, list[tuple[Token, Token | None]](), True
        before: Token | None = None
        for index, token in enumerate(self.tokens):
            text = token.text if token.kind in ("sign", "word") else ""
            if value_wanted:
                if token.kind in ("number", "name"):
                    value_wanted = False
                elif text == "(":
                    opened.append((token, None))
                elif text == ")" and before is not None and before.text == "(" and opened[-1][1] is not None:
                    opened.pop()  # a call without arguments
                    value_wanted = False
                elif not (text in language.prefixes or (text == "not" and _may_begin(before))):
                    self.fail(f"expected {language.operand}, not {token}", token.start)
            elif text == "." and before is not None and before.kind == "name":
                self.check_part(index)
                value_wanted = True
            elif text == "(" and self.is_function(index - 1):
                opened.append((token, before))
                value_wanted = True
            elif text == ")" and opened:
                opened.pop()
            elif text in language.operators or text in ("and", "or") or (text == "," and opened and opened[-1][1]):
                value_wanted = True
            elif token.kind != "end" or opened:
                self.fail(_refusal(token, opened[-1] if opened else None), token.start)
            before = token

    def check_part(self, dot: int) -> None:
        """Whether a name follows a dot."""
        if self.tokens[dot + 1].kind == "name":
            return
        first = dot
        while first >= 2 and self.tokens[first].text == ".":
            first -= 2
        parts = self.language.dotted
        part = parts[min((dot - first) // 2 - 1, len(parts) - 1)]
        self.fail(
            f"expected the name of a {part} after the dot, not {self.tokens[dot + 1]}", self.tokens[dot + 1].start
        )

    def is_function(self, index: int) -> bool:
        """Whether a token is a name without dots, so that parentheses behind it make a call."""
        return self.tokens[index].kind == "name" and not (index and self.tokens[index - 1].text == ".")

    def check_depth(self) -> None:
        """Refuse what is nested too deeply in parentheses, prefixes and exponents."""
        outside, depth, nots, signs = list[tuple[int, int]](), 0, 0, 0
        before: Token | None = None
        for index, token in enumerate(self.tokens):
            text = token.text if token.kind in ("sign", "word") else ""
            prefix = before is None or (before.kind in ("sign", "word") and before.text != ")")
            if text == "(":
                outside.append((nots, signs))
                depth, nots, signs = depth + nots + signs + 1, 0, 0
            elif text == ")":
                nots, signs = outside.pop()
                depth -= nots + signs + 1
            elif text == "not":
                nots += 1
            elif text == "**" or (text in self.language.prefixes and prefix):
                signs += 1
            elif text in ("and", "or", ","):
                nots = signs = 0
            elif text in self.language.operators:
                signs = 0
            if depth + nots + signs > self.language.deepest:
                deepest = self.language.deepest
                self.fail(f"nested more than {deepest} levels deep", self.tokens[index + 1].start)
            before = token

    # From Python's tree to ours

    def node(self, tree: ast.expr) -> Node:
        match tree:
            case ast.Constant(value=int(index)):
                token = self.tokens[index]
                return Number(token.start, token.end, token.text)
            case ast.Name() | ast.Attribute():
                return self.name(tree)
            case ast.Call(func=ast.Name(id=name)):
                function, arguments = self.tokens[int(name[1:])], tuple(map(self.node, tree.args))
                closing = self.tokens[self.columns[(tree.end_col_offset or 0) - 1]]
                return Call(function.start, closing.end, function.text, arguments)
            case ast.UnaryOp():
                operand = self.node(tree.operand)
                start = self.tokens[self.columns[tree.col_offset]].start
                return Prefix(start, operand.end, _SIGNS[type(tree.op)], operand)
            case ast.BinOp():
                return self.chain(*_left_to_right(tree))
            case ast.Compare():
                return self.chain([tree.left, *tree.comparators], [_SIGNS[type(each)] for each in tree.ops])
            case ast.BoolOp():
                return self.chain(tree.values, [_SIGNS[type(tree.op)]] * (len(tree.values) - 1))
        raise ValueError(f"{type(tree).__name__} is not part of the grammar")

    def name(self, tree: ast.expr) -> Name:
        indices: list[int] = []
        while isinstance(tree, ast.Attribute):
            indices.append(int(tree.attr[1:]))
            tree = tree.value
        if not isinstance(tree, ast.Name):
            raise ValueError("only names have parts")
        indices = [int(tree.id[1:]), *reversed(indices)]
        parts = [self.tokens[index] for index in indices]
        following = self.tokens[indices[-1] + 1]
        return Name(parts[0].start, parts[-1].end, tuple(part.text for part in parts), following)

    def chain(self, operands: Sequence[ast.expr], signs: Sequence[str]) -> Chain:
        nodes = tuple(map(self.node, operands))
        return Chain(nodes[0].start, nodes[-1].end, nodes, tuple(signs))


def _may_begin(before: Token | None) -> bool:
    """Whether `not` may stand behind this token."""
    return before is None or before.kind == "word" or before.text in ("(", ",")


def _refusal(token: Token, opened: tuple[Token, Token | None] | None) -> str:
    """What is said of a token that cannot follow a value. opened: the last ( that is still open, and its function."""
    if opened is None:
        return "there is no ( for this )" if token.text == ")" else f"expected an operator or the end, not {token}"
    parenthesis, function = opened
    if function is not None:
        return f"expected , or ) in the arguments of {function.text}, not {token}"
    return f"expected ) for the ( at character {parenthesis.start + 1}, not {token}"


def _left_to_right(tree: ast.BinOp) -> tuple[list[ast.expr], list[str]]:
    """Operands and signs of a chain of operators of equal rank; long sums are as deep as long in Python's tree."""
    rank = _RANKS.get(_SIGNS[type(tree.op)])
    if rank is None:
        return [tree.left, tree.right], [_SIGNS[type(tree.op)]]
    operands, signs = list[ast.expr](), list[str]()
    left: ast.expr = tree
    while isinstance(left, ast.BinOp) and _RANKS.get(_SIGNS[type(left.op)]) == rank:
        operands.append(left.right)
        signs.append(_SIGNS[type(left.op)])
        left = left.left
    return [left, *reversed(operands)], signs[::-1]
