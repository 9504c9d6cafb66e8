"""Generated code whose types can be read off as it goes: LLVM IR of it in one pass, without numba's inference.

What is made for a network (the walk over its rows, and a product for each shape) is Python text for the simulator's
sake, and numba took most of the time until a new network's first step for it. It is plain: whole numbers of 32 bits
unless they come from something of 64, a variable keeps the type of what it is given first, ranges go up, and both sides
of `and`, `or` and of a choice may be computed. What it calls is numba's: intrinsics, and functions that are kept
(`kernels.targets.cuda.kept_functions`).
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from llvmlite import ir
from numba import types

from kernels.targets.cuda.code_generation import text_of
from kernels.targets.cuda.numba_cuda import part
from kernels.targets.cuda.plain_expressions import Expressions, Found, NotPlain, Value

_NUMBERS = (types.Number, types.Boolean)


@dataclass
class Program:
    """An entry, the plain functions it calls, and the libraries of what they call beside."""

    module: ir.Module
    context: Any
    libraries: list[Any] = field(default_factory=list)
    functions: dict[Any, ir.Function] = field(default_factory=dict)

    def function(self, dispatcher: Any, kinds: tuple[Any, ...]) -> ir.Function:
        """A plain function for arguments of these types; it returns nothing."""
        key = (dispatcher, kinds)
        if key not in self.functions:
            given = [self.context.get_value_type(each) for each in kinds]
            name = f"plain_{len(self.functions)}"
            self.functions[key] = made = ir.Function(self.module, ir.FunctionType(ir.VoidType(), given), name)
            made.linkage = "internal"
            made.attributes.add("alwaysinline")
            _Writer(self, made, dispatcher.py_func, kinds).write()
        return self.functions[key]


def modules(entry: Callable[..., Any]) -> tuple[list[str], str]:
    """LLVM IR of a plain function of whole numbers of 64 bits as a kernel, and of what it calls; and its name."""
    context = part("descriptor").cuda_target.target_context
    program = Program(context.codegen()._create_empty_module("plain"), context)
    kinds = (types.int64,) * len(inspect.signature(entry).parameters)
    function = ir.Function(
        program.module, ir.FunctionType(ir.VoidType(), [ir.IntType(64)] * len(kinds)), entry.__name__
    )
    _Writer(program, function, entry, kinds).write()
    part("cudadrv.nvvm").set_cuda_kernel(function)
    return [str(program.module), *(str(each) for one in program.libraries for each in one.modules)], entry.__name__


KINDS = {
    "i": types.int32,
    "l": types.int64,
    "I": types.CPointer(types.int32),
    "f": types.CPointer(types.float32),
    "d": types.CPointer(types.float64),
}
"""Types of arguments by a letter: numbers of 32 and 64 bits, and pointers to numbers."""


def function_modules(function: Callable[..., Any], name: str, kinds: str) -> list[str]:
    """LLVM IR of a plain function that returns an int32, for others to call by a name, and of what it calls.

    kinds: of its arguments, a letter of `KINDS` for each
    """
    context = part("descriptor").cuda_target.target_context
    program = Program(context.codegen()._create_empty_module("plain"), context)
    known = tuple(KINDS[each] for each in kinds)
    given = [context.get_value_type(each) for each in known]
    made = ir.Function(program.module, ir.FunctionType(ir.IntType(32), given), name)
    made.linkage = "linkonce_odr"
    made.attributes.add("alwaysinline")
    _Writer(program, made, function, known).write()
    return [str(program.module), *(str(each) for one in program.libraries for each in one.modules)]


class _Writer(Expressions):
    """Writes one function."""

    def __init__(self, program: Program, made: ir.Function, source: Any, kinds: tuple[Any, ...]) -> None:
        self.program, self.context, self.made = program, program.context, made
        text = text_of(source)
        if text is None:
            raise NotPlain(source.__name__)
        (self.definition,) = ast.parse(textwrap.dedent(text)).body
        self.globals = source.__globals__
        self.kinds = kinds
        self.variables: dict[str, Value] = {}
        self.loops: list[tuple[ir.Block, ir.Block]] = []

    def write(self) -> None:
        """Write all of it."""
        definition: Any = self.definition
        entry = self.made.append_basic_block("entry")
        body = self.made.append_basic_block("body")
        ir.IRBuilder(entry).branch(body)
        self.builder = ir.IRBuilder(body)
        for argument, value, kind in zip(definition.args.args, self.made.args, self.kinds, strict=True):
            self._assign(argument.arg, Value(kind, value))
        self._all(definition.body)
        if not self.builder.block.is_terminated:
            self.builder.ret_void()

    # Statements

    def _all(self, statements: Sequence[ast.stmt]) -> None:
        for each in statements:
            self._statement(each)
            if self.builder.block.is_terminated:
                break

    def _statement(self, node: ast.stmt) -> None:
        match node:
            case ast.Assign([target], value):
                self._give(target, self._find(value))
            case ast.AugAssign(ast.Name() as target, operator, value):
                self._give(target, self._combine(operator, self._find(ast.Name(target.id)), self._find(value)))
            case ast.Expr(ast.Call() as call):
                self._find(call)
            case ast.If():
                self._if(node)
            case ast.For(ast.Name(name), ast.Call(ast.Name("range"), arguments), body):
                self._for(name, [self._find(each) for each in arguments], body)
            case ast.While(ast.Constant(True), body):
                again, behind = self._blocks("again", "behind")
                self.builder.branch(again)
                self._round(again, again, behind, body)
                self._at(behind)
            case ast.Break():
                self.builder.branch(self.loops[-1][1])
            case ast.Continue():
                self.builder.branch(self.loops[-1][0])
            case ast.Return(None):
                self.builder.ret_void()
            case ast.Return(value) if value is not None:
                self.builder.ret(self._as(self._find(value), types.int32).ir)
            case ast.Pass():
                pass
            case _:
                raise NotPlain(ast.unparse(node))

    def _blocks(self, *names: str) -> list[ir.Block]:
        return [self.made.append_basic_block(each) for each in names]

    def _at(self, block: ir.Block) -> None:
        """Go on in a block, which stands behind what was written until now, as in the text."""
        self.made.blocks.remove(block)
        self.made.blocks.append(block)
        self.builder.position_at_end(block)

    def _if(self, node: ast.If) -> None:
        wanted = self._truth(self._find(node.test))
        then, otherwise, behind = self._blocks("then", "otherwise", "behind")
        self.builder.cbranch(wanted, then, otherwise)
        for block, body in ((then, node.body), (otherwise, node.orelse)):
            self._at(block)
            self._all(body)
            if not self.builder.block.is_terminated:
                self.builder.branch(behind)
        self._at(behind)

    def _for(self, name: str, given: list[Found], body: Sequence[ast.stmt]) -> None:
        first, behind_last, step = ([0, *given, 1] if len(given) == 1 else [*given, 1])[:3]
        kind = types.int64 if any(isinstance(each, Value) and each.kind == types.int64 for each in given) else None
        number, end, by = (self._as(each, kind or types.int32) for each in (first, behind_last, step))
        place = self._slot(number.kind, name)
        self.builder.store(number.ir, place)
        test, within, following, behind = self._blocks("test", "within", "following", "behind")
        self.builder.branch(test)
        self._at(test)
        now = self.builder.load(place)
        self.builder.cbranch(self.builder.icmp_signed("<", now, end.ir), within, behind)
        self._at(within)
        self._assign(name, Value(number.kind, now))
        self._round(within, following, behind, body)
        self._at(following)
        self.builder.store(self.builder.add(self.builder.load(place), by.ir), place)
        self.builder.branch(test)
        self._at(behind)

    def _round(self, begin: ir.Block, following: ir.Block, behind: ir.Block, body: Sequence[ast.stmt]) -> None:
        self._at(begin)
        self.loops.append((following, behind))
        self._all(body)
        self.loops.pop()
        if not self.builder.block.is_terminated:
            self.builder.branch(following)

    def _give(self, target: ast.expr, found: Found) -> None:
        match target:
            case ast.Name(name):
                self._assign(name, found)
            case ast.Tuple(targets):
                for each, value in zip(targets, self._parts(found), strict=True):
                    self._give(each, value)
            case ast.Subscript(where, index):
                kind, place = self._place(self._find(where), self._find(index))
                self.builder.store(self._as(found, kind).ir, place)
            case _:
                raise NotPlain(ast.unparse(target))

    def _assign(self, name: str, found: Found) -> None:
        known = self.variables.get(name)
        value = self._as(found, known.kind if known is not None and isinstance(known.kind, _NUMBERS) else None)
        if known is None or value.kind != known.kind:  # a view of another shape, for what follows
            self.variables[name] = Value(value.kind, self._slot(value.kind, name))
        self.builder.store(value.ir, self.variables[name].ir)

    def _slot(self, kind: Any, name: str) -> Any:
        with self.builder.goto_entry_block():
            return self.builder.alloca(self.context.get_value_type(kind), name=name)
