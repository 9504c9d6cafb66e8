"""The program's commands as a table. A command's module is imported when it is called, and only then.

To add a command: a file `lab/cli/commands/<name>.py` with a function `command` (its signature is its options, its
docstring its help, its result the exit code, None for 0), and one line in the table.
"""

from __future__ import annotations

import re
import sys
from importlib import import_module, util
from typing import Any

import typer
from typer.core import TyperGroup

from lab import __version__
from lab.errors import nearest

COMMANDS: dict[str, dict[str, str]] = {
    "Scenarios": {
        "list": "All built-in scenarios, chapter by chapter.",
        "next": "Which lesson comes next, and about how long it takes.",
        "show": "One scenario: its lesson, question, variants and claims.",
        "check": "Validate scenario files.",
        "new": "Begin a scenario file of your own.",
        "explain": "What a layer, optimizer, metric, task or key is: formula, settings, example.",
        "schema": "The JSON Schema of scenario files, for editors.",
        "data": "Sets of data: list, get, add; what is understood of a file: `lab data show FILE`.",
    },
    "Running": {
        "tui": "Explore, guess, watch and steer, on screens; also `lab` alone.",
        "run": "Train all variants, live, then the verdict on each claim.",
        "resume": "Go on with a run that was interrupted.",
        "verify": "Check every claim on many seeds.",
        "sweep": "Search for good settings.",
        "diagnose": "Why a network does not learn: what is tried, and what mends it.",
    },
    "Kept runs": {
        "runs": "The runs that were kept, newest first.",
        "predict": "What a trained network says of new examples: `lab predict latest new.csv`.",
        "sample": "What a trained language model writes: `lab sample latest --primer KING`.",
        "evaluate": "How good a trained network is: scores, intervals, mistakes, comparisons.",
        "replay": "Show a stored run again.",
        "compare": "Runs side by side: curves, settings, final values.",
        "export": "Write a run's curves, weights or plots to a file.",
        "mark": "Tags, a note or another name for a kept run.",
        "rm": "Remove runs for good.",
    },
    "Under the hood": {
        "describe": "An architecture: layers, memory, and the plan of its training step.",
        "kernels": "The kernels: source, operations, measured speed.",
        "bench": "How fast the lab is here, beside installed peers.",
        "doctor": "What this machine and this installation have.",
    },
}
"""Section of the help to its commands, and each command to its one-line help."""

_SUMMARIES = {name: summary for section in COMMANDS.values() for name, summary in section.items()}


class UsageError(Exception):
    """The command line itself is wrong. sentence: what is wrong with it, and where to find help."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class LazyGroup(TyperGroup):
    """The commands of the table. Help is printed from the table, without importing any of them."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(_SUMMARIES)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in _SUMMARIES:
            raise UsageError(f"There is no command {cmd_name!r}: {nearest(cmd_name, _SUMMARIES)}.")
        module = import_module(f"lab.cli.commands.{cmd_name}")
        single = typer.Typer(add_completion=False, rich_markup_mode=None)
        single.command(cmd_name)(module.command)
        return typer.main.get_command(single)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        for title, commands in COMMANDS.items():
            with formatter.section(title):
                formatter.write_dl(list(commands.items()))


app = typer.Typer(
    cls=LazyGroup,
    add_completion=False,
    rich_markup_mode=None,  # rich would more than double the time of `lab --help`
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:
    if asked:
        print(f"backprop-lab {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def start(
    context: typer.Context,
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Show the version."),
) -> int:
    """A terminal lab for seeing why neural networks train or fail.

    SCENARIO is a built-in name, such as dead-relu, or the path of a file. `lab COMMAND --help` explains a command.
    """
    if context.invoked_subcommand is not None:
        return 0
    if sys.stdin.isatty() and sys.stdout.isatty() and util.find_spec("lab.tui"):
        return execute(["tui"])
    print(context.get_help())
    return 0


def execute(arguments: list[str]) -> int:
    """Runs one command line and returns its exit code. Raises UsageError, LabError or whatever the command raises."""
    group = typer.main.get_command(app)
    try:
        with group.make_context("lab", arguments) as context:
            code = group.invoke(context)
    except typer.Exit as exit_:
        return exit_.exit_code
    except typer.Abort:
        raise KeyboardInterrupt from None
    except _WRONG_USAGE as error:
        raise UsageError(_sentence(error)) from None
    return code if isinstance(code, int) else 0


# The class of usage errors is click's or Typer's own copy of it, depending on Typer's version.
_WRONG_USAGE: Any = typer.BadParameter.__mro__[1]


_TOO_MANY = re.compile(r"Got unexpected extra arguments? ?(?:\(s\) )?\((.+)\)\.?$")


def _sentence(error: Any) -> str:
    message = " ".join(error.format_message().split())
    if more := _TOO_MANY.match(message):
        message = f"There is one word too many: {more[1]}" if " " not in more[1] else f"These are too many: {more[1]}"
    message = message if message.endswith((".", "?", "!")) else f"{message}."
    context = error.ctx
    return f"{message} See `{context.command_path} --help`." if context else message
