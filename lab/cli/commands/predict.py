"""`lab predict RUN FILE`: what a trained network says of new examples."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from lab.evaluation import Predictions

SHOWN = 20
"""So many rows are shown on a terminal."""


def command(
    run: Annotated[str, typer.Argument(help="The run's name, a unique beginning, latest, or a .safetensors file.")],
    file: Annotated[str, typer.Argument(metavar="FILE", help="New examples: CSV, Parquet, Excel, ARFF, JSON, NPZ, …")],
    out: Annotated[
        str | None,
        typer.Option(
            help="Write them to this file, by its ending: .csv, .json, .parquet; masks or drawn boxes to this folder."
        ),
    ] = None,
    variant: Annotated[str | None, typer.Option(help="The network of this variant; default: the best.")] = None,
    seed: Annotated[int | None, typer.Option(help="The network of this seed; default: the best.")] = None,
    words: Annotated[
        int, typer.Option(min=0, max=1000, help="Of texts: so many words that matter most, by leaving each out.")
    ] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="A list of blocks, as JSON.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace the file that is there.")] = False,
) -> None:
    """What a trained network says of each row of FILE: its class and probabilities, or values in the target's units.

    Columns are found by their names and prepared as in training; others, such as the target, are not looked at. Of
    images, FILE may be a folder; where every pixel has a class, the shares of the classes are told, and
    `--out FOLDER` writes the masks. Of objects, each box with its class and score is a row, `--out FILE.json` is what
    COCO's tools read as results, and `--out FOLDER` writes the images with the boxes drawn into them.
    Redirected, all rows are written as CSV. Sentences on what was found out go to stderr.
    """
    from lab.evaluation import model_of
    from lab.home import with_home
    from lab.store import Store

    with Store.open() as store:
        chosen = model_of(store, run, variant, seed)
    made = chosen.model.of_file(file, words=words)
    for sentence in (chosen.told, *made.notices):
        if sentence:
            print(sentence, file=sys.stderr)
    if out is not None:
        what = _write(made, with_home(out), force)
        print(f"Wrote {out}: {len(made):,} {what}{'s' * (len(made) != 1)}.")
    elif as_json:
        print(json.dumps(made.to_json(), ensure_ascii=False))
    elif not sys.stdout.isatty():
        sys.stdout.write(made.as_csv())
    else:
        _show(made)


def _write(made: Predictions, path: Path, force: bool) -> str:
    """Writes them; returns what one of them is called."""
    from lab.errors import BadInput, MissingExtra
    from lab.evaluation.masks import MaskPredictions
    from lab.evaluation.objects import ObjectPredictions
    from lab.store.files import write_atomically

    if isinstance(made, MaskPredictions | ObjectPredictions) and (path.suffix == "" or path.is_dir()):
        if path.exists() and not force and (not path.is_dir() or any(path.iterdir())):
            raise BadInput(f"{path} is there already and not empty: choose another with --out, or add --force.")
        made.write(path)
        return "mask" if isinstance(made, MaskPredictions) else "image"
    if (path.is_file() or path.is_dir()) and not force:  # a device, as /dev/stdout, is written to and not replaced
        raise BadInput(f"{path} exists already: choose another with --out, or replace it with --force.")
    ending = path.suffix.lower()
    if ending in (".csv", ".txt", ""):
        content = made.as_csv().encode()
    elif ending == ".json":
        content = (json.dumps(made.to_json(), ensure_ascii=False) + "\n").encode()
    elif ending == ".parquet":
        try:
            import pyarrow
            import pyarrow.parquet
        except ImportError:
            raise MissingExtra("Writing Parquet", "parquet") from None
        columns = zip(*made.records(), strict=True) if len(made) else [[] for _ in made.columns]
        table = pyarrow.table(dict(zip(made.columns, map(list, columns), strict=True)))
        stream = pyarrow.BufferOutputStream()
        pyarrow.parquet.write_table(table, stream)
        content = stream.getvalue().to_pybytes()
    else:
        raise BadInput(f"{path.name}: predictions are written as .csv, .json or .parquet.")
    try:
        write_atomically(path, content)
    except OSError as error:
        raise BadInput(f"{path} cannot be written: {error.strerror or error}.") from None
    return "prediction"


def _show(made: Predictions) -> None:
    from itertools import islice

    from lab.cli.columns import aligned
    from lab.evaluation.objects import ObjectPredictions

    # Of a series people want to know what comes next; of several, of each.
    records = made.latest(SHOWN) if made.of_later else list(islice(made.records(), SHOWN))
    rows = [[_cell(each) for each in row] for row in records]
    for line in aligned([made.columns, *rows], right=list(range(1, len(made.columns)))):
        print(line.rstrip())
    count = len(made) if made.asked is None or made.of_later else made.asked
    rest = (made.found.count if isinstance(made, ObjectPredictions) else count) - len(rows)
    if rest:
        which = "others" if made.series is not None else "rows before" if made.of_later else "more rows"
        print(f"… and {rest:,} {which}: --out FILE writes all of them.")


def _cell(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)
