"""`lab data`: what the lab understands of a file with data; which sets there are, and fetching those that are not."""

from __future__ import annotations

import dataclasses
import json
import shlex
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lab.errors import BadInput, capitalised
from lab.home import with_home

if TYPE_CHECKING:
    from lab.data.looking import ColumnFound, FileFound


class Action(StrEnum):
    """What can be done with data."""

    show = "show"
    list = "list"
    get = "get"
    add = "add"
    path = "path"


def command(
    action: Annotated[
        Action, typer.Argument(metavar="show|list|get|add|path", help="What to do; see the examples below.")
    ],
    what: Annotated[
        str | None,
        typer.Argument(
            metavar="[FILE|NAME]", help="CSV, Parquet, Excel, ARFF, JSON, NPZ, a folder of images; or a set's name."
        ),
    ] = None,
    source: Annotated[
        str | None, typer.Argument(metavar="[PATH]", help="Of `add`: the folder or archive that has the set.")
    ] = None,
    change: Annotated[
        list[str], typer.Option("--set", help="An option of the data block: header=false, target=kind. Repeatable.")
    ] = [],  # noqa: B006 - Typer copies it
    as_yaml: Annotated[bool, typer.Option("--yaml", help="Only a scenario that reads the file, to be run.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> int:
    """What is understood of a file: each column's type, range, gaps and examples, and the block that would read it; of
    a folder of images, their classes or masks, and their sizes.

    `lab data show table.csv --yaml > mine.yaml` writes a scenario; `lab run mine.yaml` runs it.

    `lab data list` names the sets there are, `lab data get mnist` downloads one that does not come with the lab,
    `lab data add cifar-10 cifar-10-binary.tar.gz` takes it from a folder or an archive, `lab data path` says where
    they are.
    """
    from lab.cli.data_sets import do

    if action is not Action.show:
        return do(action.value, what, source)
    if what is None or source is not None:
        raise BadInput("`lab data show` takes one file: lab data show table.csv.")
    return _show(what, change, as_yaml, as_json)


def _show(file: str, change: list[str], as_yaml: bool, as_json: bool) -> int:
    from lab.data.looking import as_yaml as yaml_of
    from lab.data.looking import look
    from lab.errors import InvalidValue
    from lab.scenario import parse_settings
    from lab.scenario.starters import TASKS, from_data
    from lab.terminal import detect
    from lab.terminal.output import Output

    if with_home(file).is_dir():
        return _show_folder(file, change, as_yaml, as_json)
    try:
        found = look(file, parse_settings(change))
    except InvalidValue as error:
        message = error.message if error.path in (("csv",), ("table",), ("npz",)) else str(error)
        raise BadInput(capitalised(message)) from None
    if as_json:
        content = dataclasses.asdict(found) | {"path": str(found.path), "task": TASKS[found.kind]}
        print(json.dumps(content, ensure_ascii=False, allow_nan=False))
    elif as_yaml:
        if found.problem:
            raise BadInput(capitalised(found.problem))
        title = f"{found.path.name}: {found.target}"
        sys.stdout.write(yaml_of(from_data("One network", found.block, found.kind, title, found.rows, found.rare)))
    else:
        output = Output(sys.stdout, detect(sys.stdout).unicode)
        words = ["lab", "data", "show", file, *(word for each in change for word in ("--set", each))]
        for line in _lines(found, shlex.join(words)):
            output.line(line)
    return 2 if found.problem else 0


def _show_folder(folder: str, change: list[str], as_yaml: bool, as_json: bool) -> int:
    """Of a folder with images."""
    from lab.data.looking import as_yaml as yaml_of
    from lab.data.looking_at_images import look_at_folder
    from lab.errors import InvalidValue
    from lab.scenario import parse_settings
    from lab.scenario.starters import from_images

    try:
        found = look_at_folder(folder, parse_settings(change))
    except InvalidValue as error:
        message = error.message if error.path == ("images",) else str(error)
        raise BadInput(capitalised(message)) from None
    name = Path(folder).absolute().name
    if as_json:
        print(json.dumps(dataclasses.asdict(found) | {"path": str(found.path)}, ensure_ascii=False, allow_nan=False))
    elif as_yaml:
        sys.stdout.write(yaml_of(from_images(found.block, found.task, name, found.train)))
    else:
        command = shlex.join(["lab", "data", "show", folder, *(word for each in change for word in ("--set", each))])
        mine = shlex.quote(f"{name or 'mine'}.yaml")
        for line in (*found.told, "", f"task: {found.task}", *yaml_of({"data": found.block}).splitlines()):
            print(line)
        print(f"\n`{command} --yaml > {mine}` writes a scenario, `lab run {mine}` runs it.")
    return 0


def _lines(found: FileFound, command: str) -> list[str]:
    from lab.cli.columns import aligned
    from lab.data.looking import as_yaml as yaml_of
    from lab.scenario.starters import TASKS

    columns = f"{len(found.columns):,} {'array' if found.arrays else 'column'}"
    lines = [
        f"{found.path.name}: {found.format}",
        f"{found.rows:,} row{'s' * (found.rows != 1)}, {columns}{'s' * (len(found.columns) != 1)}",
        *found.notices,
        "",
    ]
    table = [["column", "type", "values", "missing", "examples"]]
    table += [
        [each.name, each.kind, each.range, f"{each.missing:,}" * bool(each.missing), _remark(each)]
        for each in found.columns
    ]
    lines += [line.rstrip() for line in aligned(table, right=[3])]
    lines += ["", *[each for each in found.story if each not in found.notices], *found.hints]
    if found.problem:
        lines.append(f"It cannot be read like this: {found.problem}")
    if found.block:
        lines += ["", f"task: {TASKS[found.kind]}", *yaml_of({"data": found.block}).splitlines()]
    if found.block and not found.problem:
        mine = shlex.quote(f"{found.path.name.split('.')[0] or 'mine'}.yaml")
        lines += ["", f"`{command} --yaml > {mine}` writes a scenario, `lab run {mine}` runs it."]
    return lines


def _remark(column: ColumnFound) -> str:
    told = ", ".join(column.examples)
    if column.left_out:
        return f"{told}  (left out: {column.left_out})"
    return f"{told}  ({column.problem})" if column.problem else told
