"""What expressions of plain code are (`kernels.targets.cuda.plain_code`), as LLVM IR and a type for numba."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types

from kernels.targets.cuda.code_generation import text_of
from kernels.targets.cuda.numba_cuda import part

_LONG, _BIT = ir.IntType(64), ir.IntType(1)
_SIGNS = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!="}
_FOLDED: dict[type, Callable[[int, int], int]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.FloorDiv: lambda a, b: a // b,
    ast.Mod: lambda a, b: a % b,
    ast.BitAnd: lambda a, b: a & b,
    ast.LShift: lambda a, b: a << b,
    ast.RShift: lambda a, b: a >> b,
}
_INSTRUCTIONS = {
    ast.Add: ("add", "fadd"),
    ast.Sub: ("sub", "fsub"),
    ast.Mult: ("mul", "fmul"),
    ast.Div: (None, "fdiv"),
    ast.FloorDiv: (None, None),
    ast.Mod: (None, None),
    ast.BitAnd: ("and_", None),
    ast.LShift: ("shl", None),
    ast.RShift: ("ashr", None),
}
_REGISTERS = {"threadIdx": "tid", "blockIdx": "ctaid", "blockDim": "ntid"}


class NotPlain(Exception):
    """Code is not as plain as it is said to be."""


@dataclass(frozen=True)
class Value:
    """A value and its type for numba."""

    kind: Any
    ir: Any


Found = Value | int | tuple[Any, ...] | Any
"""What an expression is: a value, a whole number that is written out, several of them, or what a name stands for."""


class Expressions:
    """Writes expressions at a place in a function of a program (`kernels.targets.cuda.plain_code.Program`).

    globals: what names stand for that are no variables
    variables: where they are
    """

    program: Any
    context: Any
    builder: ir.IRBuilder
    globals: dict[str, Any]
    variables: dict[str, Value]

    def _find(self, node: ast.expr) -> Found:
        match node:
            case ast.Constant(bool(value)):
                return Value(types.boolean, _BIT(value))
            case ast.Constant(int(value)):
                return value
            case ast.Name(name) if name in self.variables:
                return Value(self.variables[name].kind, self.builder.load(self.variables[name].ir))
            case ast.Name(name):
                return self._global(name)
            case ast.Attribute(ast.Attribute(ast.Name("cuda"), group), axis):
                registers = part("nvvmutils").SRegBuilder(self.builder)
                return Value(types.int32, getattr(registers, _REGISTERS[group])(axis))
            case ast.Tuple(elements):
                return tuple(self._find(each) for each in elements)
            case ast.UnaryOp(ast.USub(), ast.Constant(int(value))):
                return -value
            case ast.BinOp(left, operator, right):
                return self._combine(operator, self._find(left), self._find(right))
            case ast.BoolOp(operator, nodes):
                first, *others = [self._truth(self._find(each)) for each in nodes]
                combine = self.builder.and_ if isinstance(operator, ast.And) else self.builder.or_
                for each in others:
                    first = combine(first, each)
                return Value(types.boolean, first)
            case ast.Compare(left, [operator], [right]):
                return self._compare(_SIGNS[type(operator)], self._find(left), self._find(right))
            case ast.IfExp(test, first, second):
                wanted = self._truth(self._find(test))
                a, b = self._alike(self._find(first), self._find(second))
                return Value(a.kind, self.builder.select(wanted, a.ir, b.ir))
            case ast.Subscript(where, index):
                kind, place = self._place(self._find(where), self._find(index))
                return Value(kind, self.builder.load(place))
            case ast.Call(called, arguments, []):
                return self._call(called, [self._find(each) for each in arguments])
        raise NotPlain(ast.unparse(node))

    def _global(self, name: str) -> Found:
        found = self.globals.get(name)
        if isinstance(found, np.floating):
            kind = types.float32 if isinstance(found, np.float32) else types.float64
            return Value(kind, self.context.get_constant(kind, found))
        if found is None:
            raise NotPlain(name)
        return found

    def _combine(self, operator: ast.operator, left: Found, right: Found) -> Found:
        way = type(operator)
        if way not in _INSTRUCTIONS:
            raise NotPlain(way.__name__)
        if way in _FOLDED and isinstance(left, int) and isinstance(right, int):
            return _FOLDED[way](left, right)
        a, b = self._alike(left, right)
        if way in (ast.FloorDiv, ast.Mod) and isinstance(right, int) and right > 0 and right & (right - 1) == 0:
            by_bits = self.builder.ashr if way is ast.FloorDiv else self.builder.and_
            return Value(a.kind, by_bits(a.ir, a.ir.type(right.bit_length() - 1 if way is ast.FloorDiv else right - 1)))
        if way in (ast.FloorDiv, ast.Mod):
            return self._divided(way is ast.Mod, a, b)
        name = _INSTRUCTIONS[way][a.kind in types.real_domain]
        if name is None:
            raise NotPlain(way.__name__)
        return Value(a.kind, getattr(self.builder, name)(a.ir, b.ir))

    def _divided(self, rest: bool, a: Value, b: Value) -> Value:
        """By a positive number; the quotient is rounded down, as Python does it."""
        left = self.builder.srem(a.ir, b.ir)
        below = self.builder.icmp_signed("<", left, left.type(0))
        if rest:
            return Value(a.kind, self.builder.select(below, self.builder.add(left, b.ir), left))
        whole = self.builder.sdiv(a.ir, b.ir)
        return Value(a.kind, self.builder.select(below, self.builder.sub(whole, whole.type(1)), whole))

    def _compare(self, sign: str, left: Found, right: Found) -> Value:
        a, b = self._alike(left, right)
        if a.kind not in types.real_domain:
            return Value(types.boolean, self.builder.icmp_signed(sign, a.ir, b.ir))
        compare = self.builder.fcmp_unordered if sign == "!=" else self.builder.fcmp_ordered
        return Value(types.boolean, compare(sign, a.ir, b.ir))

    def _place(self, where: Any, index: Found) -> tuple[Any, Any]:
        """The type of an element, and where it is."""
        first = where.ir
        if isinstance(where.kind, types.Array):
            first = part("np.arrayobj").make_array(where.kind)(self.context, self.builder, first).data
        number = self._as(index, None)
        return where.kind.dtype, self.builder.gep(first, [self._as(number, types.int64).ir])

    # Calls

    def _call(self, called: ast.expr, given: list[Found]) -> Found:
        match called:
            case ast.Name("min" | "max" as name) if name not in self.globals:
                a, b = self._alike(*given)
                first = self._compare("<" if name == "min" else ">", a, b)
                return Value(a.kind, self.builder.select(first.ir, a.ir, b.ir))
            case ast.Attribute(ast.Name("cuda"), "syncthreads"):
                kind = ir.FunctionType(ir.VoidType(), [])
                barrier = part("cgutils").get_or_insert_function(self.program.module, kind, "llvm.nvvm.barrier0")
                return self.builder.call(barrier, [])
        function = self._find(called)
        arguments = [self._argument(each) for each in given]
        kinds, values = tuple(each.kind for each in arguments), [each.ir for each in arguments]
        if isinstance(function, part("extending")._Intrinsic):
            signature, generate = function._defn(self.context.typing_context, *kinds)
            return Value(signature.return_type, generate(self.context, self.builder, signature, values))
        if not isinstance(function, part("dispatcher").CUDADispatcher):
            raise NotPlain(ast.unparse(called))
        if text_of(function.py_func) is not None:
            return self.builder.call(self.program.function(function, kinds), values)
        compiled = function.compile_device(kinds)
        self.program.libraries.append(compiled.library)
        described, returns = compiled.fndesc, compiled.signature.return_type
        callee = described.declare_function(self.program.module)
        _, found = described.call_conv.call_function(self.builder, callee, returns, kinds, values)
        return Value(returns, found)

    def _argument(self, found: Found) -> Value:
        if isinstance(found, tuple):  # a shape
            parts = [self._as(each, types.int32) for each in found]
            kind = types.UniTuple(types.int32, len(parts))
            return Value(kind, self.context.make_tuple(self.builder, kind, [each.ir for each in parts]))
        return Value(types.int64, _LONG(found)) if isinstance(found, int) else self._as(found, None)

    # Types

    def _parts(self, found: Found) -> Sequence[Found]:
        if isinstance(found, tuple):
            return found
        if isinstance(found, Value) and isinstance(found.kind, types.BaseTuple):
            kinds: Any = found.kind
            return [Value(kind, self.builder.extract_value(found.ir, at)) for at, kind in enumerate(kinds)]
        raise NotPlain("what is not several values is given to several names")

    def _alike(self, left: Found, right: Found) -> tuple[Value, Value]:
        """Two values as ones of the same type."""
        kinds = [each.kind for each in (left, right) if isinstance(each, Value)]
        kind = types.int64 if types.int64 in kinds and types.int32 in kinds else kinds[0] if kinds else types.int32
        return self._as(left, kind), self._as(right, kind)

    def _as(self, found: Found, kind: Any) -> Value:
        """A value as one of a type; None: of its own."""
        if isinstance(found, int):
            kind = kind or types.int32
            if kind in (types.int32, types.int64):
                return Value(kind, self.context.get_value_type(kind)(found))
        elif isinstance(found, Value):
            if kind is None or found.kind == kind:
                return found
            if (found.kind, kind) == (types.int32, types.int64):
                return Value(kind, self.builder.sext(found.ir, _LONG))
        raise NotPlain(f"{getattr(found, 'kind', found)} where {kind} is needed")

    def _truth(self, found: Found) -> Any:
        return self._as(found, types.boolean).ir
