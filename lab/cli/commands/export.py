"""`lab export`: a stored run in the format of another program."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from lab.exports.selection import Selection
    from lab.store import RunInfo


def command(
    run: Annotated[str, typer.Argument(help="The run's name, a unique beginning of it, or latest.")],
    format: Annotated[
        str | None,
        typer.Option(
            help="csv, json, parquet, tensorboard, safetensors, torch, onnx, txt, png, svg, html; by --out's ending."
        ),
    ] = None,
    out: Annotated[
        str | None, typer.Option(help="File or folder; - is stdout, for text. Default: the run's name here.")
    ] = None,
    variant: Annotated[list[str], typer.Option(help="Only this variant. Repeatable.")] = [],  # noqa: B006 - Typer copies it
    seed: Annotated[list[int], typer.Option(help="Only this seed. Repeatable.")] = [],  # noqa: B006
    metric: Annotated[list[str], typer.Option(help="Only this metric, such as loss. Repeatable.")] = [],  # noqa: B006
    scaling: Annotated[
        bool,
        typer.Option("--scaling", help="Of onnx: take inputs as they stand in the data, and scale them."),
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace what is there.")] = False,
) -> None:
    """Write a run's curves, weights or plots to a file, or a report on it."""
    from dataclasses import replace

    from lab.exports import export, select
    from lab.store import Store

    with Store.open() as store:
        selection = select(store, run, variant, seed, metric)
        selection = replace(selection, guess=_guess(selection.info))
        target = export(selection, format or _by_ending(out), out, force, scaling)
    if target is not None:
        print(f"Wrote {target}.")
        if str(target).endswith(".onnx") and (told := _of_onnx(selection, scaling)):
            print(told, file=sys.stderr)


def _of_onnx(selection: Selection, scaling: bool) -> str:
    from lab.exports.onnx import in_words

    return in_words(selection, scaling)


def _guess(info: RunInfo) -> str | None:
    """What the reader answered to the run's question, if that is remembered: a built-in lesson goes by its name."""
    from lab.scenario.listing import slugs
    from lab.tui.progress import Progress

    path = Path(info.path).absolute() if info.path else None
    progress = Progress(warn=lambda sentence: print(sentence, file=sys.stderr))
    return progress.lesson(info.slug if path is None or slugs().get(info.slug) == path else str(path)).guess


def _by_ending(out: str | None) -> str:
    from lab.errors import BadInput
    from lab.exports import FORMATS

    ending = Path(out or "").suffix.removeprefix(".").lower()
    if ending not in FORMATS:
        raise BadInput(f"Choose a format with --format: {', '.join(FORMATS)}.")
    return ending
