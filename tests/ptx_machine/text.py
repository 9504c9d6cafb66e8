"""PTX as its compiler writes it, read into functions of straight pieces of instructions."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

BYTES = {"8": 1, "16": 2, "32": 4, "64": 8}
MEETINGS = ("bar", "barrier", "shfl")
"""Instructions at which threads wait for each other."""
ENDINGS = ("bra", "ret", "exit")


class NotUnderstood(Exception):
    """PTX that the machine does not know; names it."""


@dataclass(frozen=True, slots=True)
class Instruction:
    """guard: the predicate without which it does nothing; `!` before it negates"""

    line: int
    name: str
    operands: tuple[str, ...]
    guard: str = ""

    @property
    def kind(self) -> str:
        return self.name.partition(".")[0]

    @property
    def type(self) -> str:
        """That of its result, or of what it compares or stores."""
        return self.name.rpartition(".")[2]

    @property
    def modifiers(self) -> list[str]:
        return self.name.split(".")[1:]


@dataclass(frozen=True)
class Variable:
    """Memory with a name. initial: its first bytes, as a program finds them"""

    name: str
    space: str
    size: int
    initial: bytes = b""


@dataclass
class Piece:
    """Instructions that run one after the other. It ends where something jumps, jumps to, or meets; `guarded` is the
    predicate without which this piece is left out."""

    label: str
    instructions: list[Instruction] = field(default_factory=list)
    guarded: str = ""


@dataclass
class Function:
    """parameters, results: sizes in bytes by name. registers: types by name, or by the beginning of a numbered name"""

    name: str
    entry: bool
    results: dict[str, int]
    parameters: dict[str, int]
    registers: dict[str, str] = field(default_factory=dict)
    variables: list[Variable] = field(default_factory=list)
    passed: dict[str, int] = field(default_factory=dict)
    pieces: list[Piece] = field(default_factory=list)

    def type_of(self, register: str) -> str:
        found = self.registers.get(register) or self.registers.get(register.rstrip("0123456789"))
        if found is None:
            raise NotUnderstood(f"{self.name} declares no register {register}")
        return found


@dataclass
class Program:
    """Everything in one text."""

    lines: list[str]
    functions: list[Function] = field(default_factory=list)
    variables: list[Variable] = field(default_factory=list)

    @property
    def entry(self) -> Function:
        (found,) = (each for each in self.functions if each.entry)
        return found


_HEADING = re.compile(
    r"\.(?P<kind>entry|func)\s*(?:\((?P<results>[^)]*)\))?\s*(?P<name>[\w$]+)\s*(?:\((?P<parameters>[^)]*)\))?"
)
_VARIABLE = re.compile(
    r"(?:\.\w+\s+)*?\.(?P<space>global|const|shared|local|param)\s+(?:\.align\s+\d+\s+)?\.[a-z]+(?P<bits>\d+)\s+"
    r"(?P<name>[\w$]+)(?:\[(?P<count>\d*)\])?(?:\s*=\s*\{(?P<initial>[^}]*)\})?"
)
_OPERAND = re.compile(r"\{[^}]*\}|\[[^\]]*\]|\([^)]*\)|[^\s,][^,]*")
_NAME = re.compile(r"[%\w$]+")


def read(ptx: str) -> Program:
    """The program that a text describes."""
    program = Program(ptx.splitlines())
    statements = _statements(program.lines)
    for line, statement in statements:
        if heading := _HEADING.search(statement):
            if not statement.endswith(";"):
                program.functions.append(_function(heading, statements))
        elif found := _variable(statement, line):
            program.variables.append(found)
    return program


def _statements(lines: list[str]):
    """Each statement with its line: one ends with `;`, or is a label, a brace, or a function's heading."""
    waiting, begun = "", 0
    for number, line in enumerate(lines, 1):
        text = line.partition("//")[0].strip()
        if not text or text.startswith((".version", ".target", ".address_size", "$L__tmp")):
            continue
        if text in ("{", "}"):
            if waiting:
                yield begun, waiting
                waiting = ""
            yield number, text
            continue
        if not waiting:
            begun = number
        waiting = f"{waiting} {text}".strip()
        if waiting.endswith((";", ":")):
            yield begun, waiting
            waiting = ""


def _variable(statement: str, line: int) -> Variable | None:
    found = _VARIABLE.match(statement)
    if found is None:
        if statement.startswith((".pragma", ".extern .func")):
            return None
        raise NotUnderstood(f"line {line}: {statement}")
    initial = b"".join(
        int(each).to_bytes(BYTES[found["bits"]], "little") for each in (found["initial"] or "").split(",") if each
    )
    count = found["count"]
    size = BYTES[found["bits"]] * (1 if count is None else int(count or 0))
    return Variable(found["name"], found["space"], size, initial)


def _sizes(text: str | None) -> dict[str, int]:
    found = (_variable(each.strip(), 0) for each in (text or "").split(",") if each.strip())
    return {each.name: each.size for each in found if each is not None}


def _function(heading: re.Match[str], statements) -> Function:
    function = Function(
        heading["name"], heading["kind"] == "entry", _sizes(heading["results"]), _sizes(heading["parameters"])
    )
    pieces = _Pieces(function)
    scopes: list[dict[str, str]] = []
    for line, statement in statements:
        if statement == "{":
            scopes.append({})
        elif statement == "}":
            scopes.pop()
            if not scopes:
                break
        elif statement.endswith(":"):
            pieces.begin(statement[:-1])
        elif statement.startswith("."):
            _declare(function, statement, line, scopes)
        else:
            pieces.add(_instruction(statement, line, scopes))
    return function


class _Pieces:
    """Cuts a function's instructions into pieces."""

    def __init__(self, function: Function) -> None:
        self._pieces = function.pieces
        self.begin("")

    def begin(self, label: str = "", guarded: str = "") -> None:
        self._pieces.append(Piece(label or f"piece {len(self._pieces)}", guarded=guarded))

    def add(self, instruction: Instruction) -> None:
        ending = instruction.kind in ENDINGS
        apart = bool(instruction.guard) and instruction.kind != "bra"
        if apart:
            self.begin(guarded=instruction.guard)
        self._pieces[-1].instructions.append(instruction)
        if ending or apart or instruction.kind in MEETINGS:
            self.begin()


def _declare(function: Function, statement: str, line: int, scopes: list[dict[str, str]]) -> None:
    """Note registers and memory that a function declares; a name of an inner scope is made the function's own."""
    if not statement.startswith(".reg"):
        found = _variable(statement[:-1], line)
        if found is None:
            return
        if found.space != "param":
            function.variables.append(found)
            return
        scopes[-1][found.name] = own = f"{found.name}.{line}"
        function.passed[own] = found.size
        return
    _, kind, names = statement[:-1].split(maxsplit=2)
    for name in names.split(","):
        name = name.strip().partition("<")[0]
        own = name
        if len(scopes) > 1:
            scopes[-1][name] = own = f"{name}.{line}"
        function.registers[own] = kind[1:]


def _instruction(statement: str, line: int, scopes: list[dict[str, str]]) -> Instruction:
    guard = ""
    text = statement[:-1].strip()
    if text.startswith("@"):
        guard, _, text = text[1:].partition(" ")
    name, _, rest = text.strip().partition(" ")
    if "\t" in name:
        name, _, rest = text.strip().partition("\t")
    renamed = {key: own for scope in scopes[1:] for key, own in scope.items()}
    if renamed:
        rest = _NAME.sub(lambda match: renamed.get(match[0], match[0]), rest)
    return Instruction(line, name, tuple(each.strip() for each in _OPERAND.findall(rest)), guard)
