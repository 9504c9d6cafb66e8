"""Loops over a thread's share of the work, counted in turns, so that the compiler knows how long they are.

`for i in range(thread, n, threads)` begins at another number for each thread, and no compiler can say how often it goes
round, even where n and threads are known. The same loop as turns of the whole thread group, in the last of which some
threads may have nothing to do, has a length that is known, and the compiler writes it out if it is short.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable
from types import FunctionType
from typing import Any


def with_counted_loops(function: Callable) -> FunctionType:
    """Return the same function with such loops counted; itself if it has none, or if its text cannot be read."""
    assert isinstance(function, FunctionType)
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except OSError:  # generated code is written as it is to be
        return function
    definition = tree.body[0]
    loops = _Loops()
    loops.visit(definition)
    if not loops.count or not isinstance(definition, ast.FunctionDef) or function.__closure__:
        return function
    definition.decorator_list, definition.returns = [], None
    for argument in definition.args.args:
        argument.annotation = None
    names: dict[str, Any] = {}
    exec(compile(ast.unparse(tree), f"<counted {function.__name__}>", "exec"), names)
    code = names[definition.name].__code__
    made = FunctionType(code, function.__globals__, function.__name__, function.__defaults__)
    made.__module__, made.__doc__ = function.__module__, function.__doc__
    return made


class _Loops(ast.NodeTransformer):
    """Rewrites `for i in range([first +] thread, stop, threads)`."""

    def __init__(self) -> None:
        self.count = 0

    def visit_For(self, node: ast.For) -> Any:
        self.generic_visit(node)
        match node.iter:
            case ast.Call(ast.Name("range"), [start, stop, ast.Name("threads")]):
                first = _without_thread(start)
            case _:
                return node
        if first is None or not isinstance(node.target, ast.Name):
            return node
        number, self.count = self.count, self.count + 1
        lines = f"""
first_{number} = {first}
stop_{number} = {ast.unparse(stop)}
for turn_{number} in range((stop_{number} - first_{number} + threads - 1) // threads):
    {node.target.id} = first_{number} + turn_{number} * threads + thread
    if {node.target.id} < stop_{number}:
        pass
"""
        made = ast.parse(lines).body
        loop: Any = made[-1]
        loop.body[-1].body = node.body
        return made


def _without_thread(start: ast.expr) -> str | None:
    """What stands before `+ thread`, "0" if nothing does; None if the loop begins in another way."""
    match start:
        case ast.Name("thread"):
            return "0"
        case ast.BinOp(first, ast.Add(), ast.Name("thread")):
            return ast.unparse(first)
    return None
