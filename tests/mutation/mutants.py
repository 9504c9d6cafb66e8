"""Mutants: one small change to one expression or statement of a module, made on its syntax tree."""

from __future__ import annotations

import ast
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
}
NAMES = {
    "min": "max",
    "max": "min",
    "argmin": "argmax",
    "argmax": "argmin",
    "minimum": "maximum",
    "maximum": "minimum",
    "sum": "mean",
    "mean": "sum",
    "any": "all",
    "all": "any",
    "sorted": "list",
    "first": "last",
    "append": "extend",
}
"""Functions and methods that are easily taken for one another."""


@dataclass(frozen=True)
class Mutant:
    """One change. `source` is the whole module with it; `before` and `after` are the text of what was changed."""

    path: Path
    line: int
    kind: str
    before: str
    after: str
    source: str


def mutants(path: Path, lines: set[int]) -> list[Mutant]:
    """Every mutant of a module that changes one of these lines (numbered from 1)."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    annotations = {id(each) for node in ast.walk(tree) for root in _annotations(node) for each in ast.walk(root)}
    found = []
    for node, kind, change in _changes(tree):
        if node.lineno in lines and id(node) not in annotations:
            before = ast.unparse(node)
            take_back, after = change()
            found.append(Mutant(path, node.lineno, kind, before, after, ast.unparse(tree)))
            take_back()
    return found


def sample(candidates: Sequence[Mutant], count: int, seed: int) -> list[Mutant]:
    """So many of the candidates, drawn evenly over their files first: a long file is not asked more than its share."""
    generator = random.Random(seed)
    files: dict[Path, list[Mutant]] = {}
    for each in candidates:
        files.setdefault(each.path, []).append(each)
    for each in files.values():
        generator.shuffle(each)
    chosen: list[Mutant] = []
    while len(chosen) < count and any(files.values()):
        order = [path for path, waiting in files.items() if waiting]
        generator.shuffle(order)
        chosen += [files[path].pop() for path in order]
    return chosen[:count]


Change = Callable[[], tuple[Callable[[], None], str]]
"""Makes a change; returns what takes it back, and the text of what is there now."""


def _changes(tree: ast.AST) -> Iterator[tuple[ast.expr | ast.stmt, str, Change]]:
    """(node, kind of change, what makes it) for every possible change."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare) and type(node.ops[0]) in COMPARISONS:
            yield node, "comparison", _replaced(node, node.ops, 0, COMPARISONS[type(node.ops[0])]())
        elif isinstance(node, (ast.BinOp, ast.AugAssign)) and type(node.op) in OPERATORS and not _is_text(node):
            yield node, "operator", _replaced(node, vars(node), "op", OPERATORS[type(node.op)]())
        elif isinstance(node, ast.BoolOp):
            other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
            yield node, "and/or", _replaced(node, vars(node), "op", other)
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            yield node, "sign", _replaced(node, vars(node), "op", ast.UAdd())
        elif isinstance(node, ast.Constant) and type(node.value) in (int, bool, float):
            value = not node.value if isinstance(node.value, bool) else node.value + 1
            yield node, "constant", _replaced(node, vars(node), "value", value)
        elif isinstance(node, ast.Call):
            function, name = node.func, "attr" if isinstance(node.func, ast.Attribute) else "id"
            known = NAMES.get(getattr(function, name, ""))
            if known is not None:
                yield node, "function", _replaced(node, vars(function), name, known)
        elif isinstance(node, (ast.If, ast.IfExp, ast.While)):
            denied = ast.copy_location(ast.UnaryOp(ast.Not(), node.test), node.test)
            yield node.test, "condition", _replaced(denied, vars(node), "test", denied)
        for body in (getattr(node, "body", None), getattr(node, "orelse", None)):
            for index, statement in enumerate(body if isinstance(body, list) else ()):
                if _acts(statement):
                    nothing = ast.copy_location(ast.Pass(), statement)
                    yield statement, "statement left out", _replaced(nothing, body, index, nothing)


def _replaced(shown: ast.AST, holder: Any, key: Any, value: Any) -> Change:
    """A change of one item of a list, or of one attribute in a node's dictionary; `shown` is what the report shows."""

    def change() -> tuple[Callable[[], None], str]:
        before, holder[key] = holder[key], value
        return lambda: holder.__setitem__(key, before), ast.unparse(shown)

    return change


def _acts(statement: ast.stmt) -> bool:
    """Whether a statement only does something: a call, or an assignment to an attribute or an item."""
    if isinstance(statement, ast.Expr):
        return isinstance(statement.value, ast.Call)
    return isinstance(statement, ast.Assign) and isinstance(statement.targets[0], (ast.Attribute, ast.Subscript))


def _annotations(node: ast.AST) -> Iterator[ast.expr]:
    for name in ("annotation", "returns"):
        if isinstance(found := getattr(node, name, None), ast.expr):
            yield found


def _is_text(node: ast.BinOp | ast.AugAssign) -> bool:
    parts = (node.left, node.right) if isinstance(node, ast.BinOp) else (node.value,)
    return any(isinstance(each, ast.JoinedStr) or isinstance(getattr(each, "value", None), str) for each in parts)
