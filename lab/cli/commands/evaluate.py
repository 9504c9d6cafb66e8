"""`lab evaluate RUN`: how good a trained network is on examples that it was not trained on."""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from typing import Annotated

import typer


class Part(StrEnum):
    """Which examples of a run."""

    validation = "validation"
    test = "test"
    train = "train"


def command(
    run: Annotated[str, typer.Argument(help="The run's name, a unique beginning, latest, or a .safetensors file.")],
    data: Annotated[
        str | None, typer.Option(help="A file with targets; default: the rows that the run held back.")
    ] = None,
    masks: Annotated[
        str | None, typer.Option(help="The folder with the masks of --data FOLDER; default: in it, as masks or beside.")
    ] = None,
    part: Annotated[Part, typer.Option(help="Which rows of the run.")] = Part.validation,
    by: Annotated[list[str], typer.Option(help="Also each group of this column. Repeatable.")] = [],  # noqa: B006 - Typer copies it
    against: Annotated[str | None, typer.Option(help="Another run, judged on the same rows: a paired test.")] = None,
    variant: Annotated[str | None, typer.Option(help="The network of this variant; default: the best.")] = None,
    seed: Annotated[int | None, typer.Option(help="The network of this seed; default: the best.")] = None,
    against_variant: Annotated[
        str | None, typer.Option(help="The variant to compare with; of the same run if --against is not given.")
    ] = None,
    worst: Annotated[int, typer.Option(min=0, max=1000, help="How many of the worst mistakes are shown.")] = 5,
    as_json: Annotated[bool, typer.Option("--json", help="All of it as JSON.")] = False,
) -> None:
    """How good a trained network is, beside a baseline that knows only the targets.

    Scores with 95 % intervals, precision and recall of each class, the confusion matrix, calibration, the worst
    mistakes with their rows, groups of a column, and another network on the same rows with a paired test.
    """
    from lab.cli.evaluation import USUAL_WIDTH, as_content, lines
    from lab.errors import BadInput
    from lab.evaluation import Chosen, model_of
    from lab.evaluation.against import compared
    from lab.evaluation.examples import Judged, of_file, of_run
    from lab.store import Store
    from lab.terminal import detect

    def judged(chosen: Chosen) -> Judged:
        if data is not None:
            return of_file(chosen.model, data, masks)
        if masks is not None:
            raise BadInput("--masks FOLDER says where the masks of the images in --data FOLDER are: give both.")
        if chosen.info is None:
            raise BadInput("a file of weights holds no examples: give some with --data FILE.")
        return of_run(chosen.model, chosen.info, chosen.variant, chosen.seed, part.value)

    with Store.open() as store:
        first = model_of(store, run, variant, seed)
        second = None
        if against is not None or against_variant is not None:
            second = model_of(store, against or run, against_variant, seed if against is None else None)
    found = judged(first)
    comparison = None
    if second is not None:
        comparison = compared(found.judgement, judged(second).judgement)
    groups = {name: found.judgement.by(found.groups(name)) for name in by}
    name, other = first.model.name, second.model.name if second is not None else ""
    for sentence in (first.told, *found.notices):
        if sentence:
            print(sentence, file=sys.stderr)
    if as_json:
        print(json.dumps(as_content(name, found, groups, comparison, other, worst), ensure_ascii=False))
        return
    width = detect(sys.stdout).width if sys.stdout.isatty() else USUAL_WIDTH
    for line in lines(name, found, groups, comparison, other, worst, width):
        print(line)
